/** What else runs on this machine and what it writes, waiting for it, and how a program that is played ended. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
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

/** The files below a folder whose bytes hold one of the words, as long as others leave them there. */
export async function filesHolding(
  folder: string,
  words: readonly string[],
): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => entry.isFile())
    .map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      return words.some((word) => bytes.includes(word)) ? [path] : [];
    });
  return (await Promise.all(found)).flat();
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
