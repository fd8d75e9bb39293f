/** Globs of GitLab: those of rules, as Ruby's fnmatch reads them, and the wildcards of includes. */

/** Whether a path fits a glob of `changes` or `exists`; dot files are no exception. */
export function fits(glob: string, path: string): boolean {
  return braces(glob).some((each) => new RegExp(`^${regexOf(each)}$`, "s").test(path));
}

/** Whether a path fits what an include says, where `**` crosses folders, and before a slash also none. */
export function fitsWildcard(wildcard: string, path: string): boolean {
  const regex = wildcard.replace(/\*\*\/|\*\*|\*|[^*]+/g, (part) => {
    if (part === "**/") return "(?:.*?/)?";
    if (part === "**") return ".*?";
    return part === "*" ? "[^/]*?" : RegExp.escape(part);
  });
  return new RegExp(`^${regex}$`).test(path);
}

/** A glob for each way to choose among alternatives in braces. */
function braces(glob: string): readonly string[] {
  const [, before = "", inside, after = ""] = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(glob) ?? [];
  if (inside === undefined) return [glob];
  return inside.split(",").flatMap((choice) => braces(`${before}${choice}${after}`));
}

const parts = /(?<=^|\/)\*\*\/|\*+|\?|\[([!^]?)((?:\\.|[^\]\\])+)\]|\\(.)|./gs;

function regexOf(glob: string): string {
  return glob.replace(parts, (part, not?: string, set?: string, escaped?: string) => {
    if (part.endsWith("*/") && part.startsWith("**")) return "(?:[^/]+/)*";
    if (part.startsWith("*")) return "[^/]*";
    if (part === "?") return "[^/]";
    if (set !== undefined) return `(?!/)[${not ? "^" : ""}${set.replace("[", "\\[")}]`;
    return RegExp.escape(escaped ?? part);
  });
}
