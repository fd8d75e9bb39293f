/** Manifests and their tags: reading, writing, listing, deleting. */
import { BerthError } from "../errors.ts";
import { readComplaints, refuseWebPage } from "../http/errors.ts";
import type { Reply } from "../http/transport.ts";
import { readObject } from "../json.ts";
import { type Digest, digestOf, parseDigest } from "../oci/digest.ts";
import {
  acceptedManifests,
  type Descriptor,
  type Manifest,
  maxManifestBytes,
  parseManifest,
} from "../oci/manifest.ts";
import {
  isTag,
  printReference,
  printRepository,
  type Reference,
  type Repository,
} from "../oci/reference.ts";
import type { AskedCall } from "./login.ts";
import { scopeFor } from "./scopes.ts";
import type { HostSession } from "./session.ts";

export type Manifested = Pick<Manifest, "bytes" | "descriptor">;

function manifestCall(
  session: HostSession,
  method: "GET" | "HEAD" | "PUT",
  reference: Reference,
): AskedCall {
  const name = reference.digest ?? reference.tag;
  const purpose = `${method.toLowerCase()} manifest ${printReference(reference)}`;
  if (name === undefined || (reference.digest === undefined && !isTag(name))) {
    throw new BerthError("REFERENCE_INVALID", `${purpose}: neither a tag nor a digest`);
  }
  const url = session.url(reference.path, `manifests/${name}`);
  const needs = [scopeFor(method === "PUT" ? "push" : "pull", reference)];
  return { method, url, purpose, needs, headers: { accept: acceptedManifests.join(", ") } };
}

export async function getManifest(
  session: HostSession,
  reference: Reference,
): Promise<Manifest | undefined> {
  const call: AskedCall = {
    ...manifestCall(session, "GET", reference),
    maxBytes: maxManifestBytes,
    overflow: "MANIFEST_INVALID",
  };
  const reply = await session.expect([200, 404], call);
  refuseWebPage(reply, call.purpose);
  if (reply.status === 404) return undefined;
  const digest = digestOf(reply.bytes);
  checkDigest(call, "the bytes have", digest, reference.digest);
  checkDigest(call, "the registry says", namedDigest(reply, call), digest);
  const type = reply.headers.get("content-type") ?? "";
  return parseManifest(reply.bytes, type, printReference(reference));
}

/** The descriptor from headers alone, and from the manifest itself where they do not tell. */
export async function headManifest(
  session: HostSession,
  reference: Reference,
): Promise<Descriptor | undefined> {
  const call = manifestCall(session, "HEAD", reference);
  const reply = await session.expect([200, 404], call);
  refuseWebPage(reply, call.purpose);
  if (reply.status === 404) return undefined;
  const descriptor = describedBy(reply, call);
  if (descriptor === undefined) return (await getManifest(session, reference))?.descriptor;
  checkDigest(call, "the registry says", descriptor.digest, reference.digest);
  return descriptor;
}

function describedBy(reply: Reply, call: AskedCall): Descriptor | undefined {
  const header = (name: string) => reply.headers.get(name) ?? "";
  const digest = namedDigest(reply, call);
  const mediaType = header("content-type").split(";")[0]?.trim() ?? "";
  const length = header("content-length");
  const size = /^\d{1,9}$/.test(length) ? Number(length) : 0;
  // A compressed answer's length is not the manifest's.
  const isPlain = ["", "identity"].includes(header("content-encoding"));
  const isClear = isPlain && size > 0 && size <= maxManifestBytes;
  if (digest === undefined || !isClear || !acceptedManifests.includes(mediaType)) return undefined;
  return { mediaType, digest, size };
}

export async function putManifest(
  session: HostSession,
  reference: Reference,
  { bytes, descriptor }: Manifested,
): Promise<void> {
  const call: AskedCall = {
    ...manifestCall(session, "PUT", reference),
    headers: { "content-type": descriptor.mediaType },
    body: bytes,
  };
  checkDigest(call, "the bytes have", digestOf(bytes), descriptor.digest);
  checkDigest(call, "the bytes have", descriptor.digest, reference.digest);
  let reply = await session.send(call);
  // The digest has been checked: docker-registry doubts it while another writer replaces the same tag.
  const isDoubted = () => reply.status === 400 && isCalled("DIGEST_INVALID", reply);
  for (let attempt = 1; attempt < 3 && isDoubted(); attempt++) {
    await session.backoff(attempt);
    reply = await session.send(call);
  }
  // GitLab refuses an immutable tag even what it points at already.
  if (isCalled("IMMUTABLE_TAG", reply)) return checkStays(session, reference, descriptor, call);
  if (reply.status !== 201 && reply.status !== 200 && reply.status !== 202) {
    throw await session.error(call, reply);
  }
  refuseWebPage(reply, call.purpose);
  checkDigest(call, "the registry says", namedDigest(reply, call), descriptor.digest);
}

function isCalled(code: string, { bytes }: Reply): boolean {
  return readComplaints(bytes).some((complaint) => complaint.code === code);
}

