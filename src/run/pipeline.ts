/** What a pipeline left in the registry that says which images its jobs ran in. */
import { BerthError } from "../errors.ts";
import { below } from "../oci/reference.ts";
import { readTag } from "../oci/tags.ts";
import type { SourceRecord } from "../plan/observe.ts";
import type { Source } from "../plan/places.ts";
import { readRecord, recordRepositoryName, type SetRecord } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";

/** A search among records, and the places that could not be asked. */
export interface RecordSearch {
  readonly found: SourceRecord | undefined;
  readonly troubles: readonly BerthError[];
}

type Reads = Pick<Registry, "get" | "tags">;

/** The record of the images that a pipeline refreshed; it alone has run in them until they were promoted. */
export function refreshedBy(
  pipeline: string,
  sources: readonly Source[],
  registry: Reads,
): Promise<RecordSearch> {
  const isIts = (tag: string): boolean => readTag(tag)?.pipeline === Number(pipeline);
  return search(sources, isIts, () => true, registry);
}

/** The record that a pipeline wrote when it published its set; one that found all in place wrote none. */
export function publishedBy(
  pipeline: string,
  sources: readonly Source[],
  registry: Reads,
): Promise<RecordSearch> {
  return search(
    sources,
    (tag) => readTag(tag)?.kind === "set",
    (record) => record.pipeline === pipeline,
    registry,
  );
}

async function search(
  sources: readonly Source[],
  isWanted: (tag: string) => boolean,
  isIts: (record: SetRecord) => boolean,
  registry: Reads,
): Promise<RecordSearch> {
  const troubles: BerthError[] = [];
  for (const source of sources) {
    try {
      const records = await recordsOf(source, isWanted, registry);
      const found = records.find(({ content }) => isIts(content));
      if (found !== undefined) return { found, troubles };
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
      troubles.push(error);
    }
  }
  return { found: undefined, troubles };
}

async function recordsOf(
  source: Source,
  isWanted: (tag: string) => boolean,
  registry: Reads,
): Promise<readonly SourceRecord[]> {
  const tags = await Array.fromAsync(registry.tags(below(source.base, recordRepositoryName)));
  const records = await Promise.all(
    tags.filter(isWanted).map(async (tag) => {
      const found = await readRecord(source.base, tag, registry);
      return found === undefined ? [] : [{ ...found, source }];
    }),
  );
  return records.flat();
}
