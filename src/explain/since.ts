/** What a promoted set lacks of the images that have to be built now, one line for each. */
import type { State } from "../config/load.ts";
import { ifPossible } from "../errors.ts";
import type { Repository } from "../oci/reference.ts";
import type { Change } from "../plan/plan.ts";
import { parseRecord, recordReference } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";
import type { Git } from "../world.ts";
import type { KeyDifference } from "./difference.ts";
import { explain } from "./explain.ts";
import { type Against, commitHere } from "./explanation.ts";
import { printDifferences, summary } from "./print.ts";
import { explainedIn } from "./state.ts";

export interface SinceQuery {
  /** The images to be built. */
  readonly names: readonly string[];
  /** A moving tag, such as `latest`; `undefined` where none is promoted. */
  readonly tag: string | undefined;
  /** Where a set was promoted to it; the first that has one counts. */
  readonly bases: readonly Repository[];
  /** Where the branch began, for want of a promoted set. */
  readonly start: () => Promise<Pick<Against, "label" | "revision"> | undefined>;
  readonly now: State;
  readonly stateAt: (commit: string) => Promise<State>;
}

/** Lines of a diff before the rest is only counted; a plan holds them for every image. */
const mostLines = 60;

/**
 * Says of each image what changed since a set was promoted, such as `COPY scripts/install.sh changed since latest`.
 *
 * One GET for any number of images. A reason is no more than a help: what cannot be read gives none.
 */
export async function changesSince(
  query: SinceQuery,
  registry: Pick<Registry, "get">,
  git: Git,
): Promise<ReadonlyMap<string, Change>> {
  const { names, now, stateAt } = query;
  const find = async (): Promise<ReadonlyMap<string, Change>> => {
    const from = (await promoted(query, registry, git)) ?? (await query.start());
    if (from?.revision == null) return new Map();
    const old = await explainedIn(await stateAt(from.revision), names);
    const changes = [...(await explainedIn(now, names))].map(
      ([name, image]) => [name, changeOf(explain(old.get(name), image), from.label)] as const,
    );
    return new Map(changes.filter(([, { since }]) => since !== undefined));
  };
  return (await ifPossible(find())) ?? new Map();
}

function changeOf(differences: readonly KeyDifference[], label: string): Change {
  const line = summary(differences);
  if (line === "") return {};
  const diff = printDifferences(differences, (_style, text) => text);
  const more = diff.length > mostLines ? [`  … ${diff.length - mostLines} more lines`] : [];
  return { since: `${line} since ${label}`, diff: [...diff.slice(0, mostLines), ...more] };
}

/** The commit of the promoted set, where this clone has it. */
async function promoted(
  { bases, tag }: SinceQuery,
  registry: Pick<Registry, "get">,
  git: Git,
): Promise<Pick<Against, "label" | "revision"> | undefined> {
  if (tag === undefined) return undefined;
  for (const base of bases) {
    const manifest = await registry.get(recordReference(base, tag));
    if (manifest === undefined) continue;
    const revision = await commitHere(parseRecord(manifest, tag)?.revision ?? "", git);
    return revision === undefined ? undefined : { label: tag, revision };
  }
  return undefined;
}