async function checkStays(
  session: HostSession,
  reference: Reference,
  { digest }: Descriptor,
  { purpose }: AskedCall,
): Promise<void> {
  const stays = await headManifest(session, reference);
  if (stays?.digest === digest) return;
  const what = `${purpose}: IMMUTABLE_TAG: it stays at ${stays?.digest ?? "what it was"}, which is not ${digest}`;
  throw new BerthError("REGISTRY_DENIED", what, {
    hint: "a rule of the project makes this tag immutable; let it leave out the tags that berth moves: key2-*, and those that are promoted",
  });
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

/** GitLab's registry gives no more than this on one page. */
const pageSize = 1000;
const maxPageBytes = 4 * 1024 * 1024;
/** Pages in a row that bring nothing new before a list is held to have no end. */
const idlePages = 10;
/** A registry may make up new ones for ever. */
const mostPages = 1000;
const mostBytes = 128 * 1024 * 1024;

/** All tags, one request a page. */
export async function* listTags(
  session: HostSession,
  repository: Repository,
): AsyncGenerator<readonly string[]> {
  const needs = [scopeFor("pull", repository)];
  const seen = new Set<string>();
  let url: URL | undefined = session.url(repository.path, `tags/list?n=${pageSize}`);
  let before: ReadonlySet<string> = new Set();
  let idle = 0;
  let bytes = 0;
  while (url !== undefined) {
    seen.add(url.href);
    const purpose = `list tags of ${printRepository(repository)}`;
    const call = { method: "GET", url, purpose, needs, maxBytes: maxPageBytes } as const;
    const reply: Reply = await session.expect([200, 404], call);
    refuseWebPage(reply, purpose);
    // Only the first page tells of a repository that is not there; a later one that is gone is a hole.
    if (reply.status === 404 && seen.size === 1) return;
    if (reply.status === 404) throw await session.error(call, reply);
    const tags = readTags(reply, purpose);
    yield tags;
    bytes += reply.bytes.length;
    idle = tags.every((tag) => before.has(tag)) ? idle + 1 : 0;
    before = new Set(tags);
    url = nextPage(reply, url, purpose);
    const isCircle = url !== undefined && (seen.has(url.href) || idle >= idlePages);
    if (isCircle) throw badPage(purpose, "its pages go in a circle");
    if (url !== undefined && (seen.size >= mostPages || bytes > mostBytes))
      throw badPage(purpose, "its pages do not end");
  }
}

function readTags({ bytes }: Reply, purpose: string): readonly string[] {
  const tags = readObject(bytes)?.["tags"];
  // A repository whose tags are all deleted has null for a list.
  if (tags === null) return [];
  // What is no tag could lead a deletion to another address.
  const isList = Array.isArray(tags) && tags.every((tag) => typeof tag === "string" && isTag(tag));
  if (!isList) throw badPage(purpose, "the answer is no list of tags");
  return tags;
}

/** An address, other parameters of it, whose quoted values may hold commas, and `rel`, which may name several. */
const nextLink =
  /<([^<>]*)>(?:\s*;\s*[^\s=,;<"]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*?\s*;\s*rel\s*=\s*(?:"?next\b|"[^"]*\snext\b)/i;

/** The next page (RFC 8288), always on the registry itself: behind a proxy it may not know its own scheme. */
function nextPage({ headers }: Reply, current: URL, purpose: string): URL | undefined {
  const link = nextLink.exec(headers.get("link") ?? "")?.[1];
  if (link === undefined) return undefined;
  const next = URL.canParse(link, current.href) ? new URL(link, current) : undefined;
  if (next?.hostname !== current.hostname) throw badPage(purpose, "its next page is elsewhere");
  // Its path may begin like another address: `//elsewhere/x`.
  return Object.assign(new URL(current), { pathname: next.pathname, search: next.search });
}

function badPage(purpose: string, what: string): BerthError {
  return new BerthError("REGISTRY_REFUSED", `${purpose}: ${what}`, {
    hint: "this is a fault of the registry or of a proxy before it",
  });
}

/** Deletes a tag (distribution-spec 1.1) and never a manifest, which other tags may share; whether it was there. */
export async function deleteTag(session: HostSession, reference: Reference): Promise<boolean> {
  const purpose = `delete tag ${printReference(reference)}`;
  if (reference.digest !== undefined || !isTag(reference.tag ?? "")) {
    throw new BerthError("REFERENCE_INVALID", `${purpose}: not a tag`);
  }
  const needs = [scopeFor("delete", reference)];
  const url = session.url(reference.path, `manifests/${reference.tag}`);
  const call: AskedCall = { method: "DELETE", url, purpose, needs };
  const reply = await session.send(call);
  if (reply.status < 300) refuseWebPage(reply, purpose);
  if (reply.status === 202 || reply.status === 200 || reply.status === 204) return true;
  // Sent a second time, it finds what the first, whose answer was lost, has left.
  if (reply.status === 404) return reply.again === true;
  const isUnsupported = reply.status === 400 || reply.status === 405 || reply.status === 501;
  if (!isUnsupported) throw await session.error(call, reply);
  if ((await headManifest(session, reference)) === undefined) return false;
  throw new BerthError("REGISTRY_REFUSED", `${purpose}: the registry cannot delete a single tag`, {
    hint: "delete it in the registry's own interface; deleting its manifest would delete other tags too",
  });
}
