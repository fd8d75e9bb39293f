/** Listing and deleting tags. */
import { BerthError } from "../errors.ts";
import {
  isTag,
  printReference,
  printRepository,
  type Reference,
  type Repository,
} from "../oci/reference.ts";
import { isWebPage, webPageError } from "./errors.ts";
import { maxBytes } from "./limits.ts";
import { headManifest } from "./manifests.ts";
import { scopeFor } from "./scope.ts";
import type { AskedCall, HostSession } from "./session.ts";
import type { Reply } from "./transport.ts";

/** GitLab's registry gives no more than this on one page. */
const pageSize = 1000;
/** Pages in a row that bring nothing new before a list is held to have no end. */
const idlePages = 10;

/** All tags, one request a page. */
export async function* listTags(
  session: HostSession,
  repository: Repository,
): AsyncGenerator<string> {
  const needs = [scopeFor("pull", repository)];
  const seen = new Set<string>();
  let url: URL | undefined = session.url(repository.path, `tags/list?n=${pageSize}`);
  let before: ReadonlySet<string> = new Set();
  let idle = 0;
  while (url !== undefined) {
    seen.add(url.href);
    const purpose = `list tags of ${printRepository(repository)}`;
    const call: AskedCall = { method: "GET", url, purpose, maxBytes: maxBytes.tagPage };
    const reply: Reply = await session.send(needs, call);
    // Only the first page tells of a repository that is not there; a later one that is gone is a hole.
    if (reply.status === 404 && seen.size === 1) return;
    if (reply.status !== 200) throw await session.error(needs, call, reply);
    if (isWebPage(reply.headers)) throw webPageError(purpose);
    const tags = readTags(reply, purpose);
    yield* tags;
    idle = tags.every((tag) => before.has(tag)) ? idle + 1 : 0;
    before = new Set(tags);
    url = nextPage(reply, url, purpose);
    const isCircle = url !== undefined && (seen.has(url.href) || idle >= idlePages);
    if (isCircle) throw badPage(purpose, "its pages go in a circle");
  }
}

function readTags({ bytes }: Reply, purpose: string): readonly string[] {
  const tags = parseTags(bytes);
  // A repository whose tags are all deleted has null for a list.
  if (tags === null) return [];
  // What is no tag could lead a deletion to another address.
  const isList = Array.isArray(tags) && tags.every((tag) => typeof tag === "string" && isTag(tag));
  if (!isList) throw badPage(purpose, "the answer is no list of tags");
  return tags;
}

function parseTags(bytes: Uint8Array): unknown {
  try {
    const page: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof page === "object" && page !== null && "tags" in page ? page.tags : undefined;
  } catch {
    return undefined;
  }
}

/** The next page (RFC 8288), always on the registry itself: behind a proxy it may not know its own scheme. */
function nextPage({ headers }: Reply, current: URL, purpose: string): URL | undefined {
  const link = /<([^>]*)>\s*;[^,]*\brel\s*=\s*"?next\b/i.exec(headers.get("link") ?? "")?.[1];
  if (link === undefined) return undefined;
  const next = URL.canParse(link, current.href) ? new URL(link, current) : undefined;
  if (next?.hostname !== current.hostname) throw badPage(purpose, "its next page is elsewhere");
  return new URL(next.pathname + next.search, current);
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
  const call: AskedCall = { method: "DELETE", url, purpose };
  const reply = await session.send(needs, call);
  if (isWebPage(reply.headers) && reply.status < 300) throw webPageError(purpose);
  if (reply.status === 202 || reply.status === 200 || reply.status === 204) return true;
  // Sent a second time, it finds what the first, whose answer was lost, has left.
  if (reply.status === 404) return reply.again === true;
  const isUnsupported = reply.status === 400 || reply.status === 405 || reply.status === 501;
  if (!isUnsupported) throw await session.error(needs, call, reply);
  if ((await headManifest(session, reference)) === undefined) return false;
  throw new BerthError("REGISTRY_REFUSED", `${purpose}: the registry cannot delete a single tag`, {
    hint: "delete it in the registry's own interface; deleting its manifest would delete other tags too",
  });
}
