/** Templates of a few lines for the tests of the interpolator. */
import { interpolate } from "../support/interpolate.ts";

export const header = (inputs: string): string =>
  `spec:\n  inputs:\n${inputs.replace(/^/gm, "    ")}\n---\n`;
/** A template with one input, `x`. */
export const one = (declaration: string, body: string): string =>
  `${header(`x: ${declaration}`)}${body}\n`;
export const body = "job:\n  script: echo $[[ inputs.x ]]";

/** What the interpolator refuses, line by line; empty where it refuses nothing. */
export function problemsOf(...args: Parameters<typeof interpolate>): string[] {
  try {
    interpolate(...args);
  } catch (error) {
    return (error as Error).message.split("\n");
  }
  return [];
}
