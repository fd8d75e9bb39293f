/** Wildcards of COPY and ADD: Go's `filepath.Match`, applied to one element of a path. */
import { classExpression, type GlobToken, literal, parseGlob } from "./glob.ts";

/** One element of a source's path. */
export type ElementMatch =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "glob"; readonly matches: (name: string) => boolean };

/** Reads an element of a pattern; `undefined` where its syntax is wrong. */
export function parseElement(element: string): ElementMatch | undefined {
  const tokens = parseGlob(element);
  if (tokens === undefined) return undefined;
  const chars = tokens.map((token) => (token.kind === "char" ? token.char : undefined));
  if (chars.every((char) => char !== undefined)) return { kind: "name", name: chars.join("") };
  const expression = new RegExp(`^${tokens.map(expressionOf).join("")}$`, "u");
  return { kind: "glob", matches: (name) => expression.test(name) };
}

function expressionOf(token: GlobToken): string {
  if (token.kind === "char") return literal(token.char);
  if (token.kind === "star") return "[^/]*";
  return token.kind === "any" ? "[^/]" : classExpression(token);
}
