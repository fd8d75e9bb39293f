/** Reading and writing manifests. */
import { BerthError } from "../errors.ts";
import { type Digest, digestOf, parseDigest } from "../oci/digest.ts";
import {
  acceptedManifests,
  type Descriptor,
  type Manifest,
  maxManifestBytes,
  parseManifest,
} from "../oci/manifest.ts";
import { isTag, printReference, type Reference } from "../oci/reference.ts";
import { isWebPage, readComplaints, webPageError } from "./errors.ts";
import { scopeFor } from "./scope.ts";
import type { AskedCall, HostSession } from "./session.ts";
import type { Reply } from "./transport.ts";

const attempts = 3;

export type Manifested = Pick<Manifest, "bytes" | "descriptor">;

function manifestCall(
  session: HostSession,
  method: AskedCall["method"],
  reference: Reference,
): AskedCall {
  const name = reference.digest ?? reference.tag;
  const purpose = `${method.toLowerCase()} manifest ${printReference(reference)}`;
  if (name === undefined || (reference.digest === undefined && !isTag(name))) {
    throw new BerthError("REFERENCE_INVALID", `${purpose}: neither a tag nor a digest`);
  }
  const url = session.url(reference.path, `manifests/${name}`);
  return { method, url, purpose, headers: { accept: acceptedManifests.join(", ") } };
}

export async function getManifest(
  session: HostSession,
  reference: Reference,
): Promise<Manifest | undefined> {
  const needs = [scopeFor("pull", reference)];
  const call: AskedCall = {
    ...manifestCall(session, "GET", reference),
    maxBytes: maxManifestBytes,
    overflow: "MANIFEST_INVALID",
  };
  const reply = await session.send(needs, call);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw await session.error(needs, call, reply);
  if (isWebPage(reply.headers)) throw webPageError(call.purpose);
  const digest = digestOf(reply.bytes);
  checkDigest(call, "the bytes have", digest, reference.digest);
  checkDigest(call, "the registry says", namedDigest(reply, call), digest);
  const type = reply.headers.get("content-type") ?? "";
  return parseManifest(reply.bytes, type, printReference(reference));
}

/** The descriptor from headers alone; `"unclear"` where they do not tell. */
export async function headManifest(
  session: HostSession,
  reference: Reference,
): Promise<Descriptor | undefined | "unclear"> {
  const needs = [scopeFor("pull", reference)];
  const call = manifestCall(session, "HEAD", reference);
  const reply = await session.send(needs, call);
  if (reply.status === 404) return undefined;
  if (reply.status !== 200) throw await session.error(needs, call, reply);
  if (isWebPage(reply.headers)) throw webPageError(call.purpose);
  const digest = namedDigest(reply, call);
  if (digest === undefined) return "unclear";
  checkDigest(call, "the registry says", digest, reference.digest);
  const mediaType = reply.headers.get("content-type")?.split(";")[0]?.trim() ?? "";
  const length = reply.headers.get("content-length") ?? "";
  const size = /^\d{1,9}$/.test(length) ? Number(length) : 0;
  // A compressed answer's length is not the manifest's.
  const isPlain = (reply.headers.get("content-encoding") ?? "identity") === "identity";
  const isClear = isPlain && size > 0 && size <= maxManifestBytes;
  return isClear && acceptedManifests.includes(mediaType) ? { mediaType, digest, size } : "unclear";
}

export async function putManifest(
  session: HostSession,
  reference: Reference,
  { bytes, descriptor }: Manifested,
): Promise<void> {
  const needs = [scopeFor("push", reference)];
  const call: AskedCall = {
    ...manifestCall(session, "PUT", reference),
    headers: { "content-type": descriptor.mediaType },
    body: bytes,
  };
  checkDigest(call, "the bytes have", digestOf(bytes), descriptor.digest);
  checkDigest(call, "the bytes have", descriptor.digest, reference.digest);
  let reply = await session.send(needs, call);
  for (let attempt = 1; attempt < attempts && isDoubted(reply); attempt++) {
    await session.backoff(attempt);
    reply = await session.send(needs, call);
  }
  if (reply.status !== 201 && reply.status !== 200 && reply.status !== 202) {
    throw await session.error(needs, call, reply);
  }
  if (isWebPage(reply.headers)) throw webPageError(call.purpose);
  checkDigest(call, "the registry says", namedDigest(reply, call), descriptor.digest);
}

/** The digest has been checked: docker-registry doubts it while another writer replaces the same tag. */
function isDoubted({ status, bytes }: Reply): boolean {
  return status === 400 && readComplaints(bytes).some(({ code }) => code === "DIGEST_INVALID");
}

function namedDigest({ headers }: Reply, { purpose }: AskedCall): Digest | undefined {
  const header = headers.get("docker-content-digest");
  if (header === null) return undefined;
  const digest = parseDigest(header);
  if (digest !== undefined) return digest;
  throw new BerthError("MANIFEST_INVALID", `${purpose}: the registry names no sha256 digest`, {
    hint: "only sha256 digests are supported",
  });
}

function checkDigest(
  { purpose }: AskedCall,
  whose: string,
  found: Digest | undefined,
  expected: Digest | undefined,
): void {
  if (found === undefined || expected === undefined || found === expected) return;
  throw new BerthError("MANIFEST_INVALID", `${purpose}: ${whose} ${found}, expected ${expected}`, {
    hint: "what arrived is not what was asked for; a proxy or a broken registry may have changed it",
  });
}
