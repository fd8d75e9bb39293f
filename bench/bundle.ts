/** What is measured: bundled, and compiled as the tool image has it. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { bundle } from "../scripts/bundle.ts";

/** Writes it into a folder, and gives the file to start. */
export async function compiledBundle(folder: string, entry?: string): Promise<string> {
  await bundle(folder, entry);
  execFileSync(process.execPath, ["--random-seed=1", join(folder, "compile.js")]);
  return join(folder, "berth.js");
}
