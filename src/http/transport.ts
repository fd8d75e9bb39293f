/** One exchange with a server, made safe: timeouts, retries, redirects, caps, and errors without secrets. */
import { BerthError, type ErrorCode } from "../errors.ts";
import type { Fetch, FetchHeaders, FetchInit, FetchResponse, Timers } from "../world.ts";
import {
  connectionFree,
  readUpTo,
  startWatch,
  type Watch,
  type WatchTimes,
  watched,
} from "./body.ts";
import {
  backoffMs,
  lastingHint,
  limitHints,
  mayPass,
  networkCause,
  printStatus,
  retryAfterMs,
  unavailableHint,
} from "./errors.ts";
import { refuseHop } from "./origin.ts";
import type { Redactor } from "./redact.ts";

export interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  /** What is being done, on what; the beginning of every message. */
  readonly purpose: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Headers with a login, sent to the origin of `url` only. */
  readonly login?: Readonly<Record<string, string>> | undefined;
  /** Whose login it is, where anybody may get one. */
  readonly identity?: keyof typeof limitHints;
  readonly body?: Uint8Array | Streamed;
  /** The most that a good answer may have; more is an error with the code `overflow`. */
  readonly maxBytes?: number;
  readonly overflow?: ErrorCode;
  /** Gives a good answer's body as `chunks`, for whom it may be of any size. */
  readonly stream?: boolean;
  /** Sends once: a body that can be read once, or an address that is good for one attempt. */
  readonly once?: boolean;
}

export interface Streamed {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly size: number;
  /** What is wrong with the chunks so far, which the other side sees only as a connection that ended. */
  readonly wrong?: () => BerthError | undefined;
  /** Leaves the chunks, of which perhaps none has been read. */
  readonly close?: () => Promise<void>;
}

export interface Reply {
  readonly status: number;
  readonly headers: FetchHeaders;
  /** Where it came from, after redirects. */
  readonly url: URL;
  readonly bytes: Uint8Array;
  /** It was sent before, and what became of that nobody knows. */
  readonly again?: boolean;
  /** With `stream` and a good status only; must be iterated, if only to leave at once. */
  readonly chunks?: AsyncGenerator<Uint8Array>;
}

/** Bounds on what a server may cost us; `requestMs` is for metadata, its body included. */
export interface Limits extends WatchTimes {
  /** How often one request is sent, the first time included. */
  readonly attempts: number;
  /** The longest wait that a server may ask for before berth gives up. */
  readonly waitMs: number;
}

export const defaultLimits: Limits = {
  attempts: 5,
  waitMs: 120_000,
  headersMs: 30_000,
  requestMs: 60_000,
  stallMs: 30_000,
  // What proxies before registries are set to wait (docker docs: registry recipes, nginx).
  storeMs: 900_000,
};

const redirects = [301, 302, 303, 307, 308];
const maxRedirects = 5;
/** The most that is read of an answer that is only to explain a failure. */
const maxErrorBytes = 64 * 1024;

export interface Outside {
  readonly fetch: Fetch;
  readonly clock: Timers;
  readonly random: () => number;
  readonly log: (line: string) => void;
  readonly limits: Limits;
  readonly redactor: Redactor;
}

export interface Transport {
  /** Gives every answer that is not transient; throws REGISTRY_UNAVAILABLE when attempts are used up. */
  send(call: Call): Promise<Reply>;
  /** Waits as between two attempts. */
  backoff(attempt: number): Promise<void>;
}

type Outcome = Reply | { readonly failed: string };

/** Makes the transport that all hosts share. */
export function makeTransport(world: Outside): Transport {
  const { clock, limits, log, random } = world;
  const pausedUntil = new Map<string, number>();
  const now = () => clock.now().getTime();

  /** How long others to that server wait too, where one request was told to; the longest counts. */
  const pauseOf = ({ origin }: URL) => (pausedUntil.get(origin) ?? 0) - now();

  const send = async (call: Call): Promise<Reply> => {
    for (let attempt = 1; ; attempt++) {
      if (pauseOf(call.url) > 0) await clock.sleep(pauseOf(call.url));
      const outcome = await follow(world, call);
      if (!("failed" in outcome) && !mayPass(outcome))
        return attempt > 1 ? { ...outcome, again: true } : outcome;
      const trouble = troubleOf(outcome, call, world);
      // Asked to come back at once, as a date that has passed does too, it still gets some peace.
      const wait = Math.max(trouble.asked, backoffMs(attempt, random));
      const isBearable = wait <= limits.waitMs;
      const pause = Math.max(trouble.asked, pauseOf(call.url));
      if (isBearable) pausedUntil.set(call.url.origin, now() + pause);
      const isLast = call.once === true || attempt >= limits.attempts || !trouble.mayEnd;
      if (isLast || !isBearable) throw unavailable(call, trouble);
      log(`${call.purpose}: ${trouble.what}; trying again in ${(wait / 1000).toFixed(1)} s`);
      await clock.sleep(wait);
    }
  };
  return { send, backoff: (attempt) => clock.sleep(backoffMs(attempt, random)) };
}

