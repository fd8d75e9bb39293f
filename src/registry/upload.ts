/** Uploading a blob: an upload session, then all bytes in one PUT (distribution-spec, "Pushing blobs"). */
import { BerthError } from "../errors.ts";
import { type Digest, digestOf } from "../oci/digest.ts";
import { printRepository, type Repository } from "../oci/reference.ts";
import { hasBlob } from "./blobs.ts";
import { refuseHop } from "./origin.ts";
import { scopeFor } from "./scope.ts";
import type { AskedCall, Session } from "./session.ts";
import type { Reply, Streamed } from "./transport.ts";

const attempts = 3;

/** What to upload: bytes, or how to open a stream of them anew for each attempt. */
export type Content = Uint8Array | (() => Promise<Streamed>);

/** Uploads a small blob unless it is there already. */
export async function putBlob(
  session: Session,
  repository: Repository,
  bytes: Uint8Array,
): Promise<Digest> {
  const digest = digestOf(bytes);
  const needs = [scopeFor("push", repository)];
  if (!(await hasBlob(session, repository, digest, needs))) {
    await upload(session, repository, digest, bytes);
  }
  return digest;
}

/**
 * Uploads a blob that is not there, from the beginning again where an attempt fails.
 *
 * `opened` is an upload session that exists already, as a refused mount leaves one.
 */
export async function upload(
  session: Session,
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
  session: Session,
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

async function openUpload(session: Session, repository: Repository): Promise<URL> {
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

/** Where an upload goes on; relative or absolute, but never where a registry's answer must not send us. */
export function uploadLocation(reply: Reply, { purpose }: Pick<AskedCall, "purpose">): URL {
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

/** Gives an upload session back; that it is gone anyway is no failure. */
export async function cancelUpload(
  session: Session,
  repository: Repository,
  location: URL,
): Promise<void> {
  const needs = [scopeFor("push", repository)];
  const purpose = `cancel upload to ${printRepository(repository)}`;
  await session
    .send(needs, { method: "DELETE", url: location, purpose, once: true })
    .catch(() => undefined);
}
