/** The tokens of one host: shared while they last, asked for together, never in a loop. */
import { BerthError } from "../errors.ts";
import type { RealmTrust } from "../http/origin.ts";
import type { Clock } from "../world.ts";
import type { RegistryLogin } from "./credentials.ts";
import { covers, isReadOnly, mergeScopes, missing, printScope, type Scope } from "./scopes.ts";
import {
  type Refusal,
  requestToken,
  sizeOf,
  type TokenAsk,
  type TokenService,
  type TokenSize,
  tokenUrl,
  usualSize,
} from "./token-service.ts";

export type Identity = "login" | "anonymous";

export interface Token {
  readonly kind: "token";
  readonly identity: Identity;
  readonly value: string;
  readonly grants: readonly Scope[];
  /** In milliseconds of the clock; some time before the token really ends. */
  readonly freshUntil: number;
}

/** Where tokens come from, and for whom. */
export interface TokenSource extends Omit<TokenAsk, "login" | "scopes"> {
  readonly clock: Clock;
  /** What the service may be sent. */
  readonly trust: RealmTrust;
  /** Whether the configuration named the service. */
  readonly isHint: boolean;
  readonly login: () => Promise<RegistryLogin | undefined>;
  /** What this host is going to be asked for; grows while berth works. */
  readonly announced: () => readonly Scope[];
}

/** A request under way, and what it asks for. */
interface Running {
  readonly identity: Identity;
  readonly grants: readonly Scope[];
  readonly done: Promise<Token | undefined>;
}

/** Rights that an identity is known not to have; all where none are named. */
interface Lacking extends Refusal {
  readonly identity: Identity;
  readonly scopes: readonly Scope[] | undefined;
}

export class Tokens {
  readonly kind = "token";
  readonly source: TokenSource;
  /** Whether the service could not be asked, or gave no token. */
  hasFailed = false;
  readonly #proven = new Set<Identity>(["anonymous"]);
  #lacking: readonly Lacking[] = [];
  #tokens: readonly Token[] = [];
  #running: readonly Running[] = [];
  /** Paths of a request that one of its writes has spoilt: each is written with a token of its own. */
  #alone: readonly Scope[] = [];
  #size = usualSize;
  #maxLength = maxTokenLength;

  constructor(source: TokenSource) {
    this.source = source;
  }

  /** A token that grants all of `needs`, asked for together with what was announced. */
  async acquire(
    identity: Identity,
    needs: readonly Scope[],
    purpose: string,
  ): Promise<Token | Refusal> {
    this.#checkTrust(identity, purpose);
    for (;;) {
      const known = this.#cached(identity, needs) ?? this.#refusal(identity, needs);
      if (known !== undefined) return known;
      const shared = this.#shared(identity, needs);
      // What a request brings to light about these needs, the next turn finds.
      const token = await (shared?.done ?? this.#ask(identity, needs));
      if (token !== undefined && covers(token.grants, needs)) return token;
    }
  }

  /** After a token that was too long to be sent; whether a shorter one may do for these needs. */
  shorten(token: Token, needs: readonly Scope[]): boolean {
    this.forget(token);
    this.#maxLength = Math.min(this.#maxLength, Math.floor(token.value.length / 2));
    return token.grants.length > mergeScopes(needs).length;
  }

  /** Never uses a token again that the registry did not take. */
  forget(token: Token): void {
    this.#tokens = this.#tokens.filter((other) => other !== token);
  }

  #cached(identity: Identity, needs: readonly Scope[]): Token | undefined {
    const now = this.source.clock.now().getTime();
    this.#tokens = this.#tokens.filter(({ freshUntil }) => freshUntil > now);
    return this.#tokens.find((token) => token.identity === identity && covers(token.grants, needs));
  }

