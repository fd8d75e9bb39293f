/** Which files of a context are not there for the build: `.dockerignore`, read by moby's rules. */
import { BerthError, type Problem } from "../errors.ts";
import { cleanPath, elementsBelowRoot, folderOf, joinPath } from "./paths.ts";
import { type Pattern, parsePattern } from "./pattern.ts";
import type { Tree } from "./tree.ts";

export interface Ignore {
  /** The file that says so, below the repository's top. */
  readonly file: string | undefined;
  /** Takes the path of a file or a folder below the context. */
  readonly ignores: (path: string) => boolean;
}

/**
 * Reads what the build ignores: `<Dockerfile>.dockerignore` beside the Dockerfile, or else
 * `.dockerignore` in the context's folder.
 *
 * Neither the ignore file nor the Dockerfile is treated in any special way, as with BuildKit.
 */
export async function readIgnore(
  tree: Tree,
  dockerfile: string,
  contextFolder: string,
): Promise<Ignore> {
  for (const file of [`${dockerfile}.dockerignore`, joinPath(contextFolder, ".dockerignore")]) {
    const bytes = await readFollowing(tree, file);
    if (bytes !== undefined) {
      return { file, ignores: ignoreMatcher(parseIgnore(bytes.toString(), file)) };
    }
  }
  return { file: undefined, ignores: () => false };
}

/** Reads a file through links, as far as they stay in the repository. */
async function readFollowing(tree: Tree, file: string): Promise<Buffer | undefined> {
  let path = file;
  for (let hops = 0; hops < 40; hops++) {
    const entry = await tree.entry(path);
    if (entry?.kind !== "symlink") return entry === undefined ? undefined : tree.read(path);
    const target = (await tree.read(path))?.toString() ?? "";
    const next = cleanPath(joinPath(folderOf(path), target));
    if (target.startsWith("/") || next.startsWith("..")) break;
    path = elementsBelowRoot(next).join("/");
  }
  throw new BerthError("CONTEXT_INVALID", `read ${file}: its link leads out of the repository`, {
    hint: "replace the link by the file",
  });
}

/** Reads the patterns of an ignore file; all that are wrong at once, as CONTEXT_INVALID. */
export function parseIgnore(text: string, file: string): readonly Pattern[] {
  const patterns: Pattern[] = [];
  const problems: Problem[] = [];
  const lines = text.replace(/^\ufeff/, "").split("\n");
  for (const [index, line] of lines.entries()) {
    const normal = normalizeLine(line.replace(/\r$/, ""));
    if (normal === "") continue;
    const pattern = parsePattern(normal);
    if (!("malformed" in pattern)) patterns.push(pattern);
    else problems.push({ file, line: index + 1, column: 1, message: pattern.malformed });
  }
  if (problems.length > 0) {
    throw new BerthError("CONTEXT_INVALID", `read ${file}: invalid pattern`, {
      hint: "see https://docs.docker.com/build/concepts/context/#dockerignore-files",
      problems,
    });
  }
  return patterns;
}

/** What moby's ignorefile makes of a line; `""` where it holds no pattern. */
function normalizeLine(line: string): string {
  if (line.startsWith("#")) return "";
  const trimmed = trimAsGo(line);
  const isException = trimmed.startsWith("!");
  const text = isException ? trimAsGo(trimmed.slice(1)) : trimmed;
  const cleaned = text === "" ? "" : cleanPath(text);
  const relative = cleaned.length > 1 && cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
  return trimAsGo(isException ? `!${relative}` : relative);
}

/** Go's `strings.TrimSpace`: unlike JavaScript's, it takes U+0085 and leaves U+FEFF. */
function trimAsGo(text: string): string {
  const space = "[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
  return text.replace(new RegExp(`^${space}+|${space}+$`, "g"), "");
}

/**
 * Gives the decision of patterns taken together, as moby's `MatchesOrParentMatches`: the last pattern
 * that matches the path or a folder above it decides.
 */
export function ignoreMatcher(patterns: readonly Pattern[]): (path: string) => boolean {
  const byFolder = new Map<string, readonly boolean[]>();
  const none = patterns.map(() => false);
  /** For each pattern, whether it matches a folder or one above it. */
  const folderMatches = (folder: string): readonly boolean[] => {
    const known = byFolder.get(folder);
    if (known !== undefined) return known;
    const matches = matchesAt(folder);
    byFolder.set(folder, matches);
    return matches;
  };
  const matchesAt = (path: string): readonly boolean[] => {
    const slash = path.lastIndexOf("/");
    const above = slash < 0 ? none : folderMatches(path.slice(0, slash));
    return patterns.map((pattern, index) => above[index] || pattern.matches(path));
  };
  return (path) => {
    const matches = matchesAt(path);
    const last = patterns.findLast((_, index) => matches[index]);
    return last !== undefined && !last.exception;
  };
}
