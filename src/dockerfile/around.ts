/** What an instruction needs to know of its surroundings, and what it gives back. */

import type { Complain, Escape } from "./lines.ts";
import type { Naming, StageOrigin } from "./references.ts";
import { type Args, type Globals, lookUp, type Variables } from "./scope.ts";
import { type Lexed, lex } from "./shell.ts";
import type { CopySource } from "./sources.ts";

/** What an instruction may ask about its surroundings. */
export interface Surroundings {
  readonly escape: Escape;
  readonly args: Args;
  readonly globals: Globals;
  readonly allowAdd: readonly string[];
  readonly complain: Complain;
  /** What a `--from=` or a mount's `from=` means here. */
  readonly origin: (reference: string, mistake: (message: string) => void) => StageOrigin;
}

/** What an instruction takes from elsewhere. */
export interface Step {
  readonly sources: readonly CopySource[];
  readonly namings: readonly Naming[];
}

export const nothing: Step = { sources: [], namings: [] };

/** Expands a text with the variables in force. */
export function expand(
  text: string,
  scope: Variables,
  around: Pick<Surroundings, "escape">,
): Lexed {
  return lex(text, { escape: around.escape, lookup: (name) => lookUp(scope, name) });
}
