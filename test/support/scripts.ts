/** Tiny programs that stand in for what a test machine cannot be, such as one with a broken storage. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Writes a shell script into a folder of its own below `folder` and gives its path; `$HERE` is that folder. */
export async function script(folder: string, name: string, text: string): Promise<string> {
  const own = await mkdtemp(join(folder, "script-"));
  const path = join(own, name);
  await writeFile(path, `#!/bin/sh\nHERE='${own}'\n${text}\n`, { mode: 0o755 });
  return path;
}
