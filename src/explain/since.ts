/** What a promoted set lacks of the images that have to be built now, one line for each. */
import type { State } from "../config/state.ts";
import { BerthError } from "../errors.ts";
import type { Repository } from "../oci/reference.ts";
import { parseRecord, recordReference } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";
import type { Git } from "../world.ts";
import { isCommit } from "./against.ts";
import { explain } from "./explain.ts";
import { summary } from "./print.ts";
import { explainedIn } from "./state.ts";

export interface SinceQuery {
  /** The images to be built. */
  readonly names: readonly string[];
  /** A moving tag, such as `latest`. */
  readonly tag: string;
  /** Where a set was promoted to it; the first that has one counts. */
  readonly bases: readonly Repository[];
  readonly now: State;
  readonly stateAt: (commit: string) => Promise<State>;
}

/**
 * Says of each image what changed since a set was promoted, such as `COPY scripts/install.sh changed since latest`.
 *
 * One GET for any number of images. A reason is no more than a help: what cannot be read gives none.
 */
export async function changesSince(
  query: SinceQuery,
  registry: Pick<Registry, "get">,
  git: Git,
): Promise<ReadonlyMap<string, string>> {
  try {
    const commit = await promotedCommit(query, registry);
    if (commit === undefined || (await git.object(`${commit}^{commit}`)) === undefined)
      return new Map();
    const { names, now, stateAt, tag } = query;
    const old = await explainedIn(await stateAt(commit), names);
    const lines = [...(await explainedIn(now, names))].map(
      ([name, image]) => [name, summary(explain(old.get(name), image))] as const,
    );
    return new Map(
      lines.filter(([, line]) => line !== "").map(([name, line]) => [name, `${line} since ${tag}`]),
    );
  } catch (error) {
    if (error instanceof BerthError) return new Map();
    throw error;
  }
}

async function promotedCommit(
  { bases, tag }: SinceQuery,
  registry: Pick<Registry, "get">,
): Promise<string | undefined> {
  for (const base of bases) {
    const manifest = await registry.get(recordReference(base, tag));
    if (manifest === undefined) continue;
    const revision = parseRecord(manifest, tag)?.revision;
    return revision !== undefined && isCommit(revision) ? revision : undefined;
  }
  return undefined;
}
