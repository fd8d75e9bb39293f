/** Uploading a blob: an upload session, then all bytes in one PUT (distribution-spec, "Pushing blobs"). */
import { BerthError } from "../errors.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { printRepository, type Repository } from "../oci/reference.ts";
import { hasBlob } from "./blobs.ts";
import { mountBlob, uploadLocation } from "./mount.ts";
import { scopeFor } from "./scope.ts";
import type { AskedCall, HostSession } from "./session.ts";
import type { Streamed } from "./transport.ts";

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
    if (mount.kind === "mounted") return digest;
    if (mount.kind === "session") {
      await upload(session, repository, digest, bytes, mount.location);
      return digest;
    }
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
 * `opened` is an upload session that exists already, as a refused mount leaves one.
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
  const needs = [scopeFor("push", repository)];
  let body: Uint8Array | Streamed | undefined;
  try {
    body = typeof content === "function" ? await content() : content;
    const call: AskedCall = {
      method: "PUT",
      url: finalUrl(location, digest),
      purpose: `upload blob ${printRepository(repository)}@${digest}`,
      headers: { "content-type": "application/octet-stream" },
      body,
      once: true,
    };
    const reply = await session.send(needs, call);
    if (reply.status === 201 || reply.status === 204) return undefined;
    // 404, 416: the upload session is gone or is not where we think; 401 to a stream, which cannot
    // be sent twice: the token is gone.
    const isLost = reply.status === 404 || reply.status === 416;
    const again = isLost || (reply.status === 401 && "chunks" in body);
    return { error: await session.error(needs, call, reply), again };
  } catch (error) {
    const wrong = body !== undefined && "chunks" in body ? body.wrong?.() : undefined;
    if (wrong !== undefined) return { error: wrong, again: false };
    const again = error instanceof BerthError && error.code === "REGISTRY_UNAVAILABLE";
    return { error, again };
  } finally {
    if (body !== undefined && "chunks" in body) await body.close?.();
  }
}

/** The session's address with the digest; what the registry wrote there stays as it is. */
function finalUrl(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${digest}`;
  return url;
}

async function openUpload(session: HostSession, repository: Repository): Promise<URL> {
  const needs = [scopeFor("push", repository)];
  const call: AskedCall = {
    method: "POST",
    url: session.url(repository.path, "blobs/uploads/"),
    purpose: `open upload to ${printRepository(repository)}`,
  };
  const reply = await session.send(needs, call);
  if (reply.status !== 202) throw await session.error(needs, call, reply);
  return uploadLocation(reply, call);
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
    .send(needs, { method: "DELETE", url: location, purpose, once: true })
    .catch(() => undefined);
}
