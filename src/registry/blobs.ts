/** Blobs: reading, mounting and uploading them (distribution-spec, "Pulling blobs", "Pushing blobs", "Mounting a blob"). */
import { BerthError } from "../errors.ts";
import { refuseWebPage } from "../http/errors.ts";
import { refuseHop } from "../http/origin.ts";
import { isStreamed, type Reply, type Streamed } from "../http/transport.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import type { Descriptor } from "../oci/manifest.ts";
import { printReference, printRepository, type Repository, withDigest } from "../oci/reference.ts";
import type { AskedCall } from "./login.ts";
import { type Scope, scopeFor } from "./scopes.ts";
import type { HostSession } from "./session.ts";

const maxSmallBlob = 4 * 1024 * 1024;

function blobCall(
  session: HostSession,
  method: "GET" | "HEAD",
  repository: Repository,
  digest: Digest,
): AskedCall {
  const url = session.url(repository.path, `blobs/${digest}`);
  const purpose = `${method.toLowerCase()} blob ${printReference(withDigest(repository, digest))}`;
  return { method, url, purpose, needs: [scopeFor("pull", repository)] };
}

/** Whether a blob is there; `needs` may be more than reading, where writing follows. */
export async function hasBlob(
  session: HostSession,
  repository: Repository,
  digest: Digest,
  needs: readonly Scope[] = [scopeFor("pull", repository)],
): Promise<boolean> {
  const call = { ...blobCall(session, "HEAD", repository, digest), needs };
  const reply = await session.expect([200, 404], call);
  if (reply.status === 200) refuseWebPage(reply, call.purpose);
  return reply.status === 200;
}

/** A small blob, verified. */
export async function getBlob(
  session: HostSession,
  repository: Repository,
  digest: Digest,
): Promise<Uint8Array | undefined> {
  const call = blobCall(session, "GET", repository, digest);
  const bounded = { ...call, maxBytes: maxSmallBlob, overflow: "MANIFEST_INVALID" } as const;
  const { status, bytes } = await session.expect([200, 404], bounded);
  if (status === 404) return undefined;
  const found = digestOf(bytes);
  if (found !== digest) throw wrongBlob(call.purpose, `the bytes have ${found}`);
  return bytes;
}

/** Opens a blob of any size; its bytes are not verified yet. */
export async function openBlob(
  session: HostSession,
  repository: Repository,
  { digest }: Descriptor,
): Promise<AsyncGenerator<Uint8Array>> {
  const call = blobCall(session, "GET", repository, digest);
  const reply = await session.send({ ...call, stream: true });
  if (reply.status === 200 && reply.chunks !== undefined) return reply.chunks;
  throw await session.error(call, reply);
}

export function wrongBlob(purpose: string, what: string): BerthError {
  return new BerthError("MANIFEST_INVALID", `${purpose}: ${what}`, {
    hint: "what arrived is not what was asked for; the registry's storage may be damaged",
  });
}

/** Mounts a blob from another repository; where that was not done, an upload that takes its bytes, if one was opened. */
export async function mountBlob(
  session: HostSession,
  from: Repository,
  to: Repository,
  digest: Digest,
): Promise<"mounted" | URL | undefined> {
  const call: AskedCall = {
    method: "POST",
    needs: [scopeFor("push", to), scopeFor("pull", from)],
    url: session.url(
      to.path,
      `blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from.path)}`,
    ),
    purpose: `mount blob ${printRepository(to)}@${digest}`,
  };
  const reply = await session.send(call).catch((error: unknown) => {
    // Who may not mount may still read and write, so a denial is an answer here.
    if (error instanceof BerthError && error.code === "REGISTRY_DENIED") return undefined;
    throw error;
  });
  if (reply?.status === 201) return "mounted";
  return reply?.status === 202 ? uploadLocation(reply, call) : undefined;
}

/** Where an upload goes on; relative or absolute, but never where a registry's answer must not send us. */
function uploadLocation(reply: Reply, { purpose }: AskedCall): URL {
  const header = reply.headers.get("location") ?? "";
  const location =
    header !== "" && URL.canParse(header, reply.url.href) ? new URL(header, reply.url) : undefined;
  const why = location === undefined ? "no address" : refuseHop(reply.url, location);
  if (location === undefined || why !== undefined) {
    throw new BerthError("REGISTRY_REFUSED", `${purpose}: the registry gives ${why} to upload to`, {
      hint: "behind a proxy that ends TLS, a registry must be told its outer address",
    });
  }
  return location;
}

