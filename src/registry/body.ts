/** Reading an answer's body within bounds. */
import type { FetchResponse } from "../world.ts";

/** Ends a request that takes too long: in all, until its headers are there, or between two pieces. */
export interface Watch {
  readonly signal: AbortSignal;
  /** Why the request was ended, once it was. */
  readonly why: () => string | undefined;
  /** Something has come or gone; from now on the stall time counts. */
  alive(): void;
  /** The other side waits for us, so nothing is its fault until `alive`. */
  rest(): void;
  stop(): void;
}

/** Calls back later unless it is cancelled, and keeps no process alive for that. */
export type StartTimer = (milliseconds: number, then: () => void) => { cancel(): void };

export function startWatch(
  headersMs: number,
  stallMs: number,
  requestMs: number | undefined,
  startTimer: StartTimer = realTimer,
): Watch {
  const abort = new AbortController();
  let why: string | undefined;
  let state: "started" | "moved" | "still" | "resting" = "started";
  const end = (reason: string) => {
    why ??= reason;
    abort.abort();
  };
  // Looks once in each stall time, which is cheaper than a new timer for each piece.
  const look = () => {
    if (state === "still") return end(`nothing moved for ${stallMs / 1000} s`);
    if (state === "moved") state = "still";
    stall = startTimer(stallMs, look);
  };
  const startEnd = (ms: number, what: string) =>
    startTimer(ms, () => end(`${what} within ${ms / 1000} s`));
  let stall = startEnd(headersMs, "no answer");
  const total = requestMs === undefined ? undefined : startEnd(requestMs, "not done");
  return {
    signal: abort.signal,
    why: () => why,
    alive() {
      if (state === "started") {
        stall.cancel();
        stall = startTimer(stallMs, look);
      }
      state = "moved";
    },
    rest() {
      state = "resting";
    },
    stop() {
      total?.cancel();
      stall.cancel();
    },
  };
}

/** Without its listener it is left to the collector. */
function realTimer(milliseconds: number, then: () => void): { cancel(): void } {
  const signal = AbortSignal.timeout(milliseconds);
  signal.addEventListener("abort", then, { once: true });
  return { cancel: () => signal.removeEventListener("abort", then) };
}

/** A body's bytes; `undefined` where there are more than allowed, what is left of it unread. */
export async function readCapped(
  response: FetchResponse,
  maxBytes: number,
  watch: Watch,
): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body) {
    watch.alive();
    size += piece.length;
    // Leaving the loop cancels the body.
    if (size > maxBytes) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

/** The beginning of a body that is only read to explain a failure. */
export async function readBeginning(
  response: FetchResponse,
  maxBytes: number,
  watch: Watch,
): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body) {
    watch.alive();
    pieces.push(piece);
    size += piece.length;
    if (size >= maxBytes) break;
  }
  return Buffer.concat(pieces).subarray(0, maxBytes);
}

/**
 * Passes a long body on piece by piece, and stops the watch at its end.
 *
 * Takes the response and not its body: Node empties the body of a response that nobody holds any
 * more, and reading may have to wait long for its turn.
 */
export async function* watched(response: FetchResponse, watch: Watch): AsyncGenerator<Uint8Array> {
  watch.alive();
  try {
    for await (const piece of response.body ?? []) {
      // While the reader is busy with a piece, it is not the sender who stalls.
      watch.rest();
      yield piece;
      watch.alive();
    }
    await connectionFree();
  } finally {
    watch.stop();
  }
}

/**
 * Waits the one turn of the event loop after which Node uses a connection again: a request that
 * comes before opens a connection more, for which there is no need.
 */
export function connectionFree(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
