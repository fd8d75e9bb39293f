/** An in-memory registry on a loopback port: referential integrity, a request log, and faults on demand. */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { digestOf } from "../../src/oci/digest.ts";
import {
  type Answer,
  type Fault,
  listen,
  readRequest,
  respond,
  type SeenRequest,
  stopServer,
  type Traffic,
  watchTraffic,
} from "./faulty-server.ts";

export { type Answer, type Fault, type SeenRequest, stopServer } from "./faulty-server.ts";

export interface Authority {
  /** The WWW-Authenticate header for a request that may not be answered yet; `undefined` where it may. */
  challenge(request: SeenRequest): string | undefined;
}

export interface MemoryRegistryOptions {
  readonly authority?: Authority;
  readonly fault?: (request: SeenRequest) => Fault | undefined;
  readonly latencyMs?: number;
  /** What an answer waits for. */
  readonly hold?: (request: SeenRequest) => Promise<void> | undefined;
  /** `202` opens an upload instead of mounting. */
  readonly mounts?: 201 | 202 | 400;
  readonly pageSize?: number;
  /** Of the loopback interface; 127.0.0.1 where it is not given. */
  readonly address?: string;
}

interface Stored {
  readonly blobs: Set<string>;
  readonly manifests: Map<string, { readonly type: string; readonly bytes: Buffer }>;
  readonly tags: Map<string, string>;
}

interface Upload {
  /** The repository. */
  readonly path: string;
  /** What has come so far. */
  readonly bytes: Buffer;
}

export interface MemoryRegistry {
  readonly host: string;
  /** Method and path with query of every request so far. */
  readonly log: string[];
  readonly requests: SeenRequest[];
  readonly blobs: Map<string, Buffer>;
  readonly repositories: Map<string, Stored>;
  readonly openUploads: Map<string, Upload>;
  readonly traffic: Traffic;
  stop(): Promise<void>;
}

type Registry = Omit<MemoryRegistry, "host" | "stop" | "traffic"> & {
  readonly options: MemoryRegistryOptions;
};

export async function startMemoryRegistry(
  options: MemoryRegistryOptions = {},
): Promise<MemoryRegistry> {
  const stores = { blobs: new Map(), repositories: new Map(), openUploads: new Map() };
  const registry: Registry = { options, log: [], requests: [], ...stores };
  const server = createServer((request, response) => void serve(registry, request, response));
  const traffic = watchTraffic(server);
  const host = await listen(server, options.address);
  return { ...registry, host, traffic, stop: () => stopServer(server) };
}

async function serve(registry: Registry, incoming: IncomingMessage, response: ServerResponse) {
  const request = await readRequest(incoming).catch(() => undefined);
  if (request === undefined) return;
  const query = request.query.size === 0 ? "" : `?${decodeURIComponent(`${request.query}`)}`;
  registry.log.push(`${request.method} ${request.path}${query}`);
  registry.requests.push(request);
  const { latencyMs = 0, fault, hold } = registry.options;
  await hold?.(request);
  if (latencyMs > 0) await sleep(latencyMs);
  const chosen = fault?.(request);
  respond(request.method, response, chosen, () => answer(registry, request));
}

function answer(registry: Registry, request: SeenRequest): Answer {
  const challenge = registry.options.authority?.challenge(request);
  if (challenge !== undefined)
    return { ...refuse(401, "UNAUTHORIZED"), headers: { "www-authenticate": challenge } };
  const [, path = "", area = "", rest = ""] =
    /^\/v2\/(.+)\/(manifests|blobs\/uploads|blobs|tags\/list)\/?([^/]*)$/.exec(request.path) ?? [];
  if (area === "manifests") return manifests(registry, request, path, rest);
  if (area === "blobs/uploads") return uploads(registry, request, path, rest);
  if (area === "blobs") return blobs(registry, request, path, rest);
  if (area === "tags/list") return listTags(registry, request, path);
  return { status: request.path === "/v2/" ? 200 : 404 };
}

export function refuse(status: number, code: string, message = code.toLowerCase()): Answer {
  return { status, body: JSON.stringify({ errors: [{ code, message }] }) };
}

function open({ repositories }: Registry, path: string): Stored {
  const empty: Stored = { blobs: new Set(), manifests: new Map(), tags: new Map() };
  const stored = repositories.get(path) ?? empty;
  repositories.set(path, stored);
  return stored;
}

function manifests(registry: Registry, request: SeenRequest, path: string, name: string): Answer {
  const { method, body, headers } = request;
  if (method === "PUT") return putManifest(registry, path, name, body, headers["content-type"]);
  if (method === "DELETE") return deleteManifest(registry, path, name);
  const stored = registry.repositories.get(path);
  if (stored === undefined) return refuse(404, "NAME_UNKNOWN");
  const digest = stored.tags.get(name) ?? name;
  const found = stored.manifests.get(digest);
  if (found === undefined) return refuse(404, "MANIFEST_UNKNOWN");
  const told = { "content-type": found.type, "docker-content-digest": digest };
  return { status: 200, headers: told, body: found.bytes };
}

