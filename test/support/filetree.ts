/** What is really in an image: its layers pulled from a registry and laid over each other. */
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { type Digest, digestOf } from "../../src/oci/digest.ts";

export type Leaf =
  | { readonly kind: "file"; readonly mode: number; readonly sha: Digest }
  | { readonly kind: "symlink"; readonly target: string }
  | { readonly kind: "directory"; readonly mode: number }
  | { readonly kind: "other"; readonly mode: number };

/** By path without a leading slash. */
export type FileTree = ReadonlyMap<string, Leaf>;

interface ImageDocument {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
}

const accept = [
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
].join(", ");

/** One member of a layer. */
interface Member {
  readonly header: Header;
  readonly sha: Digest;
}

/** The members of layers that were read, such as those of one base. */
const known = new Map<string, Promise<readonly Member[]>>();

/** Reads an image from `http://host` and merges its layers, whiteouts applied. */
export async function imageTree(
  host: string,
  repository: string,
  reference: string,
): Promise<FileTree> {
  const tree = new Map<string, Leaf>();
  const { layers } = await manifestOf(host, repository, reference);
  for (const { digest } of layers) {
    const members =
      known.get(digest) ??
      get(host, repository, `blobs/${digest}`).then((bytes) => membersOf(gunzipSync(bytes)));
    known.set(digest, members);
    lay(await members, tree);
  }
  return tree;
}

async function membersOf(layer: Buffer): Promise<readonly Member[]> {
  const members: Member[] = [];
  const tar = extract();
  tar.end(layer);
  for await (const entry of tar)
    members.push({ header: entry.header, sha: digestOf(await buffer(entry)) });
  return members;
}

/** The uncompressed tars of an image's layers, the lowest first. */
export async function imageLayers(
  host: string,
  repository: string,
  reference: string,
): Promise<readonly Buffer[]> {
  const { layers } = await manifestOf(host, repository, reference);
  return Promise.all(
    layers.map(async ({ digest }) => gunzipSync(await get(host, repository, `blobs/${digest}`))),
  );
}

/** What there is to pull of an image: bytes of each of its layers, the lowest first. */
export async function layerSizes(
  host: string,
  repository: string,
  reference: string,
): Promise<readonly number[]> {
  const { layers } = await manifestOf(host, repository, reference);
  return layers.map(({ size }) => size);
}

/** The image's configuration as JSON. */
export async function imageConfig(
  host: string,
  repository: string,
  reference: string,
): Promise<Record<string, unknown>> {
  const { config } = await manifestOf(host, repository, reference);
  return JSON.parse(String(await get(host, repository, `blobs/${config.digest}`)));
}

async function manifestOf(host: string, repository: string, reference: string) {
  return JSON.parse(String(await get(host, repository, `manifests/${reference}`))) as ImageDocument;
}

async function get(host: string, repository: string, path: string): Promise<Buffer> {
  const response = await fetch(`http://${host}/v2/${repository}/${path}`, { headers: { accept } });
  if (!response.ok) throw new Error(`${response.status} for ${response.url}`);
  return Buffer.from(await response.arrayBuffer());
}

function lay(layer: readonly Member[], tree: Map<string, Leaf>): void {
  const added = new Map<string, Leaf>();
  const hidden: string[] = [];
  for (const member of layer) {
    const path = member.header.name.replace(/^\.?\/+/, "").replace(/\/$/, "");
    const [, folder = "", name = ""] = /^(.*\/)?([^/]*)$/.exec(path) ?? [];
    if (name === ".wh..wh..opq") hidden.push(folder);
    else if (name.startsWith(".wh.")) hidden.push(`${folder}${name.slice(4)}`);
    else if (path !== "" && path !== ".") {
      added.set(
        path,
        leafOf(member, (target) => added.get(target) ?? tree.get(target)),
      );
    }
  }
  // Whiteouts hide what lies below, never what the same layer brings.
  for (const path of hidden) remove(path, tree);
  for (const [path, leaf] of added) {
    if (leaf.kind !== "directory") remove(path, tree);
    tree.set(path, leaf);
  }
}

function remove(path: string, tree: Map<string, Leaf>): void {
  const inside = path.endsWith("/") ? path : `${path}/`;
  for (const other of [...tree.keys()]) {
    if (other === path || other.startsWith(inside)) tree.delete(other);
  }
}

function leafOf({ header, sha }: Member, find: (path: string) => Leaf | undefined): Leaf {
  const mode = (header.mode ?? 0) & 0o7777;
  if (header.type === "symlink") return { kind: "symlink", target: header.linkname ?? "" };
  if (header.type === "directory") return { kind: "directory", mode };
  if (header.type === "link") {
    const target = (header.linkname ?? "").replace(/^\.?\/+/, "");
    return find(target) ?? { kind: "other", mode };
  }
  if (header.type !== "file" && header.type !== "contiguous-file") return { kind: "other", mode };
  return { kind: "file", mode, sha };
}
