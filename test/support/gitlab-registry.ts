/**
 * GitLab's container registry: its rules before another registry, which holds blobs, manifests and tags.
 *
 * Behind it is the memory registry or Distribution, which checks tokens. What is done here is what GitLab's does
 * otherwise: test/platform/registry/rules.ts has it as a table, which GitLab's own can be held against.
 */
import { Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { distribution } from "./distribution.ts";
import { startDockerRegistry } from "./docker-registry.ts";
import { type Answer, listen, readRequest, type SeenRequest } from "./faulty-server.ts";
import { put, remove } from "./gitlab-registry-changes.ts";
import { isWithheld } from "./gitlab-registry-rules.ts";
import {
  type Authority,
  count,
  forward,
  type Moved,
  type State,
  settled,
} from "./gitlab-registry-state.ts";
import { refuse, startMemoryRegistry, stopServer } from "./memory-registry.ts";
import { accessOf, challengeFor, keySet } from "./tokens.ts";

export interface GitLabRegistry {
  readonly host: string;
  /** Method and path with query of every request so far. */
  readonly log: string[];
  /** Repositories with their tags. */
  readonly tags: State["tags"];
  moved(repository: string): Moved;
  stop(): Promise<void>;
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

async function serve(state: State, incoming: IncomingMessage, response: ServerResponse) {
  const url = new URL(`http://registry${incoming.url ?? "/"}`);
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
    const isTag = !reference.startsWith("sha256:");
    // GitLab's database says which tags there are, and what they are of.
    const digest = isTag ? state.tags.get(name)?.get(reference)?.digest : reference;
    const manifest = state.stored.get(name)?.get(digest ?? "");
    if (
      (isTag && digest === undefined) ||
      (manifest !== undefined && isWithheld(manifest, incoming.headers.accept))
    ) {
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

function send(response: ServerResponse, { status, headers, body = "" }: Answer) {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, "content-length": bytes.length });
  response.end(bytes);
}
