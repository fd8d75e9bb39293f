/** Where images have their places: repositories below a base, and the sources that a run may read. */
import { type Key, keyTag } from "../image/key.ts";
import { below, type Repository } from "../oci/reference.ts";
import { setTag } from "./record.ts";
import type { Situation } from "./situation.ts";

/** A registry base that a run reads, and the tags of a key that it believes there. */
export interface Source {
  readonly kind: "own" | "upstream";
  readonly base: Repository;
  readonly tagsOf: (key: Key) => readonly string[];
}

/** The tag of a key that an untrusted pipeline writes in upstream's registry. */
export function tryTag(key: Key): string {
  return `try-${key}`;
}

/** The tag under which this run keeps the image of a key. */
export function writtenTag(situation: Pick<Situation, "trusted">, key: Key): string {
  return situation.trusted ? keyTag(key) : tryTag(key);
}

/** The tag that this run gives to the images of a whole set; one that is not trusted has a name of its own. */
export function writtenSetTag(situation: Pick<Situation, "trusted">, setId: string): string {
  return situation.trusted ? setTag(setId) : `try-${setTag(setId)}`;
}

/** A tag of the images that one run refreshed, until they are promoted. */
export function ofGeneration(tag: string, generation: string): string {
  return `${tag}-${generation}`;
}

/** The name of what a pipeline refreshes; it is one run, whatever the number of its jobs. */
export function generationOfPipeline(pipeline: string): string {
  return `r${pipeline}`;
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
    situation.trusted ? [keyTag(key)] : [keyTag(key), tryTag(key)];
  const own: Source[] =
    situation.own === undefined ? [] : [{ kind: "own", base: situation.own, tagsOf }];
  const upstream: Source[] =
    situation.upstream === undefined
      ? []
      : [{ kind: "upstream", base: situation.upstream, tagsOf: (key) => [keyTag(key)] }];
  return reference === "classic" ? [...own, ...upstream] : [...upstream, ...own];
}
