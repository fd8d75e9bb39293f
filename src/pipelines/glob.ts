/** Globs of GitLab: those of rules, as Ruby's fnmatch reads them, and the wildcards of includes. */
import { isInName, many, matcher, one, type Piece, perhaps, text } from "../context/automaton.ts";
import { refuse } from "./refusal.ts";

/** Makes a test of paths for a glob of `changes` or `exists`; dot files are no exception. */
export function compileGlob(glob: string): (path: string) => boolean {
  return matcher([{ kind: "choice", ways: braces(glob).map(piecesOf) }]);
}

/** Makes a test of paths for what an include says, where `**` crosses folders, and before a slash also none. */
export function compileWildcard(wildcard: string): (path: string) => boolean {
  const inLine = many((char) => char !== "\n");
  const pieces = wildcard.match(/\*\*\/|\*\*|\*|[^*]+/g) ?? [];
  return matcher(
    pieces.flatMap((part) => {
      if (part === "**/") return [perhaps(inLine, ...text("/"))];
      if (part === "**") return [inLine];
      return part === "*" ? [many(isInName)] : text(part);
    }),
  );
}

const mostChoices = 1000;

/** A glob for each way to choose among alternatives in braces. */
function braces(glob: string): readonly string[] {
  const done: string[] = [];
  const open = [glob];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [, before = "", inside, after = ""] = /^(.*?)\{([^{}]*)\}(.*)$/s.exec(next) ?? [];
    if (inside === undefined) done.push(next);
    else open.push(...inside.split(",").map((choice) => `${before}${choice}${after}`));
    if (done.length + open.length > mostChoices)
      refuse(`glob stands for more than ${mostChoices} others: ${glob.slice(0, 100)}`);
  }
  return done;
}

const parts = /(?<=^|\/)\*\*\/|\*+|\?|\[([!^]?)((?:\\.|[^\]\\])+)\]|\\(.)|./gsu;

function piecesOf(glob: string): readonly Piece[] {
  return [...glob.matchAll(parts)].flatMap(([part, not = "", set, escaped]) => {
    if (part.endsWith("*/") && part.startsWith("**"))
      return [{ kind: "repeat", pieces: [one(isInName), many(isInName), ...text("/")] } as const];
    if (part.startsWith("*")) return [many(isInName)];
    if (part === "?") return [one(isInName)];
    if (set === undefined) return text(escaped ?? part);
    const isInSet = setOf(set);
    return [one((char) => isInName(char) && isInSet(char) === (not === ""))];
  });
}

/** The characters between `[` and `]`, single ones and ranges. */
function setOf(set: string): (char: string) => boolean {
  const ranges = [...set.matchAll(/\\?(.)(?:-\\?(.))?/gsu)];
  return (char) => ranges.some(([, low = "", high = low]) => low <= char && char <= high);
}
