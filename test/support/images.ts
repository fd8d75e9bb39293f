/** Puts hand-made images into a registry, by plain HTTP and without an engine. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { type Digest, digestOf, parseDigest } from "../../src/oci/digest.ts";

/** One member of a layer; owner root, time 0. */
export type Member =
  | { readonly path: string; readonly kind: "directory"; readonly mode?: number }
  | { readonly path: string; readonly kind: "symlink"; readonly target: string }
  | {
      readonly path: string;
      readonly kind: "file";
      readonly mode?: number;
      readonly data: string | Uint8Array;
    };

/** A compressed layer, in memory or in a file. */
export interface Layer {
  readonly bytes: Uint8Array | { readonly file: string };
  readonly digest: Digest;
  readonly size: number;
  /** The digest of its uncompressed tar. */
  readonly diffId: Digest;
}

export async function layerOf(members: readonly Member[]): Promise<Layer> {
  const tar = pack();
  for (const member of members) {
    const common = { name: member.path, mtime: new Date(0), uid: 0, gid: 0 };
    if (member.kind === "directory") {
      tar.entry({ ...common, type: "directory", mode: member.mode ?? 0o755 });
    } else if (member.kind === "symlink") {
      tar.entry({ ...common, type: "symlink", linkname: member.target, mode: 0o777 });
    } else {
      tar.entry({ ...common, mode: member.mode ?? 0o644 }, Buffer.from(member.data));
    }
  }
  tar.finalize();
  const raw = await buffer(tar);
  const bytes = gzipSync(raw, { level: 1 });
  return { bytes, digest: digestOf(bytes), size: bytes.length, diffId: digestOf(raw) };
}

const types = {
  manifest: "application/vnd.docker.distribution.manifest.v2+json",
  config: "application/vnd.docker.container.image.v1+json",
  layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
};

export interface ImageSettings {
  /** This machine's where it is not given. */
  readonly architecture?: string;
  readonly Cmd?: readonly string[];
  readonly Env?: readonly string[];
  readonly OnBuild?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Shell?: readonly string[];
  readonly User?: string;
}

/** Pushes an image of one layer or several to `http://host`, tags it and gives its digest. */
export async function pushImage(
  host: string,
  repository: string,
  tag: string,
  content: Layer | readonly Layer[],
  { architecture, ...settings }: ImageSettings = {},
): Promise<Digest> {
  const layers = [content].flat();
  const config = JSON.stringify({
    architecture: architecture ?? (process.arch === "x64" ? "amd64" : process.arch),
    os: "linux",
    created: "1970-01-01T00:00:00Z",
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      Cmd: ["/bin/sh"],
      ...settings,
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({
      created: "1970-01-01T00:00:00Z",
      created_by: "a layer made by hand",
    })),
  });
  const base = `http://${host}/v2/${repository}`;
  for (const layer of layers) await putBlob(base, layer.digest, await bytesOf(layer));
  await putBlob(base, digestOf(config), config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, size: config.length, digest: digestOf(config) },
    layers: layers.map(({ size, digest }) => ({ mediaType: types.layer, size, digest })),
  });
  const headers = { "content-type": types.manifest };
  await expectOk(fetch(`${base}/manifests/${tag}`, { method: "PUT", headers, body: manifest }));
  return digestOf(manifest);
}

/** Puts an index over images that were pushed, and gives its digest. */
export async function pushIndex(
  host: string,
  repository: string,
  tag: string,
  children: readonly { readonly digest: Digest; readonly platform: object }[],
): Promise<Digest> {
  const base = `http://${host}/v2/${repository}`;
  const manifests = children.map(async ({ digest, platform }) => {
    const headers = { accept: types.manifest };
    const answer = await expectOk(fetch(`${base}/manifests/${digest}`, { headers }));
    const { byteLength: size } = await answer.arrayBuffer();
    return { mediaType: types.manifest, digest, size, platform };
  });
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const body = JSON.stringify({
    schemaVersion: 2,
    mediaType,
    manifests: await Promise.all(manifests),
  });
  const headers = { "content-type": mediaType };
  await expectOk(fetch(`${base}/manifests/${tag}`, { method: "PUT", headers, body }));
  return digestOf(body);
}

async function bytesOf(layer: Layer): Promise<Uint8Array> {
  return "file" in layer.bytes ? await readFile(layer.bytes.file) : layer.bytes;
}

async function putBlob(base: string, digest: Digest, body: string | Uint8Array): Promise<void> {
  if ((await fetch(`${base}/blobs/${digest}`, { method: "HEAD" })).ok) return;
  const upload = await expectOk(fetch(`${base}/blobs/uploads/`, { method: "POST" }));
  const to = new URL(upload.headers.get("location") ?? "", base);
  to.searchParams.set("digest", digest);
  await expectOk(fetch(to, { method: "PUT", body: body }));
}

async function expectOk(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) throw new Error(`${response.status} from ${response.url}`);
  return response;
}

/** The digest of a file's bytes, read piece by piece. */
export async function digestOfStream(pieces: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const piece of pieces) hash.update(piece);
  return parseDigest(`sha256:${hash.digest("hex")}`)!;
}
