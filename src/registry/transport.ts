/** One exchange with a server, made safe: timeouts, retries, redirects, caps, and errors without secrets. */
import { BerthError, type ErrorCode } from "../errors.ts";
import type { Clock, Fetch, FetchHeaders, FetchInit, FetchResponse } from "../world.ts";
import {
  connectionFree,
  readBeginning,
  readCapped,
  type StartTimer,
  startWatch,
  type Watch,
  watched,
} from "./body.ts";
import { mayPass, printStatus, unavailableHint } from "./errors.ts";
import { type Limits, maxBytes } from "./limits.ts";
import { refuseHop } from "./origin.ts";
import type { Redactor } from "./redact.ts";
import { backoffMs, isCertificateProblem, networkCause, retryAfterMs } from "./retry.ts";

export interface Call {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  /** What is being done, on what; the beginning of every message. */
  readonly purpose: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of `url` only. */
  readonly authorization?: string | undefined;
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

export interface Outside {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: (line: string) => void;
  readonly limits: Limits;
  readonly redactor: Redactor;
  readonly startTimer?: StartTimer | undefined;
}

export interface Transport {
  /** Gives every answer that is not transient; throws REGISTRY_UNAVAILABLE when attempts are used up. */
  send(call: Call): Promise<Reply>;
  /** Waits as between two attempts. */
  backoff(attempt: number): Promise<void>;
}

type Outcome =
  | { readonly kind: "reply"; readonly reply: Reply }
  | { readonly kind: "failed"; readonly cause: string };

/** Makes the transport that all hosts share. */
export function makeTransport(world: Outside): Transport {
  const { clock, limits, log, random } = world;
  const pausedUntil = new Map<string, number>();
  const now = () => clock.now().getTime();

  /** Where one request was told to wait, the others to that server wait too. */
  const pause = async ({ origin }: URL) => {
    const left = (pausedUntil.get(origin) ?? 0) - now();
    if (left > 0) await clock.sleep(left);
  };

  const send = async (call: Call): Promise<Reply> => {
    for (let attempt = 1; ; attempt++) {
      await pause(call.url);
      const outcome = await follow(world, call);
      if (outcome.kind === "reply" && !mayPass(outcome.reply.status, outcome.reply.bytes)) {
        return attempt > 1 ? { ...outcome.reply, again: true } : outcome.reply;
      }
      const what = describe(outcome, world.redactor);
      const asked = askedWait(outcome, clock);
      // Asked to come back at once, as a date that has passed does too, it still gets some peace.
      const wait = Math.max(asked ?? 0, backoffMs(attempt, random));
      const isBearable = wait <= limits.waitMs;
      if (asked !== undefined && isBearable) pausedUntil.set(call.url.origin, now() + asked);
      const last = call.once === true || attempt >= limits.attempts || !mayHelp(outcome);
      if (last || !isBearable) throw unavailable(call, outcome, what, asked);
      log(`${call.purpose}: ${what}; trying again in ${(wait / 1000).toFixed(1)} s`);
      await clock.sleep(wait);
    }
  };
  return { send, backoff: (attempt) => clock.sleep(backoffMs(attempt, random)) };
}

function mayHelp(outcome: Outcome): boolean {
  return outcome.kind === "reply" || !isCertificateProblem(outcome.cause);
}

function describe(outcome: Outcome, redactor: Redactor): string {
  if (outcome.kind === "failed") return outcome.cause;
  return printStatus(outcome.reply.status, outcome.reply.bytes, redactor);
}

function askedWait(outcome: Outcome, clock: Clock): number | undefined {
  if (outcome.kind === "failed") return undefined;
  return retryAfterMs(outcome.reply.headers.get("retry-after"), clock.now());
}

function unavailable(
  call: Call,
  outcome: Outcome,
  what: string,
  asked: number | undefined,
): BerthError {
  const wait = asked === undefined || asked === 0 ? "" : ` (asks to wait ${asked / 1000} s)`;
  const hint = mayHelp(outcome)
    ? unavailableHint
    : "name the authority of the registry's certificate with NODE_EXTRA_CA_CERTS";
  return new BerthError("REGISTRY_UNAVAILABLE", `${call.purpose}: ${what}${wait}`, { hint });
}

/** Follows redirects by hand, so that a login stays with the origin that it was meant for. */
async function follow(world: Outside, call: Call): Promise<Outcome> {
  let { url, authorization } = call;
  for (let hop = 0; ; hop++) {
    const outcome = await attempt(world, call, url, authorization);
    if (outcome.kind === "failed" || !isRedirect(outcome.reply)) return outcome;
    const next = target(outcome.reply, url);
    const why = hop >= world.limits.redirects ? "too often" : refuseRedirect(call, url, next);
    if (next === undefined || why !== undefined) {
      throw new BerthError("REGISTRY_REFUSED", `${call.purpose}: redirected ${why}`, {
        hint: "check the registry's host name; a redirect must keep to https, and writes to the same server",
      });
    }
    if (next.origin !== url.origin) authorization = undefined;
    url = next;
  }
}

function isRedirect({ status, headers }: Reply): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers.has("location");
}

