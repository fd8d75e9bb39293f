/** Caches of jobs: keys that follow files, and what a runner is told of them (gitlab: lib/gitlab/ci/pipeline/seed/build/cache.rb). */
import { createHash } from "node:crypto";
import { compileWildcard } from "../../../src/pipelines/glob.ts";
import type { PlainMap } from "../../../src/pipelines/plain.ts";

/** Runs git in the repository of a pipeline's project. */
export type InRepository = (...args: readonly string[]) => Promise<string>;

/** A job's options with a text for each key that follows the contents of files or the commits that changed them last. */
export async function withKeys(
  options: PlainMap,
  sha: string,
  git: InRepository,
): Promise<PlainMap> {
  if (options["cache"] === undefined) return options;
  const keyed = cachesOf(options).map(async (cache, index) => {
    if (typeof cache["key"] === "string") return cache;
    const { prefix = index, files, files_commits } = cache["key"] as PlainMap;
    const ids =
      files === undefined
        ? lastChanges((files_commits ?? []) as readonly string[], sha, git)
        : contents(files as readonly string[], sha, git);
    return { ...cache, key: `${prefix}-${digestOf(await ids)}` };
  });
  return { ...options, cache: await Promise.all(keyed) };
}

function cachesOf({ cache }: PlainMap): readonly PlainMap[] {
  return (cache ?? []) as readonly PlainMap[];
}

function digestOf(ids: readonly string[]): string {
  const each = [...new Set(ids)].sort();
  return each.length === 0 ? "default" : createHash("sha1").update(each.join("-")).digest("hex");
}

async function contents(files: readonly string[], sha: string, git: InRepository) {
  const listed = await git("ls-tree", "-r", "-z", "--format=%(objectname) %(path)", sha);
  const areAsked = files.map(compileWildcard);
  return listed.split("\0").flatMap((line) => {
    const [, id = "", path = ""] = /^(\w+) (.*)$/s.exec(line) ?? [];
    return areAsked.some((isAsked) => isAsked(path)) ? [id] : [];
  });
}

async function lastChanges(files: readonly string[], sha: string, git: InRepository) {
  const found = files.map((path) => git("log", "-1", "--format=%H", sha, "--", path));
  return (await Promise.all(found)).map((id) => id.trim()).filter((id) => id !== "");
}

/** F8: those of protected branches and tags are apart, unless a cache says otherwise. */
export function toldCaches(options: PlainMap, isProtected: boolean): readonly object[] {
  return cachesOf(options).map(({ key, unprotect, ...other }) => {
    const side = isProtected && unprotect !== true ? "protected" : "non_protected";
    return { ...other, key: `${key}-${side}` };
  });
}
