/** What can differ between two images of one name, as data. */

/** A line of a Dockerfile; lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What an ARG is worth, and who says so. */
export interface ArgValue {
  /** `null` where it has none. */
  readonly value: string | null;
  /** `engine`: its value can only be known there, and counts as written. */
  readonly from: "configuration" | "dockerfile" | "platform" | "engine" | "nobody";
  /** The line that gives the value, where a Dockerfile does. */
  readonly place: Place | null;
}

export interface ArgChange {
  readonly name: string;
  /** `null` where it is not declared. */
  readonly old: ArgValue | null;
  readonly new: ArgValue | null;
}

/** What a FROM names, after expansion of its variables. */
export interface BaseName {
  readonly reference: string;
  /** What `--platform` asks for. */
  readonly platform: string | null;
  /** The image of the set that it is. */
  readonly parent: string | null;
}

/** One line of a small text diff. */
export interface DiffLine {
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

export type Difference =
  /** There was no such image. */
  | { readonly kind: "image"; readonly name: string; readonly uncommitted?: true }
  | {
      readonly kind: "setting";
      readonly name: "platform" | "target" | "context" | "epoch" | "secrets" | "format";
      readonly old: string | null;
      readonly new: string | null;
      readonly uncommitted?: true;
    }
  /** A parser directive such as `# syntax=`. */
  | {
      readonly kind: "directive";
      readonly name: string;
      readonly old: string | null;
      readonly new: string | null;
      readonly uncommitted?: true;
    }
  /** A FROM; `by` are the ARGs that made it another. */
  | {
      readonly kind: "base";
      readonly stage: string | null;
      readonly place: Place;
      readonly old: BaseName;
      readonly new: BaseName;
      readonly by: readonly ArgChange[];
      readonly uncommitted?: true;
    }
  | {
      readonly kind: "stage";
      readonly change: "added" | "removed";
      readonly stage: string | null;
      readonly base: BaseName;
      readonly place: Place;
      readonly uncommitted?: true;
    }
  | (ArgChange & { readonly kind: "arg"; readonly place: Place; readonly uncommitted?: true })
  | {
      readonly kind: "instruction";
      readonly change: "added" | "removed" | "changed" | "moved";
      /** In capitals. */
      readonly keyword: string;
      readonly stage: string | null;
      /** Where it is, or where it was if it is gone. */
      readonly place: Place;
      /** Its first line. */
      readonly text: string;
      readonly lines: readonly DiffLine[];
      readonly uncommitted?: true;
    }
  | {
      readonly kind: "file";
      readonly change: "added" | "removed" | "content" | "mode" | "type";
      /** Below the repository's top. */
      readonly path: string;
      readonly executable: boolean;
      readonly reachedBy: Reach | null;
      readonly uncommitted?: true;
    }
  /** An image of the set that this one is built from, under the same name as before. */
  | {
      readonly kind: "parent";
      readonly name: string;
      readonly differences: readonly Difference[];
      readonly uncommitted?: true;
    }
  /** The inputs differ in something that has no name here. */
  | { readonly kind: "other"; readonly what: string; readonly uncommitted?: true };
