/** What can differ between two images of one name, as data. */

/** A line of a Dockerfile; lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** One line of a patch. */
export interface PatchLine {
  readonly mark: "same" | "removed" | "added" | "skipped";
  /** The line of its Dockerfile (the old one for what was removed); `null` for lines that are skipped. */
  readonly line: number | null;
  /** For lines that are skipped, how many. */
  readonly text: string;
}

/** A context file's instruction: the COPY, ADD or mount that reaches it. */
export interface Reach extends Place {
  readonly keyword: string;
}

/** `uncommitted`: it is not in the last commit. */
export type Difference = Change & { readonly uncommitted?: true };

type Change =
  /** There was no such image. */
  | { readonly kind: "image"; readonly name: string }
  | {
      readonly kind: "setting";
      readonly name: "platform" | "target" | "context" | "onbuild" | "secrets" | "epoch" | "format";
      readonly old: string | null;
      readonly new: string | null;
    }
  /** A build arg that the engine gets; `null` where it gets none of that name. */
  | {
      readonly kind: "arg";
      readonly name: string;
      readonly old: string | null;
      readonly new: string | null;
    }
  /** The part of the patch of the two texts that stands in one instruction. */
  | {
      readonly kind: "lines";
      readonly change: "added" | "removed" | "changed";
      /** In capitals; of a directive `#` and its name. */
      readonly keyword: string;
      /** Where the instruction is, or where it was if it is gone. */
      readonly place: Place;
      /** The instruction's first line, what changed, and a line around each change. */
      readonly lines: readonly PatchLine[];
    }
  | {
      readonly kind: "file";
      readonly change: "added" | "removed" | "content" | "mode" | "type";
      /** Below the repository's top. */
      readonly path: string;
      readonly executable: boolean;
      readonly reachedBy: Reach | null;
    }
  /** A reference that both texts hold: the set's image that it names has changed, or it came to name one, or does no longer. */
  | {
      readonly kind: "parent";
      readonly change: "added" | "removed" | "changed";
      readonly name: string;
      readonly reference: string;
      /** Of the parent, where it changed. */
      readonly differences: readonly Difference[];
    }
  /** The inputs differ in something that has no name here. */
  | { readonly kind: "other"; readonly what: string };
