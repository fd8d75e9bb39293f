/** Pushing, as far as both engines do it alike. */
import { BerthError } from "../errors.ts";
import { printReference, type Reference } from "../oci/reference.ts";
import type { Clock, RunResult } from "../world.ts";
import { isPassing, neverEnded, registryError } from "./failure.ts";

const pauseMs = 2000;

/** Where an engine's failures are read from. */
export interface Speaker {
  readonly program: string;
  /** How to install it. */
  readonly get: string;
  readonly lineOf: (result: RunResult) => string;
}

/** Pushes, once more after a moment where the registry was only busy, and gives what the program said. */
export async function pushed(
  push: () => Promise<RunResult>,
  destination: Reference,
  speaker: Speaker,
  clock: Clock,
): Promise<RunResult> {
  let result = await push();
  if (result.exitCode !== undefined && result.exitCode !== 0 && isPassing(speaker.lineOf(result))) {
    await clock.sleep(pauseMs);
    result = await push();
  }
  if (result.exitCode === 0) return result;
  const doing = `push ${printReference(destination)}`;
  const stopped = neverEnded(result, doing, speaker.program, speaker.get);
  throw stopped ?? registryError(doing, speaker.lineOf(result), destination.host);
}

export function noDigest(destination: Reference, program: string): BerthError {
  return new BerthError(
    "MANIFEST_INVALID",
    `push ${printReference(destination)}: ${program} named no digest`,
  );
}
