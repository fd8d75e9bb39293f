/** A fetch whose requests can be held, before they take effect or before their answer is seen. */
import type { Fetch } from "../../src/world.ts";

/** Before a request is sent, or after it took effect and before its answer arrives. */
export type Moment = "before" | "after";

export interface Boundary {
  /** Counts requests from 0. */
  readonly index: number;
  readonly moment: Moment;
  /** Method and path. */
  readonly request: string;
}

/** Waits at each boundary for what `at` gives. */
export function heldFetch(at: (boundary: Boundary) => Promise<void> | undefined): Fetch {
  let count = 0;
  return async (input, init) => {
    const index = count++;
    const url = new URL(input instanceof Request ? input.url : input);
    const request = `${init?.method ?? "GET"} ${url.pathname}`;
    await at({ index, moment: "before", request });
    const response = await fetch(input, init);
    await at({ index, moment: "after", request });
    return response;
  };
}

/** Holds whoever comes to one boundary until it is let go. */
export interface Stop {
  readonly fetch: Fetch;
  /** Ends when the boundary is reached, true, or when the run has ended without it, false. */
  reached(run: Promise<unknown>): Promise<boolean>;
  go(): void;
  /** Boundaries passed so far. */
  readonly passed: Boundary[];
}

export function stopAt(isHere: (boundary: Boundary) => boolean): Stop {
  const here = Promise.withResolvers<void>();
  const free = Promise.withResolvers<void>();
  const passed: Boundary[] = [];
  let isSpent = false;
  return {
    passed,
    fetch: heldFetch((boundary) => {
      passed.push(boundary);
      if (isSpent || !isHere(boundary)) return undefined;
      isSpent = true;
      here.resolve();
      return free.promise;
    }),
    reached: (run) =>
      Promise.race([
        here.promise.then(() => true),
        run.then(
          () => false,
          () => false,
        ),
      ]),
    go: free.resolve,
  };
}
