/** What a Dockerfile takes from its context: the sources of COPY, ADD and bind mounts, and their wildcards. */
import { isInName, many, matcher, one, type Piece } from "./automaton.ts";
import { fitting, type GlobToken, parseGlob } from "./glob.ts";
import { elementsBelowRoot } from "./paths.ts";

/** One source of COPY, ADD or a bind mount; `line` is where the Dockerfile names it. */
export type ContextSource =
  | {
      readonly kind: "path";
      /** As written, after expansion of variables: below the context's folder, `/` and `./` allowed before it. */
      readonly pattern: string;
      /** Whether `*`, `?`, `[ ]` and `\` have a meaning. */
      readonly wildcards: boolean;
      /** What links below it lead to is taken too. */
      readonly follow?: true | undefined;
      readonly line: number;
    }
  | { readonly kind: "everything"; readonly line: number };

/** One element of a source's path. */
export type ElementMatch =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "glob"; readonly matches: (name: string) => boolean };

/** Reads a source's path; `undefined` where its wildcards are malformed. */
export function parsePath(
  pattern: string,
  wildcards: boolean,
): readonly ElementMatch[] | undefined {
  const parsed = elementsBelowRoot(pattern).map((element) =>
    wildcards ? parseElement(element) : ({ kind: "name", name: element } as const),
  );
  return parsed.every((element) => element !== undefined) ? parsed : undefined;
}

export function fits(element: ElementMatch, name: string): boolean {
  return element.kind === "glob" ? element.matches(name) : element.name === name;
}

/** Makes a test of paths (of files, below the context's folder): does a source reach them by its own name? */
export function sourceMatcher(source: ContextSource): (path: string) => boolean {
  if (source.kind === "everything") return () => true;
  const elements = parsePath(source.pattern, source.wildcards);
  return (path) => {
    const names = path.split("/");
    return elements?.every((element, at) => fits(element, names[at] ?? "")) ?? false;
  };
}

/** Reads an element of a pattern, a wildcard of Go's `filepath.Match`; `undefined` where its syntax is wrong. */
export function parseElement(element: string): ElementMatch | undefined {
  const tokens = parseGlob(element);
  if (tokens === undefined) return undefined;
  const chars = tokens.map((token) => (token.kind === "char" ? token.char : undefined));
  if (chars.every((char) => char !== undefined)) return { kind: "name", name: chars.join("") };
  return { kind: "glob", matches: matcher(tokens.map(pieceOf)) };
}

function pieceOf(token: GlobToken): Piece {
  if (token.kind === "char") return one((char) => char === token.char);
  return token.kind === "star"
    ? many(isInName)
    : one(token.kind === "any" ? isInName : fitting(token));
}