function putManifest(
  registry: Registry,
  path: string,
  name: string,
  bytes: Buffer,
  type = "",
): Answer {
  const stored = open(registry, path);
  const { config, layers = [], manifests: children = [] } = JSON.parse(bytes.toString());
  const needed: { digest: string }[] = [...(config === undefined ? [] : [config]), ...layers];
  const lacks =
    needed.some(({ digest }) => !stored.blobs.has(digest)) ||
    children.some(({ digest }: { digest: string }) => !stored.manifests.has(digest));
  if (lacks) return refuse(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
  const digest = digestOf(bytes);
  if (name.startsWith("sha256:") && name !== digest) return refuse(400, "DIGEST_INVALID");
  stored.manifests.set(digest, { type, bytes });
  if (!name.startsWith("sha256:")) stored.tags.set(name, digest);
  return { status: 201, headers: { "docker-content-digest": digest } };
}

/** Deletes a tag, or a manifest with all its tags. */
function deleteManifest(registry: Registry, path: string, name: string): Answer {
  const { tags, manifests } = registry.repositories.get(path) ?? {};
  const isDeleted = name.startsWith("sha256:") ? manifests?.delete(name) : tags?.delete(name);
  for (const [tag, digest] of tags ?? []) if (digest === name) tags?.delete(tag);
  return isDeleted === true ? { status: 202 } : refuse(404, "MANIFEST_UNKNOWN");
}

function uploads(registry: Registry, request: SeenRequest, path: string, id: string): Answer {
  const { method, query } = request;
  if (method === "POST") return openUpload(registry, path, query);
  const upload = registry.openUploads.get(id);
  if (upload?.path !== path) return refuse(404, "BLOB_UPLOAD_UNKNOWN");
  const body =
    upload.bytes.length === 0 ? request.body : Buffer.concat([upload.bytes, request.body]);
  if (method === "PATCH") return awaitMore(registry, id, { path, bytes: body });
  const digest = query.get("digest") ?? "";
  const isWrong = method === "PUT" && digestOf(body) !== digest;
  if (isWrong) return refuse(400, "DIGEST_INVALID");
  registry.openUploads.delete(id);
  if (method === "DELETE") return { status: 204 };
  registry.blobs.set(digest, body);
  open(registry, path).blobs.add(digest);
  return { status: 201, headers: { "docker-content-digest": digest } };
}

function openUpload(registry: Registry, path: string, query: URLSearchParams): Answer {
  const digest = query.get("mount") ?? "";
  const { mounts = 201 } = registry.options;
  if (digest !== "" && mounts === 400) return refuse(400, "UNSUPPORTED");
  const isThere = registry.repositories.get(query.get("from") ?? "")?.blobs.has(digest) === true;
  if (isThere && mounts === 201) {
    open(registry, path).blobs.add(digest);
    return { status: 201, headers: { "docker-content-digest": digest } };
  }
  return awaitMore(registry, randomUUID(), { path, bytes: Buffer.of() });
}

function awaitMore({ openUploads }: Registry, id: string, upload: Upload): Answer {
  openUploads.set(id, upload);
  const location = `/v2/${upload.path}/blobs/uploads/${id}?_state=a%3Db`;
  return { status: 202, headers: { location, range: `0-${Math.max(0, upload.bytes.length - 1)}` } };
}

function blobs(registry: Registry, { method }: SeenRequest, path: string, digest: string): Answer {
  const bytes = registry.blobs.get(digest);
  const linked = registry.repositories.get(path)?.blobs.has(digest) === true;
  if (!linked || bytes === undefined) return refuse(404, "BLOB_UNKNOWN");
  return method === "GET" || method === "HEAD"
    ? { status: 200, headers: { "docker-content-digest": digest }, body: bytes }
    : refuse(405, "UNSUPPORTED");
}

function listTags(registry: Registry, { query }: SeenRequest, path: string): Answer {
  const stored = registry.repositories.get(path);
  if (stored === undefined) return refuse(404, "NAME_UNKNOWN");
  const all = [...stored.tags.keys()].sort();
  const from = all.findIndex((tag) => tag > (query.get("last") ?? ""));
  const size = registry.options.pageSize ?? Number(query.get("n"));
  const page = from < 0 ? [] : all.slice(from, from + size);
  const isLast = from < 0 || from + size >= all.length;
  const link = `</v2/${path}/tags/list?n=${size}&last=${page.at(-1)}>; rel="next"`;
  const body = JSON.stringify({ name: path, tags: all.length === 0 ? null : page });
  return { status: 200, headers: isLast ? {} : { link }, body };
}
