/** Where images have their places: repositories below a base, and the sources that a run may read. */
import { type Key, ownTags } from "../image/key.ts";
import { below, type Repository } from "../oci/reference.ts";
import { triedTag } from "../oci/tags.ts";
import type { Situation } from "./situation.ts";

/** A registry base that a run reads, and the tags of a key that it believes there. */
export interface Source {
  readonly kind: "own" | "upstream";
  readonly base: Repository;
  /** The other project whose images its records may name. */
  readonly upstream: Repository | undefined;
  readonly tagsOf: (key: Key) => readonly string[];
}

/** The tag of a key or a set as this run writes it; one that is not trusted has names of its own. */
export function writtenTag({ trusted }: Pick<Situation, "trusted">, tag: string): string {
  return trusted ? tag : triedTag(tag);
}

/** The repository of an image below a base, by the configured template. */
export function repositoryOf(base: Repository, template: string, name: string): Repository {
  return below(base, template.replaceAll("{name}", name));
}

/**
 * The sources of a run in the order of looking: upstream before own, so that a fork runs on upstream's
 * images; own before upstream where the whole set is to be in the own registry (`classic`).
 *
 * Only an untrusted run reads what untrusted runs wrote (`try-`).
 */
export function sourcesOf(
  situation: Situation,
  reference: "each" | "set" | "classic",
): readonly Source[] {
  const tagsOf = (key: Key): readonly string[] =>
    situation.trusted ? [ownTags.key(key)] : [ownTags.key(key), triedTag(ownTags.key(key))];
  const own: Source[] =
    situation.own === undefined
      ? []
      : [{ kind: "own", base: situation.own, upstream: situation.upstream, tagsOf }];
  const upstream: Source[] =
    situation.upstream === undefined
      ? []
      : [
          {
            kind: "upstream",
            base: situation.upstream,
            upstream: undefined,
            tagsOf: (key) => [ownTags.key(key)],
          },
        ];
  return reference === "classic" ? [...own, ...upstream] : [...upstream, ...own];
}
