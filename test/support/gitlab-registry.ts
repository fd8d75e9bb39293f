/**
 * GitLab's container registry before another one: a proxy that keeps the tags itself.
 *
 * Behind it is the memory registry or Debian's docker-registry, which checks the tokens and holds
 * blobs and manifests. docker-registry cannot delete a tag, so a tag is there if and only if this
 * index has it: deleting takes it out, and a read of one that is not in it asks for a name that
 * nobody ever pushed. What it does as GitLab's does is only what is documented: deletion by tag,
 * protected tags, refused config types, times of tagging.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { digestOf } from "../../src/oci/digest.ts";
import { startDockerRegistry } from "./docker-registry.ts";
import { listen, readRequest } from "./faulty-server.ts";
import { type Identity, type Model, projectOfRepository } from "./gitlab-model.ts";
import { mayChangeTag } from "./gitlab-rights.ts";
import { refuse, startMemoryRegistry, stopServer } from "./memory-registry.ts";
import type { TokenService } from "./token-service.ts";

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

interface State {
  readonly model: Model;
  readonly tokens: TokenService;
  readonly realm: () => string;
  readonly backend: string;
  readonly agent: Agent;
  readonly tags: GitLabRegistry["tags"];
  readonly bytes: Map<string, { pushed: number; pulled: number }>;
}

/** `realm` is the address that challenges name: engines ask there with a job's own token. */
export async function startGitLabRegistry(
  kind: "memory" | "docker",
  model: Model,
  tokens: TokenService,
  realm: () => string = () => tokens.realm,
): Promise<GitLabRegistry> {
  const backend =
    kind === "memory"
      ? await startMemoryRegistry({ authority: tokens.authority })
      : await startDockerRegistry({ auth: "token", delete: true, tokenService: tokens });
  const agent = new Agent({ keepAlive: true });
  const state: State = {
    model,
    tokens,
    realm,
    backend: backend.host,
    agent,
    tags: new Map(),
    bytes: new Map(),
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

async function serve(state: State, incoming: IncomingMessage, response: ServerResponse) {
  const url = new URL(incoming.url ?? "/", "http://registry");
  const path = url.pathname;
  const [, name = "", reference = ""] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path) ?? [];
  const isTag = name !== "" && !reference.startsWith("sha256:");
  if (isTag && incoming.method === "PUT") return putTag(state, incoming, response, name, reference);
  if (name !== "" && incoming.method === "DELETE")
    return remove(state, incoming, response, name, reference);
  const isGone = isTag && state.tags.get(name)?.has(reference) !== true;
  const to = isGone ? `/v2/${name}/manifests/never-pushed` : (incoming.url ?? "/");
  const answer = await forward(state, incoming, to);
  if (path.endsWith("/tags/list")) return listTags(state, url, answer, response);
  count(state, path, "pulled", answer);
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  answer.pipe(response);
}

/** Sends a request on under its own host name, so that the addresses in answers lead back here. */
async function forward(
  state: State,
  incoming: IncomingMessage,
  to: string,
  body?: Buffer,
): Promise<IncomingMessage> {
  const { hostname, port } = new URL(`http://${state.backend}`);
  const { method, headers } = incoming;
  const onward = request({ hostname, port, method, path: to, headers, agent: state.agent });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    onward.once("response", resolve).once("error", reject);
  });
  count(state, to, "pushed", incoming, body);
  if (body === undefined) incoming.pipe(onward);
  else onward.end(body);
  const { headers: said } = await answer;
  const challenge = said["www-authenticate"];
  if (challenge !== undefined) said["www-authenticate"] = named(state, challenge);
  return answer;
}

/** A challenge that names GitLab's own token service. */
function named({ tokens, realm }: State, challenge: string): string {
  return challenge.replace(tokens.realm, realm());
}

function count(
  state: State,
  path: string,
  way: "pushed" | "pulled",
  stream: IncomingMessage,
  body?: Buffer,
) {
  const name = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(path)?.[1];
  if (name === undefined) return;
  const bytes = state.bytes.get(name) ?? { pushed: 0, pulled: 0 };
  state.bytes.set(name, bytes);
  const add = (piece: Buffer) => {
    bytes[way] += piece.length;
  };
  if (body !== undefined) add(body);
  else stream.on("data", add);
}

const knownConfigs = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.buildkit.cacheconfig.v0",
]);

