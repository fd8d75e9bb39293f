/** How one host wants to be asked, and the Authorization header for each request to it. */
import { BerthError } from "../errors.ts";
import type { RegistryLogin } from "./auth-file.ts";
import { parseChallenges, tokenServiceOf } from "./challenge.ts";
import { deniedHint } from "./errors.ts";
import { type RealmTrust, realmTrust } from "./origin.ts";
import { isReadOnly, type Scope } from "./scope.ts";
import { type Identity, type Token, Tokens } from "./token.ts";
import { basicHeader, fittingScopes, requestToken, type TokenService } from "./token-request.ts";
import type { Outside, Reply, Transport } from "./transport.ts";

/** On GitLab `$CI_SERVER_URL/jwt/auth` and `container_registry`; saves the request that provokes a 401. */
export interface TokenHint {
  readonly host: string;
  readonly realm: string;
  readonly service: string;
}

export interface AuthorityOptions {
  readonly host: string;
  readonly origin: URL;
  readonly hint: TokenHint | undefined;
  readonly login: () => Promise<RegistryLogin | undefined>;
  readonly transport: Transport;
  readonly world: Outside;
  readonly announced: () => readonly Scope[];
}

export type LoginPlan =
  | { readonly kind: "open" }
  | { readonly kind: "basic" }
  | {
      readonly kind: "bearer";
      readonly service: TokenService;
      readonly trust: RealmTrust;
      readonly hinted: boolean;
      readonly tokens: Tokens;
    };

/** What a request is sent with. */
export interface Grant {
  readonly plan: LoginPlan | undefined;
  readonly identity: Identity;
  readonly header: string | undefined;
  readonly token?: Token;
}

export class Authority {
  readonly #options: AuthorityOptions;
  /** Paths whose reads went through, or did not, without the login. */
  readonly #withoutLogin = new Map<string, boolean>();
  #login: Promise<RegistryLogin | undefined> | undefined;
  #basicRefused = false;
  #plan: LoginPlan | undefined;

  constructor(options: AuthorityOptions) {
    this.#options = options;
    const { hint, origin } = options;
    const realm = hint !== undefined && URL.canParse(hint.realm) ? new URL(hint.realm) : undefined;
    // A hint is configuration, so its host is trusted; its way there must be as safe as the registry's.
    if (realm?.protocol === "https:" || (realm !== undefined && origin.protocol === "http:")) {
      const service = { realm, service: hint?.service };
      this.#plan = this.#bearer(service, { kind: "login" }, true);
    }
  }

  /** How the host wants to be asked, once that is known. */
  plan(): LoginPlan | undefined {
    return this.#plan;
  }

