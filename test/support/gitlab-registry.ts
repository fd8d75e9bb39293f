/**
 * GitLab's container registry: its rules before another registry, which holds blobs, manifests and tags.
 *
 * Behind it is the memory registry or Distribution, which checks tokens. What is done here is what GitLab's does
 * otherwise: test/platform/registry/rules.ts has it as a table, which GitLab's own can be held against.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { digestOf } from "../../src/oci/digest.ts";
import { distribution } from "./distribution.ts";
import { startDockerRegistry } from "./docker-registry.ts";
import { type Answer, listen, readRequest, type SeenRequest } from "./faulty-server.ts";
import {
  type Document,
  isWithheld,
  refusesContent,
  refusesDigest,
  refusesMoved,
  refusesParts,
  refusesTag,
  type StoredManifest,
  tagRulesOf,
} from "./gitlab-registry-rules.ts";
import { refuse, startMemoryRegistry, stopServer } from "./memory-registry.ts";
import { accessOf, challengeFor, keySet, type Place, type Signer } from "./tokens.ts";

export interface TaggedImage {
  readonly digest: string;
  readonly taggedAt: Date;
  /** By the image's config; the time that is told where there is no metadata database. */
  readonly builtAt?: Date;
  /** What the manifest refers to, in bytes. */
  readonly size: number;
}

/** Bytes of bodies, manifests and blobs alike. */
export interface Moved {
  readonly pushed: number;
  readonly pulled: number;
}

export interface GitLabRegistry {
  readonly host: string;
  /** Method and path with query of every request so far. */
  readonly log: string[];
  /** Repositories with their tags. */
  readonly tags: Map<string, Map<string, TaggedImage>>;
  moved(repository: string): Moved;
  stop(): Promise<void>;
}

/** Whose tokens it believes. */
export interface Authority extends Place {
  readonly issuer: string;
  readonly signer: Signer;
}

interface State {
  readonly authority: Authority;
  readonly now: () => Date;
  readonly backend: string;
  readonly agent: Agent;
  readonly tags: GitLabRegistry["tags"];
  readonly stored: Map<string, Map<string, StoredManifest>>;
  readonly bytes: Map<string, { pushed: number; pulled: number }>;
  /** The last change of each tag that is under way: Distribution fails where two meet. */
  readonly turns: Map<string, Promise<unknown>>;
}

export async function startGitLabRegistry(
  kind: "memory" | "distribution",
  authority: Authority,
  now: () => Date,
): Promise<GitLabRegistry> {
  const { signer, ...place } = authority;
  const challenge = (seen: SeenRequest) =>
    challengeFor(seen, accessOf(seen, signer.publicKey), place);
  const backend =
    kind === "memory"
      ? await startMemoryRegistry({ authority: { challenge } })
      : await startDockerRegistry({
          auth: "token",
          delete: true,
          program: await distribution(),
          believes: { ...place, keys: keySet(signer) },
        });
  const agent = new Agent({ keepAlive: true });
  const state: State = {
    authority,
    now,
    backend: backend.host,
    agent,
    tags: new Map(),
    stored: new Map(),
    bytes: new Map(),
    turns: new Map(),
  };
  const log: string[] = [];
  const server = createServer((incoming, response) => {
    log.push(`${incoming.method} ${decodeURIComponent(incoming.url ?? "")}`);
    serve(state, incoming, response).catch(() => response.destroy());
  });
  const host = await listen(server);
  return {
    host,
    log,
    tags: state.tags,
    moved: (repository) => ({ pushed: 0, pulled: 0, ...state.bytes.get(repository) }),
    async stop() {
      agent.destroy();
      await stopServer(server);
      await backend.stop();
    },
  };
}

/** A manifest in a path. */
interface Named {
  readonly name: string;
  /** A tag or a digest. */
  readonly reference: string;
}