async function putTag(
  state: State,
  incoming: IncomingMessage,
  response: ServerResponse,
  name: string,
  tag: string,
) {
  const body = await buffer(incoming);
  const manifest = JSON.parse(body.toString());
  const type: string | undefined = manifest.config?.mediaType;
  if ((type !== undefined && !knownConfigs.has(type)) || manifest.artifactType !== undefined)
    return send(response, refuse(400, "MANIFEST_INVALID", "unknown media type"));
  if (!mayChange(state, incoming, name, tag, "push"))
    return send(response, refuse(403, "DENIED", "requested access to the resource is denied"));
  const answer = await forward(state, incoming, incoming.url ?? "", body);
  if (answer.statusCode === 201) {
    const tags = state.tags.get(name) ?? new Map<string, TaggedImage>();
    const parts: { size: number }[] = [manifest.config, ...(manifest.layers ?? [])];
    const size = parts.reduce((sum, part) => sum + (part?.size ?? 0), 0);
    tags.set(tag, { digest: digestOf(body), taggedAt: state.model.now(), size });
    state.tags.set(name, tags);
  }
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  answer.pipe(response);
}

async function remove(
  state: State,
  incoming: IncomingMessage,
  response: ServerResponse,
  name: string,
  reference: string,
) {
  const seen = await readRequest(incoming);
  const challenge = state.tokens.authority.challenge(seen);
  if (challenge !== undefined) {
    const headers = { "www-authenticate": named(state, challenge) };
    return send(response, { ...refuse(401, "UNAUTHORIZED"), headers });
  }
  const tags = state.tags.get(name);
  if (reference.startsWith("sha256:")) {
    const isRuled = (projectOfRepository(state.model, name)?.tagRules.length ?? 0) > 0;
    if (isRuled && !mayChange(state, incoming, name, "", "delete"))
      return send(response, refuse(403, "DENIED"));
    for (const [tag, { digest }] of tags ?? []) if (digest === reference) tags?.delete(tag);
    return send(response, { status: 202 });
  }
  if (!mayChange(state, incoming, name, reference, "delete"))
    return send(response, refuse(403, "DENIED"));
  const isDeleted = tags?.delete(reference) === true;
  return send(response, isDeleted ? { status: 202 } : refuse(404, "MANIFEST_UNKNOWN"));
}

/** Whether the rules for protected tags let the bearer write or delete one. */
function mayChange(
  state: State,
  { headers }: IncomingMessage,
  name: string,
  tag: string,
  action: "push" | "delete",
): boolean {
  const project = projectOfRepository(state.model, name);
  const claims = /^Bearer [^.]+\.([^.]+)/.exec(headers.authorization ?? "")?.[1] ?? "";
  const subject = claims === "" ? "" : JSON.parse(Buffer.from(claims, "base64url").toString()).sub;
  const identity: Identity = state.model.tokens.get(subject) ?? { kind: "anonymous" };
  // Who is nobody is refused by the registry itself.
  if (project === undefined || identity.kind === "anonymous") return true;
  return mayChangeTag(identity, project, tag, action);
}

/** Whether it may be listed, the registry behind says; what there is, the index. */
async function listTags(state: State, url: URL, answer: IncomingMessage, response: ServerResponse) {
  const body = await buffer(answer);
  const status = answer.statusCode ?? 500;
  if (status !== 200) {
    return send(response, { status, headers: answer.headers as Record<string, string>, body });
  }
  const name = url.pathname.slice("/v2/".length, -"/tags/list".length);
  const size = Number(url.searchParams.get("n") ?? 100);
  const last = url.searchParams.get("last") ?? "";
  const all = [...(state.tags.get(name)?.keys() ?? [])].sort();
  const left = all.filter((tag) => tag > last);
  const page = left.slice(0, size);
  const next = `<${url.pathname}?n=${size}&last=${page.at(-1)}>; rel="next"`;
  const headers = {
    "content-type": "application/json",
    ...(left.length > size ? { link: next } : {}),
  };
  const text = JSON.stringify({ name, tags: all.length === 0 ? null : page });
  return send(response, { status, headers, body: text });
}

function send(
  response: ServerResponse,
  answer: { status: number; headers?: Readonly<Record<string, string>>; body?: string | Buffer },
) {
  const body = Buffer.from(answer.body ?? "");
  response.writeHead(answer.status, { ...answer.headers, "content-length": body.length });
  response.end(body);
}