interface Trouble {
  readonly what: string;
  /** Milliseconds that the server asks to wait. */
  readonly asked: number;
  /** Whether it may be over at another attempt. */
  readonly mayEnd: boolean;
  readonly hint: string;
}

function troubleOf(outcome: Outcome, call: Call, { redactor, clock }: Outside): Trouble {
  if ("failed" in outcome) {
    const hint = lastingHint(outcome.failed);
    const mayEnd = hint === undefined;
    return { what: outcome.failed, asked: 0, mayEnd, hint: hint ?? unavailableHint };
  }
  const asked = retryAfterMs(outcome.headers, clock.now());
  const { login, identity = login === undefined ? "anonymous" : "login" } = call;
  const hint = outcome.status === 429 ? limitHints[identity] : unavailableHint;
  return { what: printStatus(outcome, redactor), asked, mayEnd: true, hint };
}

function unavailable({ purpose }: Call, { what, asked, hint }: Trouble): BerthError {
  const wait = asked === 0 ? "" : ` (asks to wait ${asked / 1000} s)`;
  return new BerthError("REGISTRY_UNAVAILABLE", `${purpose}: ${what}${wait}`, { hint });
}

/** Follows redirects by hand, so that a login stays with the origin that it was meant for. */
async function follow(world: Outside, call: Call): Promise<Outcome> {
  let { url, login } = call;
  for (let hop = 0; ; hop++) {
    const outcome = await attempt(world, { ...call, url, login });
    if ("failed" in outcome || !redirects.includes(outcome.status)) return outcome;
    const location = outcome.headers.get("location");
    if (location === null) return outcome;
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    const why = hop >= maxRedirects ? "too often" : refuseRedirect(call, url, next);
    if (next === undefined || why !== undefined) {
      throw new BerthError("REGISTRY_REFUSED", `${call.purpose}: redirected ${why}`, {
        hint: "check the registry's host name; a redirect must keep to https, and writes to the same server",
      });
    }
    if (next.origin !== url.origin) login = undefined;
    url = next;
  }
}

function refuseRedirect(call: Call, from: URL, to: URL | undefined): string | undefined {
  const why = to === undefined ? "something that is not an address" : refuseHop(from, to);
  if (to === undefined || why !== undefined) return `to ${why}`;
  if (call.method === "GET" || call.method === "HEAD") return undefined;
  return to.origin === from.origin && !isStreamed(call.body) ? undefined : "while writing";
}

/** Whether a body can be read once only. */
export function isStreamed(body: Call["body"]): body is Streamed {
  return body !== undefined && "chunks" in body;
}

async function attempt(world: Outside, call: Call): Promise<Outcome> {
  const { limits, clock } = world;
  const { url, stream, body } = call;
  const requestMs = stream === true || isStreamed(body) ? undefined : limits.requestMs;
  const watch = startWatch({ ...limits, requestMs }, clock);
  let isHandedOver = false;
  try {
    const response = await world.fetch(url, requestOf(call, watch));
    watch.alive();
    const { status, headers } = response;
    if (stream === true && response.ok && response.body !== null) {
      isHandedOver = true;
      // Who is to read it may have to wait for its turn, which is not the sender's fault.
      watch.rest();
      return { status, headers, url, bytes: new Uint8Array(), chunks: watched(response, watch) };
    }
    const reply = { status, headers, url, bytes: await readBody(call, response, watch) };
    await connectionFree();
    return reply;
  } catch (error) {
    if (error instanceof BerthError) throw error;
    return { failed: watch.why() ?? networkCause(error) };
  } finally {
    if (!isHandedOver) watch.stop();
  }
}

async function readBody(call: Call, response: FetchResponse, watch: Watch): Promise<Uint8Array> {
  const { maxBytes = maxErrorBytes, overflow = "REGISTRY_REFUSED", purpose } = call;
  const cap = response.ok ? maxBytes : maxErrorBytes;
  const { bytes, isMore } = await readUpTo(cap, response, watch);
  if (!response.ok || !isMore) return bytes;
  throw new BerthError(overflow, `${purpose}: the answer has more than ${cap} bytes`, {
    hint: "this is more than such an answer can have; check what is at this reference",
  });
}

function requestOf({ method, body, ...call }: Call, watch: Watch): FetchInit {
  const headers = { "accept-encoding": "identity", ...call.headers, ...call.login };
  const init = { method, headers, signal: watch.signal };
  if (body === undefined) return init;
  if (!isStreamed(body)) return { ...init, body };
  return {
    ...init,
    headers: { ...headers, "content-length": String(body.size) },
    body: watchedUpload(body.chunks, watch),
  };
}

async function* watchedUpload(chunks: AsyncIterable<Uint8Array>, watch: Watch) {
  for await (const chunk of chunks) {
    watch.alive();
    yield chunk;
  }
  watch.sent();
}
