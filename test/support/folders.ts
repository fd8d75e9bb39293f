/** Projects that lie as folders beside the tests that read them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** All files below a folder by their paths in it. */
export function filesBelow(folder: string): Readonly<Record<string, string>> {
  const all = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = all.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  const texts = paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, "utf8")]);
  return Object.fromEntries(texts);
}