async function serve(state: State, incoming: IncomingMessage, response: ServerResponse) {
  const url = new URL(incoming.url ?? "/", "http://registry");
  const [, name = "", reference = ""] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(url.pathname) ?? [];
  const change = { PUT: put, DELETE: remove }[incoming.method ?? ""];
  if (name !== "" && change !== undefined) {
    const seen = await readRequest(incoming);
    const answer = await inTurn(state, url.pathname, () =>
      change(state, seen, { name, reference }),
    );
    return send(response, answer);
  }
  const answer = await forward(state, incoming, incoming.url ?? "/", incoming);
  if (url.pathname.endsWith("/tags/list")) return listTags(state, url, answer, response);
  note(state, url, answer);
  if (name !== "" && answer.statusCode === 200) {
    const digest = state.tags.get(name)?.get(reference)?.digest ?? reference;
    const manifest = state.stored.get(name)?.get(digest);
    if (manifest !== undefined && isWithheld(manifest, incoming.headers.accept)) {
      answer.resume();
      return send(response, refuse(404, "MANIFEST_UNKNOWN"));
    }
  }
  count(state, url.pathname, "pulled", answer);
  const own = url.pathname === "/v2/" ? versionHeaders : {};
  response.writeHead(answer.statusCode ?? 500, { ...answer.headers, ...own });
  answer.pipe(response);
}

const versionHeaders = {
  "gitlab-container-registry-version": "4.36.0-gitlab",
  "gitlab-container-registry-features": "tag_delete",
  "gitlab-container-registry-database-enabled": "true",
};

async function inTurn<T>({ turns }: State, key: string, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(key) ?? Promise.resolve()).then(work, work);
  turns.set(key, turn);
  return turn;
}

/** A repository is there as soon as it has a blob. */
function note({ stored }: State, { pathname }: URL, { statusCode }: IncomingMessage) {
  const name = /^\/v2\/(.+)\/blobs\/uploads\//.exec(pathname)?.[1];
  if (name !== undefined && statusCode === 201 && !stored.has(name)) stored.set(name, new Map());
}

/** Sends a request on under its own host name, so that the addresses in answers lead back here. */
async function forward(
  state: State,
  { method, headers }: Pick<IncomingMessage, "method" | "headers">,
  to: string,
  body: IncomingMessage | Buffer,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(`http://${state.backend}`);
  const onward = request({ hostname, port, method, path: to, headers, agent: state.agent });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve).once("error", reject);
  });
  count(state, to, "pushed", body);
  if (Buffer.isBuffer(body)) onward.end(body);
  else body.pipe(onward);
  return answer;
}

function count(state: State, path: string, way: keyof Moved, body: IncomingMessage | Buffer) {
  const name = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(path)?.[1];
  if (name === undefined) return;
  const bytes = state.bytes.get(name) ?? { pushed: 0, pulled: 0 };
  state.bytes.set(name, bytes);
  const add = (piece: Buffer) => {
    bytes[way] += piece.length;
  };
  if (Buffer.isBuffer(body)) add(body);
  else body.on("data", add);
}

/** Where a token does not allow a change, the challenge; it comes before any other refusal. */
function challenged({ authority }: State, seen: SeenRequest): Answer | undefined {
  const access = accessOf(seen, authority.signer.publicKey);
  const challenge = challengeFor(seen, access, authority);
  if (challenge === undefined) return undefined;
  return { ...refuse(401, "UNAUTHORIZED"), headers: { "www-authenticate": challenge } };
}

async function put(state: State, seen: SeenRequest, named: Named): Promise<Answer> {
  const { name, reference } = named;
  const isTag = !reference.startsWith("sha256:");
  const rules = tagRulesOf(accessOf(seen, state.authority.signer.publicKey), name, "push");
  const refusal =
    challenged(state, seen) ?? (isTag ? refusesTag(rules, reference, "push") : undefined);
  if (refusal !== undefined) return refusal;
  const document: Document & Sized = JSON.parse(seen.body.toString());
  const stored = state.stored.get(name);
  const unfit = refusesContent(document, stored);
  if (unfit !== undefined) return unfit;
  const digest = digestOf(seen.body);
  const isThere = isTag && state.tags.get(name)?.has(reference) === true;
  const moves = isThere ? refusesMoved(rules.immutable, reference) : undefined;
  const at = moves === undefined ? reference : digest;
  const answer = await settled(
    await forward(state, seen, `/v2/${name}/manifests/${at}`, seen.body),
  );
  if (answer.status === 400 && answer.body.includes("UNKNOWN"))
    return refusesParts(stored !== undefined);
  if (answer.status !== 201) return answer;
  keep(state, named, { digest, document, isTag: isTag && moves === undefined });
  return moves ?? answer;
}

