/** Plays one cell of the fault matrix: a fault, an operation, a position and a bound on parallel requests. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { inspect } from "node:util";
import { BerthError, type ErrorCode } from "../../../src/errors.ts";
import { defaultLimits } from "../../../src/http/transport.ts";
import {
  type Fault,
  type MemoryRegistry,
  type SeenRequest,
  startMemoryRegistry,
} from "../../support/memory-registry.ts";
import type { TokenService, TokenServiceOptions } from "../../support/token-service.ts";
import {
  assertSilent,
  client,
  endHeld,
  type FakeClock,
  fakeClock,
  goodLogin,
  startScene,
} from "../clients.ts";
import { halfWritten, type Kind, kindOf, type Operation, operations, paths } from "./operations.ts";

export interface Expectation {
  /** Of the piece of work that the fault hits, or of all of them where `all` is set. */
  readonly result: "good" | "absent" | ErrorCode;
  /** Requests beyond what a run without the fault, or with this end, has; a pair is a bound. */
  readonly more: number | readonly [least: number, most: number];
  /** Uploads that nobody can give back, since their address never arrived. */
  readonly leaves?: number;
}

export interface Hit {
  readonly kind: Kind;
  /** Counted from 0 among the requests that the fault is for. */
  readonly index: number;
  readonly operation: Operation;
  readonly parallel: number;
}

export interface Servers {
  readonly registry: MemoryRegistry;
  readonly elsewhere: MemoryRegistry;
  readonly tokens: TokenService;
  readonly clock: FakeClock;
}

interface Common {
  readonly name: string;
  /** Why some operations have no part in it, by their names; a reason is enough. */
  readonly not?: Readonly<Record<string, string>>;
  /** The fault holds a request for ever, until time is up. */
  readonly held?: "silent" | "stalled";
  /** The row whose positions and bounds speak for this one's, which is played in the middle of the widest run only. */
  readonly like?: string | undefined;
  /** A wait that must be among those that were made. */
  readonly waits?: number;
  /** What is refused stays refused, so the run is not repeated. */
  readonly isFinal?: boolean;
}

/** A fault in one request to the registry, as most are. */
export interface RequestRow extends Common {
  readonly at?: undefined;
  /** Kinds of request that it can happen to, and why to no others. */
  readonly only?: { readonly kinds: readonly Kind[]; readonly because: string };
  readonly fault: (servers: Servers, request: SeenRequest) => Fault | undefined;
  /** It also happens when that request is sent again. */
  readonly lasts?: boolean;
  readonly expect: (hit: Hit) => Expectation;
}

/** A fault in the only token request of a run. */
export interface TokenRow extends Common {
  readonly at: "token";
  readonly fault: Fault;
  readonly expect: Omit<Expectation, "leaves">;
  readonly tokens: number;
}

/** A right that is missing for one of the repositories. */
interface ScopeRow extends Common {
  readonly at: "scope";
  readonly options: (path: string) => TokenServiceOptions;
  readonly saved: number;
}

type Row = RequestRow | TokenRow | ScopeRow;

function isRequest(row: Row): row is RequestRow {
  return row.at === undefined;
}

const positions = ["first", "middle", "last"] as const;
type Position = (typeof positions)[number];

function indexOf(position: Position, total: number): number {
  return { first: 0, middle: Math.floor(total / 2), last: total - 1 }[position];
}

interface Cell {
  readonly operation: Operation;
  readonly position: Position;
  readonly parallel: number;
}

/** The kinds of request of an operation that a row is for, with how many there are of them. */
function targets(row: Row, { requests }: Operation): Partial<Record<Kind, number>> {
  if (!isRequest(row) || row.only === undefined) return requests;
  const { kinds } = row.only;
  return Object.fromEntries(
    Object.entries(requests).filter(([kind]) => kinds.includes(kind as Kind)),
  );
}

function total(requests: Partial<Record<Kind, number>>): number {
  return Object.values(requests).reduce((sum, number) => sum + number, 0);
}

/** All cells of a row: where it can happen, at the positions that differ, and the bounds at one of them. */
function cellsOf(row: Row): readonly Cell[] {
  return operations
    .filter(({ name }) => row.not?.[name] === undefined)
    .flatMap((operation) => {
      const matching = row.at === "scope" ? paths.length : total(targets(row, operation));
      const widest = operation.isParallel ? 16 : 1;
      const cells = (position: Position, bounds: readonly number[]) =>
        bounds.map((parallel) => ({ operation, position, parallel }));
      if (matching === 0) return [];
      if (row.like !== undefined) return cells("middle", [widest]);
      const both = operation.isParallel ? [1, 16] : [1];
      // A run has one token request; a run of one such request has one position.
      if (row.at === "token" || matching === 1) return cells("first", both);
      const inner = matching === 2 ? [] : cells("middle", both);
      return [...cells("first", [1]), ...inner, ...cells("last", [widest])];
    });
}

export function playRows(name: string, rows: readonly Row[]): void {
  suite(name, () => {
    for (const row of rows)
      suite(row.name, () => {
        for (const cell of cellsOf(row)) {
          const where = row.at === "token" ? "the token" : `the ${cell.position}`;
          test(`${where} of ${cell.operation.name}, ${cell.parallel} at a time`, () =>
            play(row, cell));
        }
      });
  });
}

interface Found {
  hit: Hit | undefined;
  request: SeenRequest | undefined;
}

