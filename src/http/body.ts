/** Reading an answer's body within bounds of time and size. */
import type { FetchResponse, Timers } from "../world.ts";

/** Ends a request that takes too long: in all, until its headers are there, or between two pieces. */
export type Watch = ReturnType<typeof startWatch>;

export interface WatchTimes {
  /** Until the headers of an answer are there. */
  readonly headersMs: number;
  /** Between two pieces of a body. */
  readonly stallMs: number;
  /** Until a body that was sent is answered: who stores it, or holds it on its way, may take long. */
  readonly storeMs: number;
  /** The whole exchange; any time where it is not given. */
  readonly requestMs?: number | undefined;
}

export function startWatch(
  { headersMs, stallMs, storeMs, requestMs }: WatchTimes,
  { startTimer }: Timers,
) {
  const { end, ...ended } = makeEnd();
  const endAfter = (ms: number, what: string) =>
    startTimer(ms, () => end(`${what} within ${ms / 1000} s`));
  let state: "started" | "moved" | "still" | "resting" | "over" = "started";
  const total = requestMs === undefined ? undefined : endAfter(requestMs, "not done");
  let next = endAfter(headersMs, "no answer");
  const wait = (now: typeof state, timer: typeof next) => {
    next.cancel();
    state = now;
    next = timer;
  };
  // Looks once in each stall time, which is cheaper than a new timer for each piece.
  const look = () => {
    if (state === "still") return end(`nothing moved for ${stallMs / 1000} s`);
    wait(state === "moved" ? "still" : state, startTimer(stallMs, look));
  };
  /** Something has come or gone; from now on the stall time counts. */
  const alive = () => {
    if (state === "started") wait("moved", startTimer(stallMs, look));
    state = "moved";
  };
  /** The other side waits for us, so nothing is its fault until `alive`. */
  const rest = () => {
    state = "resting";
  };
  /** All pieces have been sent. */
  const sent = () => {
    if (state !== "over") wait("started", endAfter(storeMs, "no answer"));
  };
  const stop = () => {
    state = "over";
    total?.cancel();
    next.cancel();
  };
  return { ...ended, alive, rest, sent, stop };
}

/** Ends something for the first reason that comes up. */
function makeEnd() {
  const abort = new AbortController();
  let why: string | undefined;
  const end = (reason: string) => {
    why ??= reason;
    abort.abort();
  };
  return { signal: abort.signal, why: () => why, end };
}

/** The first bytes of a body, and whether there are more, which are left unread. */
export async function readUpTo(
  maxBytes: number,
  response: FetchResponse,
  watch: Watch,
): Promise<{ readonly bytes: Uint8Array; readonly isMore: boolean }> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    watch.alive();
    pieces.push(piece);
    size += piece.length;
    // Leaving the loop cancels the body.
    if (size > maxBytes) break;
  }
  return { bytes: Buffer.concat(pieces).subarray(0, maxBytes), isMore: size > maxBytes };
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
