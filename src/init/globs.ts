/** Many files said in few words. */
import { compileGlob } from "../config/glob.ts";

export interface Globs {
  readonly globs: readonly string[];
  /** Files that no glob matches. */
  readonly left: readonly string[];
  /** Files that a glob matches although they are none of ours. */
  readonly others: readonly string[];
}

/** Files of one folder that end alike are said by a glob, where most that it matches are ours. */
export function inGlobs(paths: readonly string[], known: readonly string[]): Globs {
  const groups = [...Map.groupBy(paths, globOf)].map(([glob, files]) => {
    const matches = glob === undefined ? [] : known.filter((path) => compileGlob(glob).test(path));
    const others = matches.filter((path) => !files.includes(path));
    const worth = files.length > 1 && others.length <= files.length / 2;
    return worth && glob !== undefined
      ? { globs: [glob], left: [], others }
      : { globs: [], left: files, others: [] };
  });
  return {
    globs: groups.flatMap(({ globs }) => globs),
    left: groups.flatMap(({ left }) => left),
    others: groups.flatMap(({ others }) => others),
  };
}

/** `folder/*.docker`, `folder/Dockerfile.*`; `undefined` for a plain `Dockerfile`. */
function globOf(path: string): string | undefined {
  const [, folder = "", file = ""] = /^(.*\/)?([^/]+)$/.exec(path) ?? [];
  const start = /^(?:Dockerfile|Containerfile)\.(?=.)/.exec(file)?.[0];
  if (start !== undefined) return `${folder}${start}*`;
  const end = /.(\.[^.]+)$/.exec(file)?.[1];
  return end === undefined ? undefined : `${folder}*${end}`;
}
