/** What a plan is going to write, and whether the registry will take it. */
import type { Config } from "../config/config.ts";
import { below, parseReference, type Repository } from "../oci/reference.ts";
import type { Registry, Right } from "../registry/registry.ts";
import type { Decided } from "./decide.ts";
import { repositoryOf } from "./places.ts";
import type { Decision } from "./plan.ts";
import { recordRepositoryName } from "./record.ts";
import type { Situation } from "./situation.ts";

interface Writer {
  readonly config: Pick<Config, "repository">;
  readonly situation: Pick<Situation, "ci" | "own" | "upstream">;
  readonly registry: Pick<Registry, "announce" | "refusal">;
}

/** What making an image be there writes, and what it mounts from, for which one token must do. */
export function rightsFor(
  decision: Decision,
  repository: Repository | undefined,
): readonly Right[] {
  if (repository === undefined || decision.kind === "reuse") return [];
  const write: Right = { access: "push", repository };
  if (decision.kind !== "copy") return [write];
  return [write, { access: "pull", repository: parseReference(decision.from) }];
}

/**
 * What the registry will refuse to take, in its own words, before anything is built: asked with the one token for
 * all that is going to be written.
 */
export async function refusedWrites(
  { decisions }: Decided,
  { config, situation: { ci, own, upstream }, registry }: Writer,
): Promise<readonly string[]> {
  if (!ci || own === undefined) return [];
  const made = [...decisions].flatMap(([name, decision]) => {
    const rights = rightsFor(decision, repositoryOf(own, config.repository, name));
    return rights.length === 0 ? [] : [{ name, rights }];
  });
  if (made.length === 0) return [];
  const writes = [{ name: "the set record", rights: recordRights(own, upstream) }, ...made];
  for (const { access, repository } of writes.flatMap(({ rights }) => rights))
    registry.announce(access, [repository]);
  const refusals = await Promise.all(writes.map(({ rights }) => registry.refusal(rights)));
  const words = Map.groupBy(writes, (_, at) => refusals[at]);
  return [...words].flatMap(([what, refused]) => {
    const names = refused.map(({ name }) => name).join(", ");
    return what === undefined ? [] : `${names}: may not be pushed from this pipeline: ${what}`;
  });
}

/** A record's blobs are mounted from upstream's where there is one. */
function recordRights(own: Repository, upstream: Repository | undefined): readonly Right[] {
  const record = (base: Repository) => below(base, recordRepositoryName);
  const write: Right = { access: "push", repository: record(own) };
  return upstream === undefined
    ? [write]
    : [write, { access: "pull", repository: record(upstream) }];
}
