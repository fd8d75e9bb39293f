/** Texts that a person reads: pieces of YAML files and short lists. */
import { stringify } from "yaml";

/** What a piece of a YAML file says. */
export type Node = string | boolean | readonly Node[] | { readonly [key: string]: Node };

/** The lines of a piece, each value on one. */
export function block(node: Node): readonly string[] {
  return stringify(node, { lineWidth: 0 }).trimEnd().split("\n");
}

/** The first of a list for a sentence, and how many more there are. */
export function few(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${names.length - most} more` : shown;
}
