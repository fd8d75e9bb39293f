/** One host: its address, how it wants to be asked, and requests with the right login at the right time. */
import pLimit from "p-limit";
import { BerthError } from "../errors.ts";
import { isRepositoryPath } from "../oci/reference.ts";
import type { RegistryLogin } from "./auth-file.ts";
import { Authority, type Grant, type TokenHint } from "./authority.ts";
import { isWebPage, statusError } from "./errors.ts";
import { apiOrigin } from "./origin.ts";
import { isReadOnly, mergeScopes, type Scope } from "./scope.ts";
import type { Call, Outside, Reply, Transport } from "./transport.ts";

export interface SessionOptions {
  readonly host: string;
  readonly plainHosts: readonly string[];
  readonly hint: TokenHint | undefined;
  readonly login: () => Promise<RegistryLogin | undefined>;
  readonly transport: Transport;
  readonly world: Outside;
  readonly parallel: number;
}

export type AskedCall = Omit<Call, "authorization">;

/** The conversation with one host. */
export class HostSession {
  readonly origin: URL;
  readonly world: Outside;
  readonly #transport: Transport;
  readonly #authority: Authority;
  readonly #limit: ReturnType<typeof pLimit>;
  readonly #streamsCount: boolean;
  #announced: readonly Scope[] = [];
  #finding: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    const { host, transport, world } = options;
    this.origin = apiOrigin(host, options.plainHosts);
    this.world = world;
    this.#transport = transport;
    this.#limit = pLimit(options.parallel);
    this.#streamsCount = options.parallel > world.limits.streams;
    this.#authority = new Authority({
      ...options,
      origin: this.origin,
      announced: () => this.#announced,
    });
  }

  announce(scopes: readonly Scope[]): void {
    // What is announced together stays together, for where one token request cannot hold all.
    const paths = new Set(scopes.map(({ path }) => path));
    const others = this.#announced.filter(({ path }) => !paths.has(path));
    const again = this.#announced.filter(({ path }) => paths.has(path));
    this.#announced = mergeScopes([...others, ...scopes, ...again]);
  }

  /** Gets the token for what is about to be asked, where one is needed, while something else is under way. */
  prepare(needs: readonly Scope[]): void {
    this.announce(needs);
    if (this.#authority.plan()?.kind !== "bearer") return;
    // What is wrong is told by the request that needs it.
    this.#authority.grant(needs, "").catch(() => undefined);
  }

  /** The address of something below `/v2/<path>/`; a path that could lead out of there is refused. */
  url(path: string, rest: string): URL {
    if (!isRepositoryPath(path)) {
      const what = `ask ${this.origin.host} for ${JSON.stringify(path)}: not a repository`;
      throw new BerthError("REFERENCE_INVALID", what, {
        hint: "a repository's path is in lower case, without a tag",
      });
    }
    return new URL(`/v2/${path}/${rest}`, this.origin);
  }

  /** Asks with what rights it needs; the answer may be any but a transient one. */
  send(needs: readonly Scope[], call: AskedCall): Promise<Reply> {
    this.#announced = mergeScopes([...this.#announced, ...needs]);
    return this.#limit(() => this.#send(needs, call));
  }

  /** The same for an answer of any size, whose chunks must be read to their end or left. */
  async stream(needs: readonly Scope[], call: AskedCall): Promise<Reply> {
    this.#announced = mergeScopes([...this.#announced, ...needs]);
    const asked = { ...call, stream: true };
    // A copy writes while it reads: with no place for both, reading goes beside the bound.
    if (!this.#streamsCount) return this.#send(needs, asked);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const hold = async () => {
      const reply = await this.#send(needs, asked);
      resolve(reply.chunks === undefined ? reply : { ...reply, chunks: until(reply.chunks, end) });
      if (reply.chunks !== undefined) await ended;
    };
    this.#limit(hold).catch(reject);
    return promise;
  }

  backoff(attempt: number): Promise<void> {
    return this.#transport.backoff(attempt);
  }

  /** The error for an answer that the caller did not expect. */
  async error(needs: readonly Scope[], { purpose }: AskedCall, reply: Reply): Promise<BerthError> {
    const actions = needs.flatMap((scope) => scope.actions);
    const write = actions.includes("delete") ? "delete" : "push";
    const access = isReadOnly(needs) ? "pull" : write;
    const hasLogin = await this.#authority.hasLogin();
    const { redactor } = this.world;
    return statusError({ ...reply, purpose, redactor, access, hasLogin });
  }

  async #send(needs: readonly Scope[], call: AskedCall, again = true): Promise<Reply> {
    // An upload's Location may be elsewhere; no login goes there.
    if (call.url.origin !== this.origin.origin) return this.#transport.send(call);
    const found = await this.#findOut(needs, call);
    if (found !== undefined) return found;
    const plan = this.#authority.plan();
    try {
      return await this.#authorized(needs, call);
    } catch (error) {
      // A hint that turned out useless has been dropped by now: ask the registry itself.
      const denied = error instanceof BerthError && error.code === "REGISTRY_DENIED";
      if (denied || !again || this.#authority.plan() === plan) throw error;
      return this.#send(needs, call, false);
    }
  }

  /**
   * Where it is not known how the host wants to be asked, one request finds out and the others wait;
   * gives that request's answer where it is good already.
   */
  async #findOut(needs: readonly Scope[], call: AskedCall): Promise<Reply | undefined> {
    while (this.#finding !== undefined) await this.#finding;
    if (this.#authority.plan() !== undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#finding = promise;
    try {
      const reply = await this.#transport.send(call);
      this.#authority.learn(reply);
      const kind = this.#authority.plan()?.kind;
      if (kind === "bearer") return undefined;
      // A login that nobody has tried yet is tried by one request alone.
      const tryLogin = kind === "basic" && (await this.#authority.hasLogin());
      return tryLogin ? await this.#authorized(needs, call) : reply;
    } finally {
      this.#authority.settle();
      this.#finding = undefined;
      resolve();
    }
  }

  async #authorized(needs: readonly Scope[], call: AskedCall): Promise<Reply> {
    const isOnce = call.body !== undefined && "chunks" in call.body;
    let grant = await this.#authority.grant(needs, call.purpose);
    let reply = await this.#transport.send({ ...call, authorization: grant.header });
    // Where a redirect led elsewhere, a 401 says nothing about the login, which did not go there.
    const isOurs = reply.url.origin === this.origin.origin;
    if (!isOurs) return reply;
    if (isTooLong(reply) && this.#authority.shorten(grant, needs) && !isOnce)
      return this.#authorized(needs, call);
    if (reply.status === 401 && (await this.#authority.refused(grant, reply)) && !isOnce) {
      grant = await this.#authority.grant(needs, call.purpose);
      reply = await this.#transport.send({ ...call, authorization: grant.header });
    }
    const denied = reply.status === 401 || reply.status === 403;
    if (!denied || grant.identity === "anonymous" || !isReadOnly(needs)) return reply;
    return (await this.#withoutLogin(needs, call, grant)) ?? reply;
  }

  /** Public images have been refused to logins that may not read them and given to everybody else. */
  async #withoutLogin(
    needs: readonly Scope[],
    call: AskedCall,
    refused: Grant,
  ): Promise<Reply | undefined> {
    const grant = await this.#authority.anonymous(needs, refused);
    if (grant === undefined) return undefined;
    const reply = await this.#transport.send({ ...call, authorization: grant.header });
    const works = reply.status !== 401 && reply.status !== 403;
    this.#authority.remember(needs, works);
    return works ? reply : undefined;
  }
}

/** Request Header Fields Too Large (RFC 6585), and what nginx answers itself: 494, told outside as a 400 with a page. */
function isTooLong({ status, headers }: Reply): boolean {
  return status === 431 || status === 494 || (status === 400 && isWebPage(headers));
}

/** Passes pieces on and tells when no more are to come, however that came about. */
async function* until(
  chunks: AsyncGenerator<Uint8Array>,
  end: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    end();
  }
}
