/** Chance that a seed decides, so that a run can be had again. */
export interface Dice {
  /** From 0 up to and without `limit`. */
  below(limit: number): number;
  chance(share: number): boolean;
  one<T>(choices: readonly T[]): T;
  /** From `least` to `most` things. */
  some<T>(least: number, most: number, make: () => T): T[];
}

/** mulberry32. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    below,
    chance: (share) => next() < share,
    one: (choices) => choices[below(choices.length)]!,
    some: (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make),
  };
}
