/** Pieces of YAML files, as texts that a person reads. */
import { stringify } from "yaml";

/** What a piece of a YAML file says. */
export type Node = string | boolean | readonly Node[] | { readonly [key: string]: Node };

/** The lines of a piece, each value on one. */
export function block(node: Node): readonly string[] {
  return stringify(node, { lineWidth: 0 }).trimEnd().split("\n");
}