/** Decides about each request, and keeps which one was hit. */
function faultOf(row: Row, cell: Cell, servers: () => Servers, found: Found) {
  const { operation, position, parallel } = cell;
  const matching = targets(row, operation);
  const target = indexOf(position, total(matching));
  let seen = 0;
  return (request: SeenRequest): Fault | undefined => {
    if (!isRequest(row)) return undefined;
    const asked = kindOf(request);
    const kind = asked === "mount" && operation.mounts === 400 ? "refused mount" : asked;
    const { request: before } = found;
    const isAgain = before !== undefined && nameOfRequest(before) === nameOfRequest(request);
    if (row.lasts === true && isAgain) return row.fault(servers(), request);
    if (matching[kind] === undefined || seen > target) return undefined;
    seen += 1;
    if (seen <= target) return undefined;
    found.request = request;
    found.hit = { kind, index: target, operation, parallel };
    return row.fault(servers(), request);
  };
}

function nameOfRequest({ method, path, query }: SeenRequest): string {
  return `${method} ${path} ${query.get("mount") ?? ""}`;
}

/** Twice this is less than the time until an answer begins. */
const stallMs = 10_000;

/**
 * Whether nothing is under way but the held request, and the upload whose bytes do not come: as the registry counts
 * requests, and the client the answers that have not begun.
 */
function isHeld({ at, held }: Row, hit: Hit | undefined, { registry, clock, tokens }: Servers) {
  const isPassedOn = held === "stalled" && hit?.kind === "get blob";
  const unanswered = clock.timers().filter((milliseconds) => milliseconds !== stallMs).length;
  return (
    (at === "token" ? tokens.asked.length > 0 : hit !== undefined) &&
    registry.traffic.underWay === (at === "token" ? 0 : 1) &&
    unanswered === ((held === "silent" && hit?.kind !== "put blob") || isPassedOn ? 1 : 0)
  );
}

function tokenOptions(row: Row, { position }: Cell): TokenServiceOptions {
  if (row.at === "token") return { fault: (number) => (number === 0 ? row.fault : undefined) };
  return row.at === "scope" ? row.options(paths[indexOf(position, paths.length)]!) : {};
}

async function play(row: Row, cell: Cell): Promise<void> {
  const { operation, parallel } = cell;
  const found: Found = { hit: undefined, request: undefined };
  const elsewhere = await startMemoryRegistry();
  const fault = faultOf(row, cell, () => servers, found);
  const { mounts, pageSize } = operation;
  const given = { fault, mounts, ...(pageSize === undefined ? {} : { pageSize }) };
  const { tokens, registry, hint, stop } = await startScene(given, tokenOptions(row, cell));
  const clock = fakeClock();
  const servers: Servers = { registry, elsewhere, tokens, clock };
  for (const server of [registry, elsewhere]) operation.seed(server);
  const lines: string[] = [];
  const opened = client(goodLogin, {
    clock,
    parallel,
    limits: { ...defaultLimits, stallMs, storeMs: stallMs },
    tokenHints: [hint],
    log: (line) => lines.push(line),
  });
  operation.announce(opened, registry.host);
  const run = () =>
    Promise.all(
      operation.items(opened, registry.host).map((item) => item().catch((error: unknown) => error)),
    );
  try {
    const running = run();
    if (row.held !== undefined)
      await endHeld(clock, () => isHeld(row, found.hit, servers), running);
    const results = await running;
    const requests = registry.log.length;
    check(row, cell, found.hit, { results, requests, servers });
    assertSilent([results, lines, clock.waits], tokens, elsewhere);
    if (row.waits !== undefined) assert.ok(clock.waits.includes(row.waits), inspect(clock.waits));
    // What went wrong must leave nothing behind, neither there nor in the client.
    const isWidest = !operation.isParallel || parallel > 1;
    if (row.isFinal !== true && operation.repeats && isWidest) {
      assert.ok((await run()).every((result) => result === true));
      assert.deepEqual(halfWritten(registry), []);
    }
  } finally {
    await Promise.all([stop(), elsewhere.stop()]);
  }
}

interface Outcome {
  readonly results: readonly unknown[];
  readonly requests: number;
  readonly servers: Servers;
}

function check(row: Row, { operation }: Cell, hit: Hit | undefined, outcome: Outcome): void {
  const { results, requests, servers } = outcome;
  const { registry, tokens } = servers;
  const base = total(operation.requests);
  const what = inspect({ hit, results, log: registry.log }, { depth: 3, maxArrayLength: 60 });
  const names = results.map(nameOf);
  const bad = names.filter((name) => name !== "good");
  if (row.at === "scope") {
    assert.deepEqual(bad, ["REGISTRY_DENIED"], what);
    assert.equal(requests, base - row.saved, what);
  } else if (row.at === "token") {
    const { result, more } = row.expect;
    assert.ok(
      names.every((name) => name === result),
      what,
    );
    assert.equal(requests, result === "good" ? base + (more as number) : more, what);
    assert.equal(tokens.asked.length, row.tokens, what);
  } else {
    assert.ok(hit !== undefined, `the fault did not happen: ${what}`);
    const { result, more, leaves = 0 } = row.expect(hit);
    assert.deepEqual(bad, result === "good" ? [] : [result], what);
    const isEnd = result !== "good";
    const expected = base - (isEnd ? operation.saved(hit.kind, hit.index) : 0);
    const [least, most] = typeof more === "number" ? [more, more] : more;
    const isRight = requests >= expected + least && requests <= expected + most;
    assert.ok(isRight, `${requests} requests, not ${expected} + ${more}: ${what}`);
    assert.equal(registry.openUploads.size, leaves, what);
  }
  assert.deepEqual(halfWritten(registry), []);
}

function nameOf(result: unknown): string {
  if (result === true) return "good";
  if (result === false) return "absent";
  assert.ok(result instanceof BerthError, inspect(result));
  assert.notEqual(result.hint, undefined);
  assert.match(result.message, /^[^\n]+$/);
  return result.code;
}
