/**
 * Logging in at one host, from top to bottom.
 *
 * The first request finds out how the host wants to be asked: openly, with a password, or with a token of a
 * token service, which a hint may name beforehand. From then on each request goes with the login; where it
 * only reads and the login is refused, once more as anybody, since public images have been refused to logins
 * that may not read them and given to everybody else.
 */
import { deniedError, isAboutTag, isTooLong } from "../http/errors.ts";
import { type RealmTrust, realmTrust, type TokenHint } from "../http/origin.ts";
import {
  type Call,
  isStreamed,
  type Outside,
  type Reply,
  type Transport,
} from "../http/transport.ts";
import { type RegistryLogin, secretOf } from "./credentials.ts";
import { accessOf, isReadOnly, type Scope } from "./scopes.ts";
import {
  deniedTag,
  passwordHeader,
  type Refusal,
  readChallenge,
  type TokenService,
} from "./token-service.ts";
import { type Identity, type Token, Tokens } from "./tokens.ts";

export interface LoginOptions {
  readonly host: string;
  readonly origin: URL;
  readonly hint: TokenHint | undefined;
  readonly login: () => Promise<RegistryLogin | undefined>;
  readonly transport: Transport;
  readonly world: Outside;
  readonly announced: () => readonly Scope[];
}

export interface AskedCall extends Omit<Call, "login"> {
  /** The rights that it needs. */
  readonly needs: readonly Scope[];
}

/** How a host wants to be asked. */
type Way = { readonly kind: "open" } | { readonly kind: "password" } | Tokens;

/** What a request is sent with. */
interface Grant {
  readonly kind: "granted";
  readonly header?: Call["login"];
  readonly token?: Token;
  /** Where the token is from. */
  readonly tokens?: Tokens;
}

type DeniedReply = Reply & { readonly status: 401 | 403 };

export class HostLogin {
  readonly #options: LoginOptions;
  /** Whether reads of a path went through as anybody's. */
  readonly #public = new Map<string, boolean>();
  #way: Way | undefined;
  /** Under way while one request finds out, for which the others wait. */
  #finding: Promise<void> | undefined;
  #login: Promise<RegistryLogin | undefined> | undefined;
  #isPasswordRefused = false;

  constructor(options: LoginOptions) {
    this.#options = options;
    const { hint, origin } = options;
    const realm = hint !== undefined && URL.canParse(hint.realm) ? new URL(hint.realm) : undefined;
    // A hint is configuration, so its host is trusted; its way there must be as safe as the registry's.
    if (realm?.protocol === "https:" || (realm !== undefined && origin.protocol === "http:"))
      this.#way = this.#tokens({ realm, service: hint?.service }, { kind: "login" }, true);
  }

