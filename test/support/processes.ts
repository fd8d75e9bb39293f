/** What else runs on this machine, waiting for it, and how a program that is played ended. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunResult } from "../../src/world.ts";

/** How many living processes have a text in their command line; arguments are parted by NUL there. */
export async function processesNaming(text: string): Promise<number> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return lines.filter((line) => line.includes(text)).length;
}

/** Waits for what comes about by itself, for five minutes at most. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 15_000; tries++) {
    if (await isSo()) return;
    await sleep(20);
  }
  assert.fail(`not within five minutes: ${isSo}`);
}

/** How a program ended: well and without a word, but for what is given. */
export function ended(change: Partial<RunResult> = {}): RunResult {
  const well = { exitCode: 0, signal: undefined, missing: false, timedOut: false };
  return { ...well, stdout: "", stderr: "", ...change };
}