  async hasLogin(): Promise<boolean> {
    return (await this.#getLogin()) !== undefined;
  }

  /** Learns from the first answer, or from a 401 that shows that what was known is wrong. */
  learn(reply: Reply): void {
    if (reply.status !== 401) {
      this.#plan ??= { kind: "open" };
      return;
    }
    const challenges = parseChallenges(reply.headers.get("www-authenticate") ?? "");
    const service = tokenServiceOf(challenges);
    if (service !== undefined) {
      this.#plan = this.#bearer(service, realmTrust(this.#options.origin, service.realm), false);
    } else if (challenges.some(({ scheme }) => scheme === "basic")) {
      this.#plan = { kind: "basic" };
    }
  }

  /** After the first request, good or bad: the others then find out for themselves. */
  settle(): void {
    this.#plan ??= { kind: "open" };
  }

  /** The header for a request with these needs; REGISTRY_DENIED where it is known not to be had. */
  async grant(needs: readonly Scope[], purpose: string): Promise<Grant> {
    const plan = this.#plan ?? { kind: "open" };
    if (plan.kind === "open") return this.#bare();
    const login = await this.#getLogin();
    if (plan.kind === "bearer") {
      return this.#bearerGrant(plan, needs, login === undefined ? "anonymous" : "login", purpose);
    }
    if (login === undefined || "identityToken" in login || this.#readsWithoutLogin(needs)) {
      return this.#bare();
    }
    if (this.#basicRefused) throw this.#denied(needs, purpose, "401 (the login was refused)", true);
    return { plan, identity: "login", header: basicHeader(login) };
  }

  /** Whether a shorter grant may do for these needs, where a server or a proxy found this one's header too long. */
  shorten({ plan, token }: Grant, needs: readonly Scope[]): boolean {
    return plan?.kind === "bearer" && token !== undefined && plan.tokens.shorten(token, needs);
  }

  /** What a 401 to this grant means; whether another grant may do better. */
  async refused(grant: Grant, reply: Reply): Promise<boolean> {
    if (grant.token !== undefined && grant.plan?.kind === "bearer") {
      grant.plan.tokens.forget(grant.token);
    }
    // Another request has learned better in the meantime.
    if (grant.plan !== this.#plan) return true;
    if (grant.plan?.kind === "bearer") {
      const challenges = parseChallenges(reply.headers.get("www-authenticate") ?? "");
      const realm = tokenServiceOf(challenges)?.realm;
      const isNew = realm !== undefined && realm.href !== grant.plan.service.realm.href;
      // One odd answer must not end what works, so only a service that may be asked takes its place.
      if (isNew && this.#mayAsk(realm, await this.#getLogin())) this.learn(reply);
      return true;
    }
    if (grant.plan?.kind === "basic") {
      this.#basicRefused ||= grant.identity === "login";
      return false;
    }
    this.learn(reply);
    return grant.plan !== this.#plan;
  }

  /** A grant without the login, once for each repository that is only read. */
  async anonymous(needs: readonly Scope[], refused: Grant): Promise<Grant | undefined> {
    if (needs.some(({ path }) => this.#withoutLogin.has(path))) return undefined;
    const plan = this.#plan;
    if (refused.token === undefined || plan?.kind !== "bearer") return this.#bare();
    const token = await plan.tokens.acquire("anonymous", needs);
    return token.kind === "token" ? grantOf(token, plan) : undefined;
  }

  remember(needs: readonly Scope[], works: boolean): void {
    for (const { path } of needs) this.#withoutLogin.set(path, works);
  }

  #mayAsk(realm: URL, login: RegistryLogin | undefined): boolean {
    const { kind } = realmTrust(this.#options.origin, realm);
    return kind === "login" || (kind === "anonymous" && login === undefined);
  }

  #bare(): Grant {
    return { plan: this.#plan, identity: "anonymous", header: undefined };
  }

  #readsWithoutLogin(needs: readonly Scope[]): boolean {
    return isReadOnly(needs) && needs.every(({ path }) => this.#withoutLogin.get(path) === true);
  }

  async #bearerGrant(
    plan: LoginPlan & { kind: "bearer" },
    needs: readonly Scope[],
    preferred: Identity,
    purpose: string,
  ): Promise<Grant> {
    this.#checkTrust(plan, preferred, purpose);
    const { tokens } = plan;
    try {
      const identity = this.#readsWithoutLogin(needs) ? "anonymous" : preferred;
      const first = await tokens.acquire(identity, needs);
      if (first.kind === "token") return grantOf(first, plan);
      if (identity === "login" && isReadOnly(needs)) {
        const other = await tokens.acquire("anonymous", needs);
        if (other.kind === "token") return grantOf(other, plan);
      }
      throw this.#denied(needs, purpose, first.what, preferred === "login");
    } catch (error) {
      const isDenied = error instanceof BerthError && error.code === "REGISTRY_DENIED";
      if (plan.hinted && this.#plan === plan && !isDenied) this.#plan = undefined;
      throw error;
    }
  }

  #checkTrust(
    { trust, service }: LoginPlan & { kind: "bearer" },
    identity: Identity,
    purpose: string,
  ) {
    if (trust.kind === "login" || (trust.kind === "anonymous" && identity === "anonymous")) return;
    const why = trust.kind === "refused" ? ` (${trust.why})` : "";
    const what = `the registry names the token service ${service.realm.host}, which is not trusted with ${trust.kind === "refused" ? "any request" : "its login"}${why}`;
    throw new BerthError("REGISTRY_DENIED", `${purpose}: ${what}`, {
      hint: "check the registry's host name; if this token service is right, name it in the configuration",
    });
  }

  #denied(needs: readonly Scope[], purpose: string, what: string, hasLogin: boolean): BerthError {
    const write = needs.some(({ actions }) => actions.includes("delete")) ? "delete" : "push";
    const access = isReadOnly(needs) ? "pull" : write;
    const hint = deniedHint({ access, hasLogin });
    return new BerthError("REGISTRY_DENIED", `${purpose}: ${what}`, { hint });
  }

  #bearer(service: TokenService, trust: RealmTrust, hinted: boolean): LoginPlan {
    const { host, transport, world, announced } = this.#options;
    const tokens = new Tokens({
      clock: world.clock,
      announced,
      fit: (scopes, needed) => fittingScopes(service, scopes, needed),
      request: async (identity, scopes) => {
        const login = identity === "login" ? await this.#getLogin() : undefined;
        const { redactor } = world;
        return requestToken({ transport, redactor, service, host, login, scopes });
      },
    });
    return { kind: "bearer", service, trust, hinted, tokens };
  }

  #getLogin(): Promise<RegistryLogin | undefined> {
    this.#login ??= this.#options.login().then((login) => {
      for (const secret of login === undefined ? [] : secretsOf(login)) {
        this.#options.world.redactor.hide(secret);
      }
      return login;
    });
    return this.#login;
  }
}

function grantOf(token: Token, plan: LoginPlan): Grant {
  return { plan, identity: token.identity, header: `Bearer ${token.value}`, token };
}

function secretsOf(login: RegistryLogin): readonly string[] {
  if ("identityToken" in login) return [login.identityToken];
  return [login.password, basicHeader(login).slice("Basic ".length)];
}