  #refusal(identity: Identity, needs: readonly Scope[]): Refusal | undefined {
    return this.#lacking.find(
      ({ scopes, ...lacking }) =>
        lacking.identity === identity &&
        (scopes === undefined ||
          needs.some((need) => scopes.some((scope) => overlap(scope, need)))),
    );
  }

  /**
   * A request under way that may answer these needs. Until a login has been seen to work, only one
   * request carries it: servers ban an address after some failures.
   */
  #shared(identity: Identity, needs: readonly Scope[]): Running | undefined {
    const mine = this.#running.filter((running) => running.identity === identity);
    const covering = mine.find(({ grants }) => covers(grants, needs));
    return covering ?? (this.#proven.has(identity) ? undefined : mine[0]);
  }

  #ask(identity: Identity, needs: readonly Scope[]): Promise<Token | undefined> {
    const grants = this.#widen(identity, needs);
    const isWide = grants.length > mergeScopes(needs).length;
    const done = this.#request(identity, grants, isWide).finally(() => {
      this.#running = this.#running.filter((running) => running.done !== done);
    });
    this.#running = [...this.#running, { identity, grants, done }];
    return done;
  }

  /** What is needed, and of what was announced as much as one token may hold. */
  #widen(identity: Identity, needs: readonly Scope[]): readonly Scope[] {
    const needed = mergeScopes(needs);
    const writes = needed.some(isWrite);
    const isAlone = (scope: Scope) => this.#alone.some((one) => overlap(writesOf(one), scope));
    if (needed.some(isAlone)) return needed;
    const readsOnly = (scope: Scope) => identity === "anonymous" || isAlone(scope);
    // A mount needs one token for both sides, so one that writes gets what another may only read.
    const held = [...this.#tokens, ...this.#running].filter(
      (one) => one.identity === identity && !(writes && isReadOnly(one.grants)),
    );
    const extra = goingOnFrom(needed[0]?.path, this.source.announced())
      .map((scope) => (readsOnly(scope) ? { ...scope, actions: ["pull"] as const } : scope))
      .filter((scope) => !held.some(({ grants }) => covers(grants, [scope])))
      .filter((scope) => this.#refusal(identity, [scope]) === undefined);
    const bounds = { size: this.#size, maxLength: this.#maxLength, needed: needed.length };
    return fitting(mergeScopes([...needed, ...extra]), this.source.service, bounds);
  }

  async #request(
    identity: Identity,
    scopes: readonly Scope[],
    isWide: boolean,
  ): Promise<Token | undefined> {
    const before = this.source.clock.now().getTime();
    const login = identity === "login" ? await this.source.login() : undefined;
    const ask = { ...this.source, login, scopes };
    const answer = await requestToken(ask).catch((error: unknown) => {
      this.hasFailed = true;
      throw error;
    });
    if (answer.kind === "refused") {
      const { what, status } = answer;
      if (status !== 403 || isReadOnly(scopes)) this.#lack(identity, undefined, what);
      // One protected path spoils the whole request, so from now on each of its writes asks for its own.
      else if (isWide) this.#alone = [...this.#alone, ...scopes.filter(isWrite)];
      else this.#lack(identity, scopes.map(writesOf), what);
      if (status === 403 && !isReadOnly(scopes)) this.#proven.add(identity);
      return undefined;
    }
    this.#proven.add(identity);
    const { value, grants, lifetimeMs } = answer;
    this.#size = sizeOf(value, scopes);
    const freshUntil = before + lifetimeMs - Math.min(10_000, lifetimeMs / 4);
    const token: Token = { kind: "token", identity, value, grants, freshUntil };
    this.#tokens = [...this.#tokens, token];
    for (const dropped of missing(grants, scopes)) {
      const { path, actions } = dropped;
      const what = `the token service does not grant ${actions.join(" and ")} on ${path}`;
      this.#lack(identity, [dropped], what);
    }
    return token;
  }

  #checkTrust(identity: Identity, purpose: string): void {
    const { trust, service } = this.source;
    if (trust.kind === "login" || (trust.kind === "anonymous" && identity === "anonymous")) return;
    const withWhat = trust.kind === "refused" ? `any request (${trust.why})` : "its login";
    const what = `the registry names the token service ${service.realm.host}, which is not trusted with ${withWhat}`;
    throw new BerthError("REGISTRY_DENIED", `${purpose}: ${what}`, {
      hint: "check the registry's host name; if this token service is right and GitLab's, say so by CI_REGISTRY, CI_SERVER_URL, CI_REGISTRY_USER and CI_REGISTRY_PASSWORD, as its jobs do",
    });
  }

  #lack(identity: Identity, scopes: readonly Scope[] | undefined, what: string): void {
    this.#lacking = [...this.#lacking, { kind: "refused", identity, scopes, what }];
  }
}

function overlap(one: Scope, other: Scope): boolean {
  return one.path === other.path && one.actions.some((action) => other.actions.includes(action));
}

function isWrite(scope: Scope): boolean {
  return !isReadOnly([scope]);
}

function writesOf({ path, actions }: Scope): Scope {
  return { path, actions: actions.filter((action) => action !== "pull") };
}

/** Turns a list so that it goes on from a path, its beginning coming last. */
function goingOnFrom(path: string | undefined, scopes: readonly Scope[]): readonly Scope[] {
  const at = scopes.findIndex((scope) => scope.path === path);
  return at < 0 ? scopes : [...scopes.slice(at), ...scopes.slice(0, at)];
}

/** nginx takes header lines of 8 KiB, `Authorization: Bearer ` and what a proxy adds among them. */
const maxTokenLength = 7_500;

/** Servers and proxies commonly refuse request lines of 8 KiB; this leaves room for what they add. */
const maxAddress = 6_000;

/** As many of the scopes, from the first on, as one address and one token may hold; always those that are needed. */
export function fitting(
  scopes: readonly Scope[],
  service: TokenService,
  bounds: { readonly size: TokenSize; readonly maxLength: number; readonly needed: number },
): readonly Scope[] {
  const { size, maxLength, needed } = bounds;
  let address = tokenUrl(service, []).href.length;
  let token = size.fixed;
  const end = scopes.findIndex((scope) => {
    address += "&scope=".length + printScope(scope).length;
    token += isReadOnly([scope]) ? size.read : size.write;
    return address > maxAddress || token > maxLength;
  });
  return end < 0 ? scopes : scopes.slice(0, Math.max(end, needed));
}
