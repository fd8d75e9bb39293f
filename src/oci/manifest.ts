/** The documents of a registry: tolerant in, exact out. See the OCI image-spec's manifest.md and image-index.md. */
import { BerthError } from "../errors.ts";
import { isObject, readObject } from "../json.ts";
import { type Digest, digestOf, parseDigest } from "./digest.ts";
import { type Platform, parsePlatform } from "./platform.ts";

export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerIndex: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
} as const;

/** What a client that understands all four kinds of manifest says that it accepts. */
export const acceptedManifests: readonly string[] = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerIndex,
];

/** Manifests larger than this are refused (registries refuse them too: distribution-spec, 4 MiB). */
export const maxManifestBytes = 4 * 1024 * 1024;

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

export interface IndexEntry extends Descriptor {
  readonly platform?: Platform;
}

export type Annotations = Readonly<Record<string, string>>;

export interface ImageManifest {
  readonly kind: "image";
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Annotations;
}

export interface ImageIndex {
  readonly kind: "index";
  readonly manifests: readonly IndexEntry[];
  readonly annotations: Annotations;
}

/** A manifest as a registry gave it: the exact bytes, what they are called, and what they say. */
export interface Manifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly content: ImageManifest | ImageIndex;
}

/** Makes an OCI image manifest, ready to be put. */
export function makeImageManifest(
  config: Descriptor,
  layers: readonly Descriptor[],
  annotations: Annotations,
): Manifest {
  const document = {
    config: plain(config),
    layers: layers.map(plain),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  return made(mediaTypes.ociManifest, document, { kind: "image", config, layers, annotations });
}

/** Makes an OCI image index over manifests that are there, ready to be put. */
export function makeIndex(manifests: readonly IndexEntry[], annotations: Annotations): Manifest {
  const entries = manifests.map(({ platform, ...child }) => ({ ...plain(child), platform }));
  const document = { manifests: entries, annotations };
  return made(mediaTypes.ociIndex, document, { kind: "index", manifests, annotations });
}

function made(mediaType: string, document: object, content: Manifest["content"]): Manifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }));
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes, content };
}

/** What an index has for a platform; a variant counts where both name one. */
export function childFor({ content }: Manifest, wanted: string): IndexEntry | undefined {
  if (content.kind !== "index") return undefined;
  const { os, architecture, variant } = parsePlatform(wanted);
  return content.manifests.find(({ platform }) => {
    if (platform?.os !== os || platform.architecture !== architecture) return false;
    return [undefined, platform.variant].includes(variant) || platform.variant === undefined;
  });
}

function plain({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

/**
 * Reads a manifest, and refuses one whose own `mediaType` disagrees with the content type or that
 * could be read as two kinds at once (CVE-2021-41190).
 *
 * `where` names it in errors.
 */
export function parseManifest(bytes: Uint8Array, contentType: string, where: string): Manifest {
  const fail = (what: string): never => {
    throw new BerthError("MANIFEST_INVALID", `read manifest ${where}: ${what}`, {
      hint: "what is at this reference is no image that container engines agree on, or a proxy answered in the registry's place; push it again, or delete the tag",
    });
  };
  if (bytes.length > maxManifestBytes) fail(`${bytes.length} bytes, more than ${maxManifestBytes}`);
  const document = readObject(bytes) ?? fail("not a JSON object");
  const mediaType = contentType.split(";")[0]?.trim() ?? "";
  const declared = document["mediaType"];
  if (declared !== undefined && declared !== mediaType) {
    fail(`it calls itself ${JSON.stringify(declared)}, the registry calls it ${mediaType}`);
  }
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  const annotations = parseAnnotations(document["annotations"]);
  if (mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest) {
    if ("manifests" in document) fail("an image that has manifests, as an index has");
    const config = parseDescriptor(document["config"]) ?? fail("its config is not a descriptor");
    const layers =
      parseList(document["layers"], parseDescriptor) ?? fail("its layers are not descriptors");
    return { descriptor, bytes, content: { kind: "image", config, layers, annotations } };
  }
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerIndex) {
    const odd = ["config", "layers", "fsLayers"].find((name) => name in document);
    if (odd !== undefined) fail(`an index that has ${odd}, as an image has`);
    const manifests =
      parseList(document["manifests"], parseIndexEntry) ??
      fail("its manifests are not descriptors");
    return { descriptor, bytes, content: { kind: "index", manifests, annotations } };
  }
  return fail(`media type ${JSON.stringify(mediaType)} is not an image manifest or index`);
}

function parseList<T>(value: unknown, parse: (member: unknown) => T | undefined): T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const parsed = value.map(parse);
  return parsed.every((member) => member !== undefined) ? (parsed as T[]) : undefined;
}

function parseDescriptor(value: unknown): Descriptor | undefined {
  if (!isObject(value)) return undefined;
  const { mediaType, digest, size } = value;
  const parsed = typeof digest === "string" ? parseDigest(digest) : undefined;
  const valid =
    typeof mediaType === "string" && Number.isSafeInteger(size) && (size as number) >= 0;
  return valid && parsed !== undefined
    ? { mediaType, digest: parsed, size: size as number }
    : undefined;
}

function parseIndexEntry(value: unknown): IndexEntry | undefined {
  const descriptor = parseDescriptor(value);
  if (descriptor === undefined || !isObject(value)) return undefined;
  const platform = value["platform"];
  if (!isObject(platform)) return descriptor;
  const { os, architecture, variant } = platform;
  if (typeof os !== "string" || typeof architecture !== "string") return descriptor;
  return {
    ...descriptor,
    platform: { os, architecture, ...(typeof variant === "string" ? { variant } : {}) },
  };
}

function parseAnnotations(value: unknown): Annotations {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}
