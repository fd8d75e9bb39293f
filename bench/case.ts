/** What a case of the benchmark is and what it gives. */

/** One line of the table: berth beside its peer, measured in turns in the same run. */
export interface Row {
  readonly name: string;
  /** Added to every request by the registry. */
  readonly latencyMs: number;
  readonly peer: string;
  /** Of what is measured; milliseconds where it is not given. */
  readonly unit?: string;
  readonly peerTimes: readonly number[];
  readonly berthTimes: readonly number[];
  /** What berth asked the registry for in one run; `undefined` where it asks nothing. */
  readonly requests: number | undefined;
  readonly goal: Goal | undefined;
  readonly note?: string;
}

/** In words, and as a check of the two medians in milliseconds. */
export interface Goal {
  readonly text: string;
  readonly isMet: (peerMs: number, berthMs: number) => boolean;
}

export interface BenchOptions {
  /** Fewer rounds: a look, not a result. */
  readonly quick: boolean;
  /** The entry of the bundle that is measured. */
  readonly berth: string;
}

export interface Case {
  readonly name: string;
  run(options: BenchOptions): Promise<readonly Row[]>;
}

export function atMost(factor: number, words = `at most ${factor} x the peer`): Goal {
  return { text: words, isMet: (peerMs, berthMs) => berthMs <= factor * peerMs };
}

export function timesFaster(factor: number): Goal {
  return {
    text: `at least ${factor} x faster`,
    isMet: (peerMs, berthMs) => peerMs >= factor * berthMs,
  };
}
