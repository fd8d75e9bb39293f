/** The top of a work tree without asking git, in the case that nearly everybody has. */
import { readFileSync, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** What makes git look elsewhere than in the folders above, or at more than these. */
const redirections = /^GIT_(?:DIR|WORK_TREE|COMMON_DIR|CEILING_DIRECTORIES|DISCOVERY_|TEST_)/;

/** Settings that move the work tree away, or take it away. */
const unusual = /worktree|\bbare[^\S\n]*(?:\n|=(?!\s*false\b))/i;

/**
 * Gives the nearest folder at or above `cwd` with a plain `.git` folder of our own in it.
 *
 * `undefined` wherever git itself might see it differently (links, linked work trees, bare repositories, other
 * owners, other file systems, variables): then git is to be asked. It saves
 * the first of the processes that a command would wait for.
 */
export function plainTop(
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (Object.keys(env).some((name) => redirections.test(name))) return undefined;
  const start = statAt(cwd);
  for (let folder = cwd; ; folder = dirname(folder)) {
    const here = statAt(folder);
    if (here === undefined || here.dev !== start?.dev) return undefined;
    const dotGit = statAt(join(folder, ".git"));
    if (dotGit !== undefined) return isPlain(folder, here, dotGit) ? folder : undefined;
    // A folder that is a repository itself, bare or a `.git`.
    if (statAt(join(folder, "HEAD")) !== undefined || folder === dirname(folder)) return undefined;
  }
}

function isPlain(folder: string, top: Stats, dotGit: Stats): boolean {
  const owner = process.geteuid?.();
  if (!dotGit.isDirectory() || top.uid !== owner || dotGit.uid !== owner) return false;
  const inside = (name: string): Stats | undefined => statAt(join(folder, ".git", name));
  const isComplete = inside("objects")?.isDirectory() && inside("refs")?.isDirectory();
  if (isComplete !== true || inside("HEAD") === undefined) return false;
  try {
    return !unusual.test(readFileSync(join(folder, ".git/config"), "utf8"));
  } catch {
    return false;
  }
}

function statAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
