/** The conversation with one host: its address, what it is going to be asked, and requests within bounds. */
import pLimit from "p-limit";
import { BerthError } from "../errors.ts";
import { printStatus, statusError } from "../http/errors.ts";
import { apiOrigin } from "../http/origin.ts";
import type { Redactor } from "../http/redact.ts";
import type { Reply } from "../http/transport.ts";
import { isRepositoryPath } from "../oci/reference.ts";
import { type AskedCall, HostLogin, type LoginOptions } from "./login.ts";
import type { Right } from "./registry.ts";
import { accessOf, covers, mergeScopes, type Scope, scopeFor } from "./scopes.ts";
import { readChallenge } from "./token-service.ts";

export interface SessionOptions extends Omit<LoginOptions, "origin" | "announced"> {
  readonly plainHosts: readonly string[];
  /** Requests under way at a time, but for bodies that are passed on. */
  readonly parallel: number;
}

export class HostSession {
  readonly #origin: URL;
  readonly #options: SessionOptions;
  readonly #login: HostLogin;
  readonly #limit: ReturnType<typeof pLimit>;
  #announced: readonly Scope[] = [];

  constructor(options: SessionOptions) {
    const origin = apiOrigin(options.host, options.plainHosts);
    this.#origin = origin;
    this.#options = options;
    this.#limit = pLimit(options.parallel);
    this.#login = new HostLogin({ ...options, origin, announced: () => this.#announced });
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
    // What is wrong is told by the request that needs it.
    this.#login.refusal(needs, []).catch(() => undefined);
  }

  /** Why the token service refuses what of these rights is on this host, or one of the tags in the first repository. */
  refusal(rights: readonly Right[], tags: readonly string[]): Promise<string | undefined> {
    const here = rights.filter(({ repository }) => repository.host === this.#options.host);
    const needs = here.map(({ access, repository }) => scopeFor(access, repository));
    this.#note(needs);
    return this.#limit(() => this.#login.refusal(needs, tags));
  }

  #note(needs: readonly Scope[]): void {
    if (!covers(this.#announced, needs))
      this.#announced = mergeScopes([...this.#announced, ...needs]);
  }

  /** The address of something below `/v2/<path>/`; a path that could lead out of there is refused. */
  url(path: string, rest: string): URL {
    if (!isRepositoryPath(path)) {
      const what = `ask ${this.#origin.host} for ${JSON.stringify(path)}: not a repository`;
      throw new BerthError("REFERENCE_INVALID", what, {
        hint: "a repository's path is in lower case, without a tag",
      });
    }
    return new URL(`/v2/${path}/${rest}`, this.#origin);
  }

  /** Asks; the answer may be any but a transient one. */
  send(call: AskedCall): Promise<Reply> {
    this.#note(call.needs);
    return this.#limit(() => this.#login.send(call));
  }

  /** The same where other statuses are errors. */
  async expect(statuses: readonly number[], call: AskedCall): Promise<Reply> {
    const reply = await this.send(call);
    if (!statuses.includes(reply.status)) throw await this.error(call, reply);
    return reply;
  }

  backoff(attempt: number): Promise<void> {
    return this.#options.transport.backoff(attempt);
  }

  /** The error for an answer that the caller did not expect. */
  async error({ needs, purpose }: AskedCall, reply: Reply): Promise<BerthError> {
    const { redactor } = this.#options.world;
    const challenge = readChallenge(reply.headers.get("www-authenticate") ?? "");
    const isAboutToken = challenge?.kind === "token" && challenge.error === "invalid_token";
    if (reply.status === 401 && isAboutToken) return tokenError(purpose, reply, redactor);
    const hasLogin = await this.#login.hasLogin();
    // Asked for a password, the registry has seen ours.
    const isLoginRefused = reply.status === 401 && challenge?.kind === "password";
    const attempted = { purpose, access: accessOf(needs), hasLogin, isLoginRefused };
    return statusError(reply, attempted, redactor);
  }
}

/** A registry that refuses each new token has another time or another key than the service that made it. */
function tokenError(purpose: string, reply: Reply, redactor: Redactor): BerthError {
  const date = new Date(reply.headers.get("date") ?? "");
  const time = Number.isNaN(date.getTime()) ? "" : `, which says ${date.toISOString()}`;
  const what = `${purpose}: ${printStatus(reply, redactor)}: a token that was just made is not taken`;
  return new BerthError("REGISTRY_DENIED", what, {
    hint: `the registry's clock${time}, and that of its token service may differ, or the registry does not know the service's key: whoever runs them can compare both`,
  });
}
