/** Copying images between repositories, by mounts where possible. */
import { createHash } from "node:crypto";
import { BerthError } from "../errors.ts";
import type { Streamed } from "../http/transport.ts";
import type { Descriptor, Manifest } from "../oci/manifest.ts";
import {
  printReference,
  printRepository,
  type Reference,
  type Repository,
  withDigest,
  withTag,
} from "../oci/reference.ts";
import { cancelUpload, hasBlob, mountBlob, openBlob, upload, wrongBlob } from "./blobs.ts";
import { getManifest, putManifest } from "./manifests.ts";
import type { CopyResult } from "./registry.ts";
import { scopeFor } from "./scopes.ts";
import type { HostSession } from "./session.ts";

export interface CopyPorts {
  readonly source: HostSession;
  readonly target: HostSession;
  /** Bounds how many blobs travel at a time. */
  readonly streams: <T>(work: () => Promise<T>) => Promise<T>;
}

const maxDepth = 4;

interface Copying extends CopyPorts {
  readonly from: Reference;
  readonly to: Repository;
  /** Blobs that this copy moves or has moved, so that children share them, with the bytes that travelled. */
  readonly blobs: Map<string, Promise<number>>;
}

/** Copies an image: blobs, then children, then the manifest by its tags (by its digest where there are none). */
export async function copyImage(
  ports: CopyPorts,
  from: Reference,
  to: Repository,
  tags: readonly string[],
  inHand?: Manifest,
): Promise<CopyResult> {
  const { source, target } = ports;
  const needs = [scopeFor("push", to), ...(source === target ? [scopeFor("pull", from)] : [])];
  source.announce([scopeFor("pull", from)]);
  target.prepare(needs);
  const copying: Copying = { ...ports, from, to, blobs: new Map() };
  const manifest = inHand ?? (await getManifest(source, from));
  if (manifest === undefined) throw notThere(from, to);
  const isRetag = source === target && from.path === to.path;
  if (!isRetag) await copyContent(copying, manifest, 0);
  const references =
    tags.length === 0
      ? [withDigest(to, manifest.descriptor.digest)]
      : tags.map((tag) => withTag(to, tag));
  await allDone(references.map((reference) => putManifest(target, reference, manifest)));
  const streamed = await Promise.all(copying.blobs.values());
  return { manifest, streamedBytes: streamed.reduce((sum, size) => sum + size, 0) };
}

function notThere(from: Reference, to: Repository): BerthError {
  const what = `copy ${printReference(from)} to ${printRepository(to)}: the source is not there`;
  return new BerthError("REGISTRY_REFUSED", what, {
    hint: "the image was deleted since it was found: plan again; where a record of upstream's still names it, do as messages say of SET_INCOMPLETE",
  });
}

async function copyContent(copying: Copying, manifest: Manifest, depth: number): Promise<void> {
  const { content } = manifest;
  if (content.kind === "index") {
    await allDone(content.manifests.map((child) => copyChild(copying, child, depth + 1)));
    return;
  }
  const moves = [content.config, ...content.layers].map((blob) => {
    // A blob that another child is moving must be there before this manifest refers to it, too.
    const move = copying.blobs.get(blob.digest) ?? copyBlob(copying, blob);
    copying.blobs.set(blob.digest, move);
    return move;
  });
  await allDone(moves);
}

async function copyChild(copying: Copying, child: Descriptor, depth: number): Promise<void> {
  const { source, target, from, to } = copying;
  const reference = withDigest(from, child.digest);
  if (depth > maxDepth) {
    throw new BerthError(
      "MANIFEST_INVALID",
      `copy ${printReference(reference)}: indexes are nested more than ${maxDepth} deep`,
    );
  }
  const manifest = await getManifest(source, reference);
  if (manifest === undefined) throw notThere(reference, to);
  await copyContent(copying, manifest, depth);
  await putManifest(target, withDigest(to, child.digest), manifest);
}

/** Waits for all before it fails, so that nothing goes on in the background after an error. */
async function allDone<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Makes a blob be in the target, and gives how many bytes travelled for that. */
async function copyBlob(copying: Copying, blob: Descriptor): Promise<number> {
  const { source, target, from, to, streams } = copying;
  const mount = source === target ? await mountBlob(target, from, to, blob.digest) : undefined;
  if (mount === "mounted") return 0;
  let isNeeded = false;
  try {
    isNeeded = !(await hasBlob(target, to, blob.digest, [scopeFor("push", to)]));
  } finally {
    if (!isNeeded && mount !== undefined) await cancelUpload(target, to, mount);
  }
  return isNeeded ? streams(() => streamBlob(copying, blob, mount)) : 0;
}

async function streamBlob(
  { source, target, from, to }: Copying,
  blob: Descriptor,
  opened: URL | undefined,
): Promise<number> {
  const open = async (): Promise<Streamed> => {
    const chunks = await openBlob(source, from, blob);
    const purpose = `get blob ${printReference(withDigest(from, blob.digest))}`;
    let wrong: BerthError | undefined;
    const verified = verify(chunks, blob, (what) => {
      wrong = wrongBlob(purpose, what);
      return wrong;
    });
    return { chunks: verified, size: blob.size, wrong: () => wrong, close: () => leave(chunks) };
  };
  await upload(target, to, blob.digest, open, opened);
  return blob.size;
}

/** What has not been started ends only by being started; what went wrong in it is told elsewhere. */
async function leave(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of chunks) break;
  } catch {}
}

/** Passes bytes on, and fails before the last of them where they are not the blob. */
async function* verify(
  chunks: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
  wrong: (what: string) => BerthError,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let seen = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    seen += chunk.length;
    if (seen > size) throw wrong(`more than ${size} bytes`);
    hash.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  const found = `sha256:${hash.digest("hex")}`;
  if (seen !== size) throw wrong(`${seen} bytes instead of ${size}`);
  if (found !== digest) throw wrong(`the bytes have ${found}`);
  if (held !== undefined) yield held;
}