const attempts = 3;

/** What to upload: bytes, or how to open a stream of them anew for each attempt. */
export type Content = Uint8Array | (() => Promise<Streamed>);

/** Uploads a small blob unless it is there already; mounts it where `from` has it. */
export async function putBlob(
  session: HostSession,
  repository: Repository,
  bytes: Uint8Array,
  from?: Repository,
): Promise<Digest> {
  const digest = digestOf(bytes);
  if (from?.host === repository.host) {
    const mount = await mountBlob(session, from, repository, digest);
    if (mount === undefined) return putBlob(session, repository, bytes);
    if (mount !== "mounted") await upload(session, repository, digest, bytes, mount);
    return digest;
  }
  const needs = [scopeFor("push", repository)];
  if (!(await hasBlob(session, repository, digest, needs))) {
    await upload(session, repository, digest, bytes);
  }
  return digest;
}

/**
 * Uploads a blob that is not there, from the beginning again where an attempt fails.
 *
 * All bytes go in one PUT, of which a registry keeps nothing when it breaks off, so there is nothing to
 * resume. Pieces that could be resumed (PATCH) would cost every upload a request for each, and what
 * berth uploads is small, but for layers between two hosts. An upload whose opening was answered into
 * the void has no address to give it back by; registries purge those.
 *
 * `opened` is an upload that exists already, as a refused mount leaves one.
 */
export async function upload(
  session: HostSession,
  repository: Repository,
  digest: Digest,
  content: Content,
  opened?: URL,
): Promise<void> {
  const needs = [scopeFor("push", repository)];
  let location = opened;
  for (let attempt = 1; ; attempt++) {
    location ??= await openUpload(session, repository);
    const failure = await sendContent(session, repository, digest, content, location);
    if (failure === undefined) return;
    await cancelUpload(session, repository, location);
    location = undefined;
    if (!failure.again || attempt >= attempts) throw failure.error;
    await session.backoff(attempt);
    // The blob may have arrived although its answer did not.
    if (await hasBlob(session, repository, digest, needs)) return;
  }
}

interface Failure {
  readonly error: unknown;
  readonly again: boolean;
}

async function sendContent(
  session: HostSession,
  repository: Repository,
  digest: Digest,
  content: Content,
  location: URL,
): Promise<Failure | undefined> {
  let body: Uint8Array | Streamed | undefined;
  try {
    body = typeof content === "function" ? await content() : content;
    const call: AskedCall = {
      method: "PUT",
      needs: [scopeFor("push", repository)],
      url: finalUrl(location, digest),
      purpose: `upload blob ${printRepository(repository)}@${digest}`,
      headers: { "content-type": "application/octet-stream" },
      body,
      once: true,
    };
    const reply = await session.send(call);
    if (reply.status === 201 || reply.status === 204) return undefined;
    // 404, 416: the upload session is gone or is not where we think; 401 to a stream, which cannot
    // be sent twice: the token is gone.
    const isLost = reply.status === 404 || reply.status === 416;
    const again = isLost || (reply.status === 401 && isStreamed(body));
    return { error: await session.error(call, reply), again };
  } catch (error) {
    const wrong = isStreamed(body) ? body.wrong?.() : undefined;
    if (wrong !== undefined) return { error: wrong, again: false };
    const again = error instanceof BerthError && error.code === "REGISTRY_UNAVAILABLE";
    return { error, again };
  } finally {
    if (isStreamed(body)) await body.close?.();
  }
}

/** The session's address with the digest; what the registry wrote there stays as it is. */
function finalUrl(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${digest}`;
  return url;
}

async function openUpload(session: HostSession, repository: Repository): Promise<URL> {
  const call: AskedCall = {
    method: "POST",
    needs: [scopeFor("push", repository)],
    url: session.url(repository.path, "blobs/uploads/"),
    purpose: `open upload to ${printRepository(repository)}`,
  };
  return uploadLocation(await session.expect([202], call), call);
}

/** Gives an upload session back; that it is gone anyway is no failure. */
export async function cancelUpload(
  session: HostSession,
  repository: Repository,
  location: URL,
): Promise<void> {
  const needs = [scopeFor("push", repository)];
  const purpose = `cancel upload to ${printRepository(repository)}`;
  await session
    .send({ method: "DELETE", url: location, purpose, needs, once: true })
    .catch(() => undefined);
}
