/** The files of a pipeline's configuration that lie in the project itself, found without a YAML parser. */
import { findGlob } from "../config/find.ts";
import { isGlob } from "../config/glob.ts";
import { normalPath } from "../config/rules.ts";
import type { Tree } from "../context/tree.ts";
import type { PipelineFile } from "./value.ts";

/** GitLab includes 150 files at most, unless its administrator says otherwise. */
const mostFiles = 400;

/**
 * Reads the root file and every file that it may include by `local`, by path, also through other files.
 *
 * A line that looks like an include counts, so files may be among them that none includes; which ones are
 * included is for `assemble` to say.
 */
export async function gatherFiles(
  tree: Tree,
  root: string,
): Promise<ReadonlyMap<string, PipelineFile>> {
  const files = new Map<string, PipelineFile>();
  let wanted: readonly string[] = [root];
  while (wanted.length > 0 && files.size < mostFiles) {
    const read = await Promise.all(wanted.map(async (path) => readFile(tree, path)));
    const found = read.filter((file) => file !== undefined);
    for (const file of found) files.set(file.path, file);
    const named = await Promise.all([...new Set(found.flatMap(mentions))].map(pathsIn(tree)));
    wanted = [...new Set(named.flat())].filter((path) => !files.has(path)).slice(0, mostFiles);
  }
  return files;
}

async function readFile(tree: Tree, path: string): Promise<PipelineFile | undefined> {
  const bytes = await tree.read(path);
  return bytes && { path, text: bytes.toString() };
}

/** Lines such as `include: a.yml`, `- local: /b.yml` or `- 'c/*.yml'`; an item of a script may look like one. */
function mentions({ text }: PipelineFile): readonly string[] {
  if (!text.includes("include")) return [];
  const lines = text.match(/^.*\b(?:include|local)\b["']?\s*:.*$|^\s*-\s*["']?[^\s"']+["']?\s*$/gm);
  const words = (lines ?? []).join("\n").match(/[^\s"'#,:[\]{}]+\.ya?ml\b/g) ?? [];
  return words.filter((word) => !word.includes("$"));
}

function pathsIn(tree: Tree): (word: string) => Promise<readonly string[]> {
  return async (word) => {
    const path = localPath(word);
    if (path === undefined) return [];
    return isGlob(path) ? findGlob(tree, path) : [path];
  };
}

/**
 * The path or glob that `include: local` means: from the repository's top, whatever it begins with.
 *
 * GitLab's `**` goes into folders also where it is only a part of a name, as in `ci/**.yml`.
 */
export function localPath(text: string): string | undefined {
  return normalPath(text)?.replace(/\*\*(?!\/)/g, "**/*");
}
