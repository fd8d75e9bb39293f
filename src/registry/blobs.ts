/** Reading blobs. */
import { BerthError } from "../errors.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { printReference, type Repository, withDigest } from "../oci/reference.ts";
import { isWebPage, webPageError } from "./errors.ts";
import { maxBytes } from "./limits.ts";
import { type Scope, scopeFor } from "./scope.ts";
import type { AskedCall, HostSession } from "./session.ts";
import type { Reply } from "./transport.ts";

function blobCall(
  session: HostSession,
  method: "GET" | "HEAD",
  repository: Repository,
  digest: Digest,
): AskedCall {
  const purpose = `${method.toLowerCase()} blob ${printReference(withDigest(repository, digest))}`;
  return { method, url: session.url(repository.path, `blobs/${digest}`), purpose };
}

/** Whether a blob is there; `needs` may be more than reading, where writing follows. */
export async function hasBlob(
  session: HostSession,
  repository: Repository,
  digest: Digest,
  needs: readonly Scope[] = [scopeFor("pull", repository)],
): Promise<boolean> {
  const call = blobCall(session, "HEAD", repository, digest);
  const reply = await session.send(needs, call);
  if (reply.status === 200 && isWebPage(reply.headers)) throw webPageError(call.purpose);
  if (reply.status === 200) return true;
  if (reply.status === 404) return false;
  throw await session.error(needs, call, reply);
}

/** A small blob, verified. */
export async function getBlob(
  session: HostSession,
  repository: Repository,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  const needs = [scopeFor("pull", repository)];
  const call: AskedCall = {
    ...blobCall(session, "GET", repository, digest),
    maxBytes: maxBytes.smallBlob,
    overflow: "MANIFEST_INVALID",
  };
  const reply = await session.send(needs, call);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw await session.error(needs, call, reply);
  const found = digestOf(reply.bytes);
  if (found !== digest) throw wrongBlob(call.purpose, `the bytes have ${found}`);
  return reply.bytes;
}

/** Opens a blob of any size; its bytes are not verified yet. */
export async function openBlob(
  session: HostSession,
  repository: Repository,
  { digest }: Pick<Descriptor, "digest">,
): Promise<Reply & { readonly chunks: AsyncGenerator<Uint8Array> }> {
  const needs = [scopeFor("pull", repository)];
  const call = blobCall(session, "GET", repository, digest);
  const reply = await session.stream(needs, call);
  if (reply.status !== 200 || reply.chunks === undefined) {
    throw await session.error(needs, call, reply);
  }
  return { ...reply, chunks: reply.chunks };
}

export function wrongBlob(purpose: string, what: string): BerthError {
  return new BerthError("MANIFEST_INVALID", `${purpose}: ${what}`, {
    hint: "what arrived is not what was asked for; the registry's storage may be damaged",
  });
}
