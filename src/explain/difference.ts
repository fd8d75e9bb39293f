/** What can differ between two images of one name, as data. */

/** A line of a Dockerfile; lines count from 1. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

/** One line of a patch. */
export interface PatchLine {
  readonly mark: "same" | "removed" | "added";
  /** Its line in the Dockerfile, in the old one for what was removed. */
  readonly line: number;
  readonly text: string;
}

/** A context file's instruction: the COPY, ADD or mount that reaches it. */
export interface Reach extends FileLine {
  readonly keyword: string;
}

export type KeyDifference =
  /** There was no such image. */
  | { readonly kind: "image"; readonly name: string }
  /** What the configuration gives, such as the platform, or a build arg by its name; `null` where it gives none. */
  | {
      readonly kind: "setting" | "arg";
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
      readonly place: FileLine;
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
  /** What differs for one of several platforms. */
  | {
      readonly kind: "platform";
      readonly name: string;
      readonly differences: readonly KeyDifference[];
    }
  /** A reference that both texts hold: the set's image that it names has changed, or it came to name one, or does no longer. */
  | {
      readonly kind: "parent";
      readonly change: "added" | "removed" | "changed";
      readonly name: string;
      readonly reference: string;
      /** Of the parent, where it changed. */
      readonly differences: readonly KeyDifference[];
    }
  /** The inputs differ in something that has no name here. */
  | { readonly kind: "other"; readonly what: string };
