/** What GitLab's registry keeps beside the registry behind it, and how it asks that one. */
import { type Agent, type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Answer, SeenRequest } from "./faulty-server.ts";
import type { StoredManifest } from "./gitlab-registry-rules.ts";
import { refuse } from "./memory-registry.ts";
import { accessOf, challengeFor, type Place, type Signer } from "./tokens.ts";

export interface TaggedImage {
  readonly digest: string;
  readonly taggedAt: Date;
  /** By the image's config; the time that is told where there is no metadata database. */
  readonly builtAt?: Date;
}

/** Bytes of bodies, manifests and blobs alike. */
export interface Moved {
  readonly pushed: number;
  readonly pulled: number;
}

/** Whose tokens it believes. */
export interface Authority extends Place {
  readonly issuer: string;
  readonly signer: Signer;
}

export interface State {
  readonly authority: Authority;
  readonly now: () => Date;
  readonly backend: string;
  readonly agent: Agent;
  readonly tags: Map<string, Map<string, TaggedImage>>;
  readonly stored: Map<string, Map<string, StoredManifest>>;
  readonly bytes: Map<string, { pushed: number; pulled: number }>;
  /** The last change of each tag that is under way: Distribution fails where two meet. */
  readonly turns: Map<string, Promise<unknown>>;
}

/** Sends a request on under its own host name, so that the addresses in answers lead back here. */
export async function forward(
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

export function count(
  state: State,
  path: string,
  way: keyof Moved,
  body: IncomingMessage | Buffer,
) {
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
export function challenged({ authority }: State, seen: SeenRequest): Answer | undefined {
  const access = accessOf(seen, authority.signer.publicKey);
  const challenge = challengeFor(seen, access, authority);
  if (challenge === undefined) return undefined;
  return { ...refuse(401, "UNAUTHORIZED"), headers: { "www-authenticate": challenge } };
}

export async function settled(answer: IncomingMessage) {
  const { statusCode: status = 500, headers } = answer;
  return { status, headers: headers as Record<string, string>, body: await buffer(answer) };
}
