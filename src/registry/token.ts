/** The tokens of one host: shared while they last, asked for together, never in a loop. */
import type { Clock } from "../world.ts";
import {
  covers,
  type Grants,
  grantsOf,
  isReadOnly,
  mergeScopes,
  missing,
  type Scope,
} from "./scope.ts";
import type { TokenAnswer } from "./token-request.ts";
import { fittingToken, maxToken, sizeOf, usualSize } from "./token-size.ts";

export type Identity = "login" | "anonymous";

export interface Token {
  readonly kind: "token";
  readonly identity: Identity;
  readonly value: string;
  readonly grants: Grants;
  /** In milliseconds of the clock; some time before the token really ends. */
  readonly freshUntil: number;
}

/** A no that will not change within this run. */
export interface Refusal {
  readonly kind: "refused";
  readonly what: string;
}

export interface TokenSource {
  readonly clock: Clock;
  request(identity: Identity, scopes: readonly Scope[]): Promise<TokenAnswer>;
  /** Cuts scopes to what fits one request, keeping the first `needed`. */
  fit(scopes: readonly Scope[], needed: number): readonly Scope[];
  /** What this host is going to be asked for; grows while berth works. */
  announced(): readonly Scope[];
}

interface Running {
  readonly identity: Identity;
  readonly scopes: readonly Scope[];
  readonly done: Promise<Token | Refusal>;
}

export class Tokens {
  readonly #source: TokenSource;
  readonly #refusals = new Map<string, Refusal>();
  readonly #proven = new Set<Identity>(["anonymous"]);
  #tokens: readonly Token[] = [];
  #running: readonly Running[] = [];
  /** Whether a request takes other writes along than it needs; not once one of them has spoilt it. */
  #takesWrites = true;
  #size = usualSize;
  #maxLength = maxToken;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** A token that grants all of `needs`, asked for together with what was announced. */
  async acquire(identity: Identity, needs: readonly Scope[]): Promise<Token | Refusal> {
    for (;;) {
      const known = this.cached(identity, needs) ?? this.#refusal(identity, needs);
      if (known !== undefined) return known;
      const shared = this.#shared(identity, needs);
      if (shared === undefined) break;
      await shared.done;
    }
    const took = this.#takesWrites;
    const answer = await this.#ask(identity, needs, this.#widen(identity, needs));
    if (answer.kind === "token" && covers(answer.grants, needs)) return answer;
    const refusal = this.#refusal(identity, needs);
    // What the rest of a wide request brought about says nothing about these needs.
    if (refusal === undefined && took !== this.#takesWrites) return this.acquire(identity, needs);
    return refusal ?? droppedRefusal(needs);
  }

  cached(
    identity: Identity,
    needs: readonly Scope[],
    isEnough: (token: Token) => boolean = () => true,
  ): Token | undefined {
    const now = this.#source.clock.now().getTime();
    this.#tokens = this.#tokens.filter(({ freshUntil }) => freshUntil > now);
    return this.#tokens.find(
      (token) => token.identity === identity && covers(token.grants, needs) && isEnough(token),
    );
  }

  /** After a token that was too long to be sent; whether a shorter one may do for these needs. */
  shorten(token: Token, needs: readonly Scope[]): boolean {
    this.forget(token);
    this.#maxLength = Math.min(this.#maxLength, Math.floor(token.value.length / 2));
    return token.grants.size > mergeScopes(needs).length;
  }

  /** Never uses a token again that the registry did not take. */
  forget(token: Token): void {
    this.#tokens = this.#tokens.filter((other) => other !== token);
  }

  /**
   * A request under way that may answer these needs. Until a login has been seen to work, only one
   * request carries it: servers ban an address after some failures.
   */
  #shared(identity: Identity, needs: readonly Scope[]): Running | undefined {
    const mine = this.#running.filter((running) => running.identity === identity);
    const covering = mine.find(({ scopes }) => covers(grantsOf(scopes), needs));
    return covering ?? (this.#proven.has(identity) ? undefined : mine[0]);
  }

