/** The set record: one small image manifest that says which image every name of a set stands for. */
import { BerthError } from "../errors.ts";
import { keyVersion, ownTags } from "../image/key.ts";
import { present } from "../json.ts";
import { type Digest, digestOf, parseDigest } from "../oci/digest.ts";
import { type Annotations, type Manifest, makeImageManifest, mediaTypes } from "../oci/manifest.ts";
import {
  isHost,
  isRepositoryPath,
  parseReference,
  printReference,
  type Reference,
  type Repository,
} from "../oci/reference.ts";
import { readTag } from "../oci/tags.ts";
import type { Registry } from "../registry/registry.ts";

/** The repository below the project's base that holds records. */
export const recordRepositoryName = "berth";

/** Where an image of the set is: in the record's own registry, elsewhere, or (an optional one) nowhere. */
export type RecordedImage =
  | { readonly kind: "own"; readonly digest: Digest }
  | { readonly kind: "elsewhere"; readonly reference: Reference & { readonly digest: Digest } }
  | { readonly kind: "missing" };

export interface SetRecord {
  readonly setId: string;
  /** The tag that all images of the set have in the own registry; `undefined` where some are elsewhere. */
  readonly tag: string | undefined;
  readonly images: ReadonlyMap<string, RecordedImage>;
  readonly revision: string | undefined;
  readonly pipeline: string | undefined;
  /** The prefix of the configuration that it was written under; a registry may hold sets of several. */
  readonly prefix?: string | undefined;
  /** The branch that a promoted tag was made from (`{slug}`), which nobody else may then move. */
  readonly branch?: string | undefined;
  /** The base of upstream's repositories, which the set's id covers. */
  readonly upstream?: string | undefined;
  /** When it was written; told of one that was read. */
  readonly written?: Date | undefined;
}

const createdAnnotation = "org.opencontainers.image.created";
const imagePrefix = "berth.image.";

/** The blobs that every record refers to; upload them before the record. */
export const recordBlobs = {
  // An OCI image config and one empty layer: GitLab's registry refuses config and artifact types that
  // it does not know, and some registries refuse a manifest without layers.
  config: Buffer.from(
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: [digestOf(Buffer.alloc(1024))] },
    }),
  ),
  /** 1024 zero bytes (an empty tar), gzip: 10 header bytes, the deflated zeros, CRC and length. */
  layer: Buffer.from("H4sIAAAAAAAA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA=", "base64"),
};

export function makeRecord(record: SetRecord, created: Date): Manifest {
  const annotations = present({
    [createdAnnotation]: created.toISOString(),
    "org.opencontainers.image.revision": record.revision,
    "berth.pipeline": record.pipeline,
    "berth.prefix": record.prefix,
    "berth.branch": record.branch,
    "berth.upstream": record.upstream,
    "berth.record": "1",
    "berth.set": ownTags.set(record.setId),
    "berth.tag": record.tag,
  });
  for (const [name, image] of [...record.images].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    annotations[imagePrefix + name] = printImage(image);
  const config = {
    mediaType: mediaTypes.ociConfig,
    digest: digestOf(recordBlobs.config),
    size: recordBlobs.config.length,
  };
  const layer = {
    mediaType: mediaTypes.ociLayerGzip,
    digest: digestOf(recordBlobs.layer),
    size: recordBlobs.layer.length,
  };
  return makeImageManifest(config, [layer], annotations);
}

function printImage(image: RecordedImage): string {
  if (image.kind === "own") return image.digest;
  return image.kind === "missing" ? "missing" : printReference(image.reference);
}

/** Reads a record; `undefined` where it is of another version, or of one of the key, and so cannot be believed. */
export function parseRecord(manifest: Manifest, where: string): SetRecord | undefined {
  const { annotations } = manifest.content;
  if (annotations["berth.record"] !== "1") return undefined;
  const set = readTag(annotations["berth.set"] ?? "");
  if (set?.kind !== "set") throw malformed(where, "its set");
  if (set.version !== keyVersion) return undefined;
  const tag = annotations["berth.tag"];
  const read = readTag(tag ?? "");
  if (tag !== undefined && (read?.kind !== "set" || read.id !== set.id))
    throw malformed(where, "its tag");
  const written = new Date(annotations[createdAnnotation] ?? "");
  return {
    setId: set.id,
    tag,
    images: parseImages(annotations, where),
    revision: annotations["org.opencontainers.image.revision"],
    pipeline: annotations["berth.pipeline"],
    prefix: annotations["berth.prefix"],
    branch: annotations["berth.branch"],
    upstream: annotations["berth.upstream"],
    written: Number.isNaN(written.getTime()) ? undefined : written,
  };
}

/** Registries lose images: what a record of so many hours ago says is looked at before it is believed. */
const hoursOfBelief = 20;

/** Whether a record may be believed without a look at the images that it names in its own registry. */
export function isYoung({ written }: SetRecord, now: Date): boolean {
  const age = now.getTime() - (written?.getTime() ?? Number.NaN);
  return Math.abs(age) <= hoursOfBelief * 60 * 60 * 1000;
}

function parseImages(annotations: Annotations, where: string): SetRecord["images"] {
  const images = new Map<string, RecordedImage>();
  for (const [key, value] of Object.entries(annotations)) {
    if (!key.startsWith(imagePrefix)) continue;
    const image = parseImage(value);
    if (image === undefined) throw malformed(where, key);
    images.set(key.slice(imagePrefix.length), image);
  }
  return images;
}

function parseImage(text: string): RecordedImage | undefined {
  if (text === "missing") return { kind: "missing" };
  const own = parseDigest(text);
  if (own !== undefined) return { kind: "own", digest: own };
  const [, host = "", path = "", named = ""] = /^([^/]+)\/(.+)@(.+)$/.exec(text) ?? [];
  const digest = parseDigest(named);
  if (digest === undefined || !isHost(host) || !isRepositoryPath(path)) return undefined;
  return { kind: "elsewhere", reference: { host, path, digest } };
}

function malformed(where: string, what: string): BerthError {
  return new BerthError("MANIFEST_INVALID", `read set record ${where}: ${what} cannot be read`, {
    hint: "delete this tag; the next pipeline writes it anew",
  });
}

/** Where the record of a set has its place below a project's base. */
export function recordReference(base: Repository, tag: string): Reference {
  return parseReference(`${base.host}/${base.path}/${recordRepositoryName}:${tag}`);
}

/** A record, and where it was found: `host/path:tag`. */
export interface FoundRecord {
  readonly reference: string;
  readonly content: SetRecord;
}

/** Reads the record under a tag below a project's base; `undefined` where none is there that can be believed. */
export async function readRecord(
  base: Repository,
  tag: string,
  registry: Pick<Registry, "get">,
): Promise<FoundRecord | undefined> {
  const tagged = recordReference(base, tag);
  const reference = printReference(tagged);
  const manifest = await registry.get(tagged);
  const content = manifest && parseRecord(manifest, reference);
  return content && { reference, content };
}