function target({ headers }: Reply, base: URL): URL | undefined {
  const location = headers.get("location") ?? "";
  return URL.canParse(location, base.href) ? new URL(location, base) : undefined;
}

function refuseRedirect(call: Call, from: URL, to: URL | undefined): string | undefined {
  if (to === undefined) return "to something that is not an address";
  const why = refuseHop(from, to);
  if (why !== undefined) return `to ${why}`;
  if (call.method === "GET" || call.method === "HEAD") return undefined;
  return to.origin === from.origin && !isStreamed(call.body) ? undefined : "while writing";
}

function isStreamed(body: Call["body"]): body is Streamed {
  return body !== undefined && "chunks" in body;
}

async function attempt(
  world: Outside,
  call: Call,
  url: URL,
  authorization: string | undefined,
): Promise<Outcome> {
  const { headersMs, stallMs, requestMs } = world.limits;
  const isLong = call.stream === true || isStreamed(call.body);
  const watch = startWatch(headersMs, stallMs, isLong ? undefined : requestMs, world.startTimer);
  let handedOver = false;
  try {
    const response = await world.fetch(url, requestOf(call, authorization, watch));
    watch.alive();
    if (call.stream === true && response.ok && response.body !== null) {
      handedOver = true;
      // Who is to read it may have to wait for its turn, which is not the sender's fault.
      watch.rest();
      const chunks = watched(response, watch);
      return { kind: "reply", reply: { ...headOf(response, url), bytes: nothing, chunks } };
    }
    const bytes = await readBody(call, response, watch);
    await connectionFree();
    return { kind: "reply", reply: { ...headOf(response, url), bytes } };
  } catch (error) {
    if (error instanceof BerthError) throw error;
    return { kind: "failed", cause: watch.why() ?? networkCause(error) };
  } finally {
    if (!handedOver) watch.stop();
  }
}

const nothing = new Uint8Array();

function headOf({ status, headers }: FetchResponse, url: URL) {
  return { status, headers, url };
}

async function readBody(call: Call, response: FetchResponse, watch: Watch): Promise<Uint8Array> {
  if (!response.ok) return readBeginning(response, maxBytes.error, watch);
  const cap = call.maxBytes ?? maxBytes.error;
  const bytes = await readCapped(response, cap, watch);
  if (bytes !== undefined) return bytes;
  const code = call.overflow ?? "REGISTRY_REFUSED";
  throw new BerthError(code, `${call.purpose}: the answer has more than ${cap} bytes`, {
    hint: "this is more than such an answer can have; check what is at this reference",
  });
}

function requestOf(call: Call, authorization: string | undefined, watch: Watch): FetchInit {
  const headers: Record<string, string> = { "accept-encoding": "identity", ...call.headers };
  if (authorization !== undefined) headers["authorization"] = authorization;
  const { method, body } = call;
  const init = { method, headers, redirect: "manual", signal: watch.signal } as const;
  if (body === undefined) return init;
  if (!isStreamed(body)) return { ...init, body: body as Uint8Array<ArrayBuffer> };
  headers["content-length"] = String(body.size);
  return { ...init, body: watchedUpload(body.chunks, watch), duplex: "half" };
}

async function* watchedUpload(chunks: AsyncIterable<Uint8Array>, watch: Watch) {
  for await (const chunk of chunks) {
    watch.alive();
    yield chunk;
  }
}
