/** Where images have their places: repositories below a base, and the sources that a run may read. */
import type { Config } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import { imageOf } from "../image/image.ts";
import type { SetPlace } from "../image/key.ts";
import { below, parseRepository, type Repository } from "../oci/reference.ts";
import type { PlannedImage } from "./plan.ts";
import type { Situation } from "./situation.ts";

/** A registry base that a run reads, and where it has images. */
export interface Source extends SetPlace {
  readonly kind: "own" | "upstream";
  readonly base: Repository;
  readonly repositoryOf: (name: string) => Repository;
}

/**
 * The template of the repositories that a run writes. GitLab's registry knows two levels below a project, so below
 * `try` there is room for the name alone.
 */
export function ownTemplate(
  { untrusted }: Pick<Situation, "untrusted">,
  { repository }: Pick<Config, "repository">,
): string {
  return untrusted === undefined ? repository : "{name}";
}

/** Whether the whole set has to be in the own registry; what is tried is nowhere that jobs name by themselves. */
export function keepsOwnSet(
  { untrusted }: Pick<Situation, "untrusted">,
  { reference }: Pick<Config, "reference">,
): boolean {
  return reference === "own-tag" && untrusted === undefined;
}

/** The repository of an image below a base, by the configured template; its members lie there too. */
export function repositoryOf(base: Repository, template: string, name: string): Repository {
  return below(base, template.replaceAll("{name}", imageOf(name)));
}

/** Where a planned image has its place; REGISTRY_UNSET where no registry of the project's own is known. */
export function ownRepository({ name, repository }: PlannedImage) {
  if (repository !== null) return parseRepository(repository);
  throw new BerthError("REGISTRY_UNSET", `build ${name}: no registry is known to push it to`, {
    hint: "set CI_REGISTRY_IMAGE, give --registry host/path, or set `registry` in berth.yml, and plan again",
  });
}

/**
 * The sources of a run, in the order in which their records are asked: upstream before own, so that a fork runs
 * on upstream's images; own before upstream where the whole set is to be in the own registry.
 */
export function sourcesOf(
  situation: Pick<Situation, "own" | "upstream" | "untrusted">,
  config: Pick<Config, "reference" | "repository">,
): readonly Source[] {
  const { own, upstream } = situation;
  const source = (
    kind: Source["kind"],
    base: Repository | undefined,
    place: SetPlace,
  ): readonly Source[] => {
    if (base === undefined) return [];
    const nameIn = (name: string) => repositoryOf(base, place.repository, name);
    return [{ kind, base, ...place, repositoryOf: nameIn }];
  };
  // Own records may name images of the other project.
  const here = source("own", own, { repository: ownTemplate(situation, config), upstream });
  const there = source("upstream", upstream, {
    repository: config.repository,
    upstream: undefined,
  });
  return keepsOwnSet(situation, config) ? [...here, ...there] : [...there, ...here];
}