  #isUnderWay(identity: Identity, scope: Scope, isRead: boolean): boolean {
    return this.#running.some(
      ({ scopes, ...running }) =>
        running.identity === identity &&
        (isRead || !isReadOnly(scopes)) &&
        covers(grantsOf(scopes), [scope]),
    );
  }

  #widen(identity: Identity, needs: readonly Scope[]): readonly Scope[] {
    const needed = mergeScopes(needs);
    if (!this.#takesWrites && !isReadOnly(needed)) return needed;
    const readsOnly = identity === "anonymous" || !this.#takesWrites;
    // A mount needs one token for both sides, so one that writes gets what another may only read.
    const isEnough = isReadOnly(needed) ? () => true : isWriting;
    const extra = beginningAt(this.#source.announced(), needed)
      .map((scope): Scope => (readsOnly ? { path: scope.path, actions: ["pull"] } : scope))
      .filter((scope) => this.cached(identity, [scope], isEnough) === undefined)
      .filter((scope) => !this.#isUnderWay(identity, scope, isReadOnly(needed)))
      .filter((scope) => this.#refusal(identity, [scope]) === undefined);
    const all = this.#source.fit(mergeScopes([...needed, ...extra]), needed.length);
    return fittingToken(this.#size, all, { needed: needed.length, max: this.#maxLength });
  }

  #ask(
    identity: Identity,
    needs: readonly Scope[],
    scopes: readonly Scope[],
  ): Promise<Token | Refusal> {
    const done = this.#request(identity, needs, scopes).finally(() => {
      this.#running = this.#running.filter((running) => running.done !== done);
    });
    this.#running = [...this.#running, { identity, scopes, done }];
    return done;
  }

  async #request(
    identity: Identity,
    needs: readonly Scope[],
    scopes: readonly Scope[],
  ): Promise<Token | Refusal> {
    const before = this.#source.clock.now().getTime();
    const answer = await this.#source.request(identity, scopes);
    if (answer.kind === "refused") {
      const isWide = scopes.length > mergeScopes(needs).length;
      return this.#refused(identity, scopes, answer, isWide);
    }
    this.#proven.add(identity);
    const { value, grants, lifetimeMs } = answer;
    this.#size = sizeOf(value, scopes);
    const margin = Math.min(10_000, lifetimeMs / 4);
    const freshUntil = before + lifetimeMs - margin;
    const token: Token = { kind: "token", identity, value, grants, freshUntil };
    this.#tokens = [...this.#tokens, token];
    for (const dropped of missing(grants, scopes)) {
      const refusal = droppedRefusal([dropped]);
      for (const key of refusalKeys(identity, [dropped])) this.#refusals.set(key, refusal);
    }
    return token;
  }

  #refused(
    identity: Identity,
    scopes: readonly Scope[],
    { status, what }: { readonly status: number; readonly what: string },
    isWide: boolean,
  ): Refusal {
    const refusal: Refusal = { kind: "refused", what };
    if (status !== 403 || isReadOnly(scopes)) {
      this.#refusals.set(identity, refusal);
      return refusal;
    }
    this.#proven.add(identity);
    // One protected path spoils the whole request, so from now on each write asks for its own.
    if (isWide) this.#takesWrites = false;
    else {
      const writes = scopes.map(({ path, actions }) => ({
        path,
        actions: actions.filter((action) => action !== "pull"),
      }));
      for (const key of refusalKeys(identity, writes)) this.#refusals.set(key, refusal);
    }
    return refusal;
  }

  #refusal(identity: Identity, needs: readonly Scope[]): Refusal | undefined {
    return [identity, ...refusalKeys(identity, needs)]
      .map((key) => this.#refusals.get(key))
      .find((refusal) => refusal !== undefined);
  }
}

function isWriting({ grants }: Token): boolean {
  return [...grants.values()].some((actions) => actions.has("push") || actions.has("*"));
}

/** Turns a list so that it goes on from the first of the needs, its beginning coming last. */
function beginningAt(scopes: readonly Scope[], needed: readonly Scope[]): readonly Scope[] {
  const at = Math.max(
    scopes.findIndex(({ path }) => path === needed[0]?.path),
    0,
  );
  return [...scopes.slice(at), ...scopes.slice(0, at)];
}

function refusalKeys(identity: Identity, scopes: readonly Scope[]): readonly string[] {
  return scopes.flatMap(({ path, actions }) =>
    actions.map((action) => `${identity} ${path} ${action}`),
  );
}

function droppedRefusal(scopes: readonly Scope[]): Refusal {
  const rights = scopes.map(({ path, actions }) => `${actions.join(" and ")} on ${path}`);
  const what = `the token service does not grant ${rights.join(", ")}`;
  return { kind: "refused", what };
}
