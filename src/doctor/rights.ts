/** What a login may do in repositories, as far as that can be told without writing anything. */
import type { Config } from "../config/config.ts";
import { below, printRepository, type Repository } from "../oci/reference.ts";
import { hasTags } from "../plan/look.ts";
import { repositoryOf } from "../plan/places.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import { known } from "./judgement.ts";

export type RegistryFacts = Awaited<ReturnType<typeof gatherRegistry>>;

type Asked = Pick<Registry, "tags" | "refusal">;

/** Repositories that are looked at for one that exists. */
const looks = 3;

/** What the login may do in the own registry, and whether upstream's has a record; a trouble where they may not be read. */
export async function gatherRegistry(
  { own, upstream }: Pick<Situation, "own" | "upstream">,
  { repository }: Pick<Config, "repository">,
  images: readonly string[],
  registry: Asked,
) {
  const record = (base: Repository): Repository => below(base, recordRepositoryName);
  const repositories = (base: Repository): readonly Repository[] =>
    images.map((name) => repositoryOf(base, repository, name));
  return {
    own: own && (await known(ownRights([record(own), ...repositories(own)], registry))),
    upstream: upstream && (await known(hasTags(record(upstream), registry))),
  };
}

/** Why writing is refused, in the token service's words; `undefined` where no repository exists, since asking to write would make one. */
async function ownRights(
  [record, ...images]: readonly [Repository, ...Repository[]],
  registry: Asked,
) {
  for (const repository of [record, ...images].slice(0, looks)) {
    if (!(await hasTags(repository, registry))) continue;
    const refusal = (access: "push" | "delete") => registry.refusal([{ access, repository }]);
    const refused = { push: await refusal("push"), delete: await refusal("delete") };
    return { repository: printRepository(repository), refused };
  }
  return { repository: printRepository(record), refused: undefined } as const;
}
