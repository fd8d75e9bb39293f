/** Distribution's registry of version 3, built from its Go module into the user's cache folder. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** The program; building it where that was not done yet takes minutes. */
export async function distribution(): Promise<string> {
  const script = join(import.meta.dirname, "../../scripts/registry.sh");
  const { stdout } = await promisify(execFile)(script);
  return join(stdout.trim(), "registry");
}