  async hasLogin(): Promise<boolean> {
    return (await this.#getLogin()) !== undefined;
  }

  /** Gets the token for some needs: who refuses it, or a tag in the first repository, says why; `undefined` else. */
  async refusal(needs: readonly Scope[], tags: readonly string[]) {
    if (this.#way?.kind !== "token") return undefined;
    const grant = await this.#grant(await this.#identity(needs), { needs, purpose: "get token" });
    if (grant.kind === "refused") return grant.what;
    return deniedTag(grant.token?.value ?? "", needs[0]?.path, tags);
  }

  /** Sends a request with what its rights need; the answer may be any but a transient one. */
  async send(call: AskedCall): Promise<Reply> {
    const { transport, origin } = this.#options;
    // An upload's Location may be elsewhere; no login goes there.
    if (call.url.origin !== origin.origin) return transport.send(call);
    const reply = await this.#findOut(call);
    if (reply !== undefined) return reply;
    const way = this.#way;
    try {
      return await this.#sendWithLogin(call);
    } catch (error) {
      if (!isUseless(way) || isStreamed(call.body)) throw error;
      return this.send(call);
    }
  }

  /** Lets the first request find out how to ask, for all who wait; gives its answer where that is good already. */
  async #findOut(call: AskedCall): Promise<Reply | undefined> {
    while (this.#finding !== undefined) await this.#finding;
    // Nobody can be asked where such a hint leads, so the registry itself is.
    if (isUseless(this.#way)) this.#way = undefined;
    const kind = () => this.#way?.kind;
    if (kind() !== undefined) return kind() === "open" ? this.#sendOpenly(call) : undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#finding = promise;
    try {
      const reply = await this.#sendOpenly(call);
      // A password that nobody has tried yet is tried by one request alone.
      const isFirst = reply === undefined && kind() === "password";
      return isFirst ? await this.#sendWithLogin(call) : reply;
    } finally {
      this.#way ??= { kind: "open" };
      this.#finding = undefined;
      resolve();
    }
  }

  /** Sends without a login; `undefined` where the answer asks for one, so that the request may do better. */
  async #sendOpenly(call: AskedCall): Promise<Reply | undefined> {
    const reply = await this.#options.transport.send(call);
    if (reply.status !== 401 || !this.#isOurs(reply)) return reply;
    const isOpen = () => this.#way === undefined || this.#way.kind === "open";
    if (isOpen()) this.#learn(reply);
    const isInVain = isOpen() || (this.#way?.kind === "password" && !(await this.hasLogin()));
    return isInVain || isStreamed(call.body) ? reply : undefined;
  }

  /** Learns from a 401 how the host wants to be asked; what it does not tell stays as it is. */
  #learn({ headers }: Reply): void {
    const challenge = readChallenge(headers.get("www-authenticate") ?? "");
    if (challenge?.kind === "token") {
      const trust = realmTrust(this.#options.origin, challenge.realm);
      this.#way = this.#tokens(challenge, trust);
    } else if (challenge !== undefined) this.#way = challenge;
  }

  /** Sends with the login, and once as anybody where it only reads and the login may not. */
  async #sendWithLogin(call: AskedCall): Promise<Reply> {
    const { needs, purpose } = call;
    const identity = await this.#identity(needs);
    const answer = await this.#sendAs(identity, call);
    if (!this.#isNo(answer)) return answer;
    const isNew = !needs.some(({ path }) => this.#public.has(path));
    if (identity === "login" && isReadOnly(needs) && isNew) {
      const other = await this.#sendAs("anonymous", call);
      const isPublic = !this.#isNo(other);
      for (const { path } of needs) this.#public.set(path, isPublic);
      if (isPublic) return other;
    }
    if (!("what" in answer)) return answer;
    const hasLogin = await this.hasLogin();
    throw deniedError(answer.what, { purpose, access: accessOf(needs), hasLogin });
  }

  async #identity(needs: readonly Scope[]): Promise<Identity> {
    const isPublic = needs.every(({ path }) => this.#public.get(path) === true);
    const isAnybody = (isPublic && isReadOnly(needs)) || !(await this.hasLogin());
    return isAnybody ? "anonymous" : "login";
  }

  async #sendAs(identity: Identity, call: AskedCall): Promise<Reply | Refusal> {
    const isOnce = isStreamed(call.body);
    let isRenewed = false;
    for (;;) {
      const grant = await this.#grant(identity, call);
      if (grant.kind === "refused") return grant;
      const { tokens, token, header } = grant;
      const reply = await this.#options.transport.send({ ...call, login: header, identity });
      if (!this.#isOurs(reply)) return reply;
      const isShorter = isTooLong(reply) && token && tokens?.shorten(token, call.needs);
      if (isShorter === true && !isOnce) continue;
      if (reply.status !== 401 || isRenewed || isAboutTag(reply)) return reply;
      isRenewed = true;
      if (!this.#mayRenew(grant, reply) || isOnce) return reply;
    }
  }

  /** What a request with these needs is sent with. */
  async #grant(
    identity: Identity,
    { needs, purpose }: Pick<AskedCall, "needs" | "purpose">,
  ): Promise<Grant | Refusal> {
    const way = this.#way;
    if (way?.kind === "token") {
      const token = await way.acquire(identity, needs, purpose);
      if (token.kind === "refused") return token;
      const header = { authorization: `Bearer ${token.value}` };
      return { kind: "granted", tokens: way, token, header };
    }
    if (identity === "anonymous") return { kind: "granted" };
    if (this.#isPasswordRefused) return { kind: "refused", what: "401 (the login was refused)" };
    return { kind: "granted", header: passwordHeader(await this.#getLogin()) };
  }

  /** After a 401 to this grant: whether another one may do better. */
  #mayRenew({ tokens, token, header }: Grant, reply: Reply): boolean {
    if (tokens === undefined || token === undefined) {
      this.#isPasswordRefused ||= header !== undefined;
      return false;
    }
    tokens.forget(token);
    const challenge = readChallenge(reply.headers.get("www-authenticate") ?? "");
    const isNew =
      challenge?.kind === "token" && challenge.realm.href !== tokens.source.service.realm.href;
    if (!isNew || tokens !== this.#way) return true;
    // One odd answer must not end what works, so only a service that may be asked takes its place.
    if (realmTrust(this.#options.origin, challenge.realm).kind === "login") this.#learn(reply);
    return true;
  }

  /** Elsewhere, where a redirect led, a 401 says nothing about the login, which did not go there. */
  #isOurs({ url }: Reply): boolean {
    return url.origin === this.#options.origin.origin;
  }

  #isNo(answer: Reply | Refusal): answer is Refusal | DeniedReply {
    return (
      "what" in answer || ((answer.status === 401 || answer.status === 403) && this.#isOurs(answer))
    );
  }

  #tokens(service: TokenService, trust: RealmTrust, isHint = false): Tokens {
    const login = () => this.#getLogin();
    const { world, ...options } = this.#options;
    return new Tokens({ ...options, ...world, login, service, trust, isHint });
  }

  #getLogin(): Promise<RegistryLogin | undefined> {
    const { login, world } = this.#options;
    this.#login ??= login().then((found) => {
      const encoded = passwordHeader(found)?.authorization.slice("Basic ".length) ?? "";
      for (const secret of [encoded, secretOf(found)]) world.redactor.hide(secret);
      return found;
    });
    return this.#login;
  }
}

/** A hint to a service that could not be asked. */
function isUseless(way: Way | undefined): boolean {
  return way?.kind === "token" && way.source.isHint && way.hasFailed;
}