interface Sized {
  readonly mediaType?: string;
  readonly config?: { readonly size: number };
  readonly layers?: readonly { readonly size: number }[];
}

interface Kept {
  readonly digest: string;
  readonly document: Document & Sized;
  readonly isTag: boolean;
}

function keep(state: State, { name, reference }: Named, { digest, document, isTag }: Kept): void {
  const { mediaType = "", manifests = [], subject, config, layers = [] } = document;
  const stored = state.stored.get(name) ?? new Map<string, StoredManifest>();
  const children = manifests.map((child) => child.digest);
  stored.set(digest, { type: mediaType, children, subject: subject?.digest });
  state.stored.set(name, stored);
  if (!isTag) return;
  const tags = state.tags.get(name) ?? new Map<string, TaggedImage>();
  const size = [config, ...layers].reduce((sum, part) => sum + (part?.size ?? 0), 0);
  tags.set(reference, { digest, taggedAt: state.now(), size });
  state.tags.set(name, tags);
}

async function remove(state: State, seen: SeenRequest, named: Named): Promise<Answer> {
  const { name, reference } = named;
  const rules = tagRulesOf(accessOf(seen, state.authority.signer.publicKey), name, "delete");
  const stored = state.stored.get(name);
  const tags = state.tags.get(name);
  const isDigest = reference.startsWith("sha256:");
  const refusal =
    challenged(state, seen) ??
    (isDigest ? refusesDigest(rules, reference, stored) : refusesTag(rules, reference, "delete"));
  if (refusal !== undefined) return refusal;
  if (stored === undefined) return refuse(404, "NAME_UNKNOWN");
  if (!isDigest && tags?.has(reference) !== true) return refuse(404, "MANIFEST_UNKNOWN");
  const answer = await settled(await forward(state, seen, seen.path, seen.body));
  if (answer.status !== 202) return answer;
  stored.delete(reference);
  for (const [tag, { digest }] of tags ?? [])
    if (tag === reference || digest === reference) tags?.delete(tag);
  return answer;
}

/** Whether it may be listed, the registry behind says; what there is, the index. */
async function listTags(state: State, url: URL, answer: IncomingMessage, response: ServerResponse) {
  const name = url.pathname.slice("/v2/".length, -"/tags/list".length);
  const said = await settled(answer);
  const isThere = state.stored.has(name) && [200, 400, 404].includes(said.status);
  if (!isThere) return send(response, said);
  const asked = Number(url.searchParams.get("n") ?? "");
  const size = Number.isInteger(asked) && asked > 0 ? asked : 100;
  const last = url.searchParams.get("last") ?? "";
  const left = [...(state.tags.get(name)?.keys() ?? [])].sort().filter((tag) => tag > last);
  const page = left.slice(0, size);
  const next = `<${url.pathname}?n=${size}&last=${page.at(-1)}>; rel="next"`;
  const headers = {
    "content-type": "application/json",
    ...(left.length > size ? { link: next } : {}),
  };
  const body = JSON.stringify({ name, tags: page.length === 0 ? null : page });
  return send(response, { status: 200, headers, body });
}

async function settled(answer: IncomingMessage) {
  const { statusCode: status = 500, headers } = answer;
  return { status, headers: headers as Record<string, string>, body: await buffer(answer) };
}

function send(response: ServerResponse, { status, headers, body = "" }: Answer) {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, "content-length": bytes.length });
  response.end(bytes);
}
