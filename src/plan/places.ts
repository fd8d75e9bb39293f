/** Where images have their places: repositories below a base, and the sources that a run may read. */
import type { Config } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import { type Key, ownTags, type SetPlace } from "../image/key.ts";
import { below, parseRepository, type Repository } from "../oci/reference.ts";
import { triedTag } from "../oci/tags.ts";
import type { PlannedImage } from "./plan.ts";
import type { Situation } from "./situation.ts";

/** A registry base that a run reads: where it has images, and the tags of a key that are believed there. */
export interface Source extends SetPlace {
  readonly kind: "own" | "upstream";
  readonly base: Repository;
  readonly repositoryOf: (name: string) => Repository;
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

/** Where a planned image has its place; REGISTRY_UNSET where no registry of the project's own is known. */
export function ownRepository({ name, repository }: Pick<PlannedImage, "name" | "repository">) {
  if (repository !== null) return parseRepository(repository);
  throw new BerthError("REGISTRY_UNSET", `build ${name}: no registry is known to push it to`, {
    hint: "set CI_REGISTRY_IMAGE, give --registry host/path, or set `registry` in berth.yml, and plan again",
  });
}

/**
 * The sources of a run, in the order in which their records are asked: upstream before own, so that a fork runs
 * on upstream's images; own before upstream where the whole set is to be in the own registry (`own-tag`).
 *
 * Only an untrusted run reads what untrusted runs wrote (`try-`).
 */
export function sourcesOf(
  { own, upstream, trusted }: Pick<Situation, "own" | "upstream" | "trusted">,
  { reference, repository }: Pick<Config, "reference" | "repository">,
): readonly Source[] {
  const source = (kind: Source["kind"], base: Repository | undefined): readonly Source[] => {
    if (base === undefined) return [];
    const tried = kind === "own" && !trusted ? [triedTag] : [];
    return [
      {
        kind,
        base,
        repository,
        // The other project whose images its records may name.
        upstream: kind === "own" ? upstream : undefined,
        repositoryOf: (name) => repositoryOf(base, repository, name),
        tagsOf: (key) => [(tag: string) => tag, ...tried].map((of) => of(ownTags.key(key))),
      },
    ];
  };
  const [here, there] = [source("own", own), source("upstream", upstream)];
  return reference === "own-tag" ? [...here, ...there] : [...there, ...here];
}
