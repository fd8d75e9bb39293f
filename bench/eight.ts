/** crane and regctl as fast as they can be made: a process for each image or tag, eight at a time. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Command } from "./measure.ts";

/** The folder that has both programs; building them where that was not done yet takes minutes. */
export async function peerPrograms(): Promise<string> {
  const script = join(import.meta.dirname, "../scripts/peers.sh");
  return (await promisify(execFile)(script)).stdout.trim();
}

/** Runs command lines that begin with one of them. */
export function eightAtATime(lines: readonly string[], programs: string, cwd: string): Command {
  const script = `printf '%s\\n' "$@" | xargs -P 8 -I LINE sh -c LINE >/dev/null`;
  const env = { PATH: `${programs}:${process.env["PATH"]}` };
  return { command: "sh", args: ["-c", script, "sh", ...lines], cwd, env };
}
