/** What an instruction needs to know of its surroundings, and what it gives back. */

import type { Json } from "../json.ts";
import type { Complain, Escape } from "./lines.ts";
import type { BaseUse, Origin } from "./references.ts";
import { type Args, type Globals, lookUp, type Scope } from "./scope.ts";
import { type Lexed, lex } from "./shell.ts";
import type { ContextSource } from "./sources.ts";

/** What an instruction may ask about its surroundings. */
export interface Surroundings {
  readonly escape: Escape;
  readonly args: Args;
  readonly globals: Globals;
  readonly allowAdd: readonly string[];
  readonly complain: Complain;
  /** What a `--from=` or a mount's `from=` means here, and its form for the key. */
  readonly origin: (
    reference: string,
    mistake: (message: string) => void,
  ) => { readonly origin: Origin; readonly code: Json };
}

export interface Step {
  readonly code: Json;
  readonly sources: readonly ContextSource[];
  readonly uses: readonly BaseUse[];
}

/** Expands a text with the variables in force. */
export function expand(text: string, scope: Scope, around: Pick<Surroundings, "escape">): Lexed {
  return lex(text, { escape: around.escape, lookup: (name) => lookUp(scope, name) });
}
