/** A registry as prune sees it, kept in memory, and pipelines that put tags into it as berth does. */
import { keyVersion } from "../../src/image/key.ts";
import { digestOf } from "../../src/oci/digest.ts";
import {
  type Descriptor,
  type Manifest,
  makeImageManifest,
  mediaTypes,
} from "../../src/oci/manifest.ts";
import { readTag, tagsOf } from "../../src/oci/tags.ts";
import { makeRecord, parseRecord } from "../../src/plan/record.ts";
import type { Deletion, SeenTag, Shelf } from "../../src/prune/shelf.ts";
import type { CommitNeeds } from "../../src/prune/sources.ts";

interface Stored {
  readonly manifest: Manifest;
  readonly taggedAt: number;
}

export interface Model {
  readonly shelf: Shelf;
  /** Tags by repository. */
  readonly repositories: Map<string, Map<string, Stored>>;
  /** Calls of the shelf, by name of the method. */
  readonly calls: Record<"look" | "deleteTag", number>;
  put(repository: string, tag: string, manifest: Manifest, at: number): void;
  /** What a pipeline of a commit does; gives what it found missing although a record promised it. */
  pipeline(needs: CommitNeeds, run: PipelineRun): readonly string[];
  /** Images of a commit that are not there, or that its record names and nobody holds any more. */
  missing(needs: CommitNeeds, version?: number): readonly string[];
  count(): number;
}

export interface PipelineRun {
  readonly id: number;
  readonly commit: string;
  readonly at: number;
  readonly promotes?: readonly string[];
  /** Also tags every image as one that this pipeline refreshed. */
  readonly numbered?: boolean;
  /** The version of the key that the pipeline's berth writes; this berth's where it is not given. */
  readonly version?: number | undefined;
}

export interface ModelOptions {
  /** What a look tells: the time of tagging and the digest, or the digest alone. */
  readonly tells?: "all" | "digest";
  readonly onDelete?: (repository: string, tag: string) => Deletion | undefined;
}

export function makeModel(options: ModelOptions = {}): Model {
  const { tells = "all" } = options;
  const repositories: Model["repositories"] = new Map();
  const calls: Model["calls"] = { look: 0, deleteTag: 0 };
  const state = (repository: string, name: string): SeenTag | undefined => {
    const stored = repositories.get(repository)?.get(name);
    const taggedAt = tells === "digest" ? undefined : stored?.taggedAt;
    return stored && { digest: stored.manifest.descriptor.digest, taggedAt };
  };
  const shelf: Shelf = {
    repositories: async () => [...repositories.keys()],
    async *tags(repository) {
      yield [...(repositories.get(repository)?.keys() ?? [])].sort();
    },
    async look(repository, name) {
      calls.look++;
      return state(repository, name);
    },
    async manifest(repository, reference) {
      const tags = repositories.get(repository);
      const byDigest = [...(tags?.values() ?? [])].find(
        ({ manifest }) => manifest.descriptor.digest === reference,
      );
      return (tags?.get(reference) ?? byDigest)?.manifest;
    },
    async deleteTag(repository, name) {
      calls.deleteTag++;
      const answer = options.onDelete?.(repository, name);
      if (answer !== undefined) return answer;
      return { kind: repositories.get(repository)?.delete(name) ? "deleted" : "gone" };
    },
  };
  const put: Model["put"] = (repository, tag, manifest, at) => {
    const tags = repositories.get(repository) ?? new Map<string, Stored>();
    repositories.set(repository, tags);
    tags.set(tag, { manifest, taggedAt: at });
  };
  const recordOf = (setId: string, version: number) => {
    const stored = repositories.get("berth")?.get(tagsOf(version).set(setId));
    return stored && parseRecord(ofVersion(stored.manifest, keyVersion), setId);
  };
  const missing: Model["missing"] = (needs, version = keyVersion) => {
    const record = recordOf(needs.setId, version);
    return needs.images.flatMap(({ repository, key }) => {
      const tags = repositories.get(repository);
      const image = record?.images.get(repository);
      const isHeld =
        image?.kind !== "own" ||
        [...(tags?.values() ?? [])].some((one) => one.manifest.descriptor.digest === image.digest);
      return tags?.has(tagsOf(version).key(key)) && isHeld
        ? []
        : [`${repository}:${tagsOf(version).key(key)}`];
    });
  };
  const pipeline: Model["pipeline"] = (needs, run) => {
    const { id, commit, at, promotes = [], numbered, version = keyVersion } = run;
    const tags = tagsOf(version);
    const broken = recordOf(needs.setId, version) === undefined ? [] : missing(needs, version);
    const images = needs.images.map(({ repository, key }) => {
      const found = repositories.get(repository)?.get(tags.key(key))?.manifest;
      const manifest = found ?? imageManifest(`${repository} ${key} ${id}`);
      if (found === undefined) put(repository, tags.key(key), manifest, at);
      if (numbered) put(repository, `${tags.key(key)}-r${id}`, manifest, at);
      for (const tag of promotes) put(repository, tag, manifest, at);
      return { repository, manifest };
    });
    if (images.length === 0) return broken;
    const written = makeRecord(
      {
        setId: needs.setId,
        tag: tags.set(needs.setId),
        images: new Map(
          images.map(({ repository, manifest }) => [
            repository,
            { kind: "own", digest: manifest.descriptor.digest },
          ]),
        ),
        revision: commit,
        pipeline: `${id}`,
      },
      new Date(at),
    );
    const record = ofVersion(written, version);
    if (recordOf(needs.setId, version) === undefined) {
      for (const { repository, manifest } of images)
        put(repository, tags.set(needs.setId), manifest, at);
      put("berth", tags.set(needs.setId), record, at);
    }
    for (const tag of promotes) put("berth", tag, record, at);
    return broken;
  };
  const count = () => [...repositories.values()].reduce((sum, tags) => sum + tags.size, 0);
  return { shelf, repositories, calls, put, pipeline, missing, count };
}

/** An image of one layer, its blobs named after a text. */
export function imageManifest(text: string): Manifest {
  const blob = (what: string, mediaType: string): Descriptor => ({
    mediaType,
    digest: digestOf(Buffer.from(what)),
    size: 1000,
  });
  return makeImageManifest(
    blob(`config ${text}`, mediaTypes.ociConfig),
    [blob(`layer ${text}`, mediaTypes.ociLayerGzip)],
    {},
  );
}

/** A record as a berth of another version of the key writes it. */
function ofVersion(record: Manifest, version: number): Manifest {
  const { content } = record;
  const id = readTag(content.annotations["berth.set"] ?? "")?.id ?? "";
  const annotations = { ...content.annotations, "berth.set": tagsOf(version).set(id) };
  return { ...record, content: { ...content, annotations } };
}
