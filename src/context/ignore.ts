/** Which files of a context are not there for the build: its ignore file, read by moby's rules. */
import { BerthError, type Problem } from "../errors.ts";
import { cleanPath, elementsBelowRoot, folderOf, joinPath } from "./paths.ts";
import { type Pattern, parsePattern, trimAsGo } from "./pattern.ts";
import type { Tree } from "./tree.ts";

export interface Ignore {
  /** The file that says so, below the repository's top. */
  readonly file: string | undefined;
  /** Takes the path of a file or a folder below the context. */
  readonly ignores: (path: string) => boolean;
  /** Whether something in a folder that is ignored may count after all. */
  readonly excepts: boolean;
}

/**
 * Reads what the build ignores: `<Dockerfile>.dockerignore`, `<Dockerfile>.containerignore`,
 * `.containerignore` in the context's folder or `.dockerignore` there, the first that exists, as buildah does.
 *
 * Docker knows the two `.dockerignore` only; CONTEXT_INVALID where it would read another text. Neither
 * the ignore file nor the Dockerfile is treated in any special way, as with BuildKit.
 */
export async function readIgnore(
  tree: Tree,
  dockerfile: string,
  contextFolder: string,
): Promise<Ignore> {
  const common = joinPath(contextFolder, ".dockerignore");
  const found = await firstOf(tree, [
    `${dockerfile}.dockerignore`,
    `${dockerfile}.containerignore`,
    joinPath(contextFolder, ".containerignore"),
    common,
  ]);
  if (found === undefined) return { file: undefined, ignores: () => false, excepts: false };
  const { file, bytes } = found;
  const docker = file.endsWith(".dockerignore") ? bytes : await readFollowing(tree, common);
  if (docker?.equals(bytes) === false) {
    throw new BerthError("CONTEXT_INVALID", `read ${file}: ${common} says otherwise`, {
      hint: "buildah reads the first, Docker the second; keep one of them, or make one a link to the other",
      problems: [{ file, line: 1, column: 1, message: `${common} says otherwise` }],
    });
  }
  const patterns = parseIgnore(bytes.toString(), file);
  const excepts = patterns.some(({ exception }) => exception);
  return { file, ignores: ignoreMatcher(patterns), excepts };
}

async function firstOf(
  tree: Tree,
  files: readonly string[],
): Promise<{ readonly file: string; readonly bytes: Buffer } | undefined> {
  for (const file of files) {
    const bytes = await readFollowing(tree, file);
    if (bytes !== undefined) return { file, bytes };
  }
  return undefined;
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

const mostCharacters = 256 * 1024;

/** Reads the patterns of an ignore file; all that are wrong at once, as CONTEXT_INVALID. */
export function parseIgnore(text: string, file: string): readonly Pattern[] {
  if (text.length > mostCharacters)
    throw new BerthError("CONTEXT_INVALID", `read ${file}: it has more than 256 KiB`, {
      hint: "name folders instead of each file in them",
    });
  const patterns: Pattern[] = [];
  const problems: Problem[] = [];
  const lines = text.replace(/^\ufeff/, "").split("\n");
  for (const [index, line] of lines.entries()) {
    const normal = normalizeLine(line.replace(/\r$/, ""));
    if (normal === "") continue;
    const pattern = parsePattern(normal);
    if (pattern === undefined) continue;
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

/**
 * Gives the decision of patterns taken together, as moby's `MatchesUsingParentResults`, by which BuildKit
 * transfers: the last pattern that matches the path or a folder above it decides. A pattern that would not
 * change the decision for a folder does not count as matching it, so `!app` alone brings nothing of app back.
 */
export function ignoreMatcher(patterns: readonly Pattern[]): (path: string) => boolean {
  const byFolder = new Map<string, readonly boolean[]>();
  const folderMatches = (folder: string): readonly boolean[] => {
    const known = byFolder.get(folder);
    if (known !== undefined) return known;
    const { matches } = matchesAt(folder);
    byFolder.set(folder, matches);
    return matches;
  };
  const matchesAt = (path: string) => {
    const slash = path.lastIndexOf("/");
    const above = slash < 0 ? [] : folderMatches(path.slice(0, slash));
    let ignored = false;
    const matches = patterns.map((pattern, index) => {
      const isMatch = above[index] || (pattern.exception === ignored && pattern.matches(path));
      if (isMatch) ignored = !pattern.exception;
      return isMatch;
    });
    return { ignored, matches };
  };
  return (path) => matchesAt(path).ignored;
}
