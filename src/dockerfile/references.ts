/** The images that a Dockerfile names, and how to write others in their place. */

import { BerthError } from "../errors.ts";
import type { Json } from "../json.ts";
import { parseReference } from "../oci/reference.ts";
import { type Complain, type Line, offsetOf, placeOf } from "./lines.ts";
import type { Stage } from "./parse.ts";

/** A name in the text, in UTF-16 units, its variables included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A FROM whose variables choose a stage of the file; older engines look for an image of that name. */
export interface ChosenStage extends Span {
  /** The stage as the text names it, after expansion. */
  readonly name: string;
}

/** An image from outside the Dockerfile that a build of the target uses. */
export interface BaseUse extends Span {
  readonly kind: "from" | "copy" | "mount";
  /** As written, after expansion of its variables. */
  readonly reference: string;
  /** The set's image that the reference names. */
  readonly parent: string | undefined;
  /** What `FROM --platform` asks for, where it is given. */
  readonly platform: string | undefined;
  readonly line: number;
}

/** What a FROM, a `--from=` or a mount's `from=` means. */
export type Origin =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "parent"; readonly parent: string }
  | { readonly kind: "image" };

export interface OriginQuery {
  readonly reference: string;
  /** The stage that asks; only stages in front of it count. */
  readonly index: number;
  readonly stages: readonly Stage[];
  readonly parentOf: (reference: string) => string | undefined;
  /** Says what is wrong with the reference. */
  readonly mistake: (message: string) => void;
}

/** Finds a stage by its number, which `--from` may give. */
export function originByNumber(query: OriginQuery): Origin | undefined {
  const { reference, index, stages, mistake } = query;
  if (!/^[+-]?[0-9]+$/.test(reference)) return undefined;
  const number = Number(reference);
  if (number >= 0 && number < index) return { kind: "stage", index: number };
  const exists = number >= 0 && number < stages.length;
  mistake(
    exists
      ? `stage ${reference} does not stand in front of this one`
      : `there is no stage ${reference}`,
  );
  return { kind: "scratch" };
}

/** Finds what a name means: a stage in front, `scratch`, an image of the set, or any other image. */
export function originByName(query: OriginQuery): Origin {
  const { reference, index, stages } = query;
  const name = reference.toLowerCase();
  const stage = stages.slice(0, index).findLast((candidate) => candidate.name === name);
  if (stage !== undefined) return { kind: "stage", index: stage.index };
  if (reference === "scratch") return { kind: "scratch" };
  const parent = query.parentOf(reference);
  if (parent !== undefined) return { kind: "parent", parent };
  try {
    parseReference(reference);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    query.mistake(`${JSON.stringify(reference)} is no image reference`);
  }
  return { kind: "image" };
}

/** An origin for the key; `position` gives a stage's place among those that count. */
export function originCode(
  origin: Origin,
  reference: string,
  position: (index: number) => number,
): Json {
  if (origin.kind === "stage") return { stage: position(origin.index) };
  if (origin.kind === "parent") return { parent: origin.parent };
  return origin.kind === "scratch" ? { scratch: true } : { image: reference };
}

/** Makes the use of an image, whose reference covers the characters from `first` to `last` of a line. */
export function useOf(
  origin: Origin,
  use: Pick<BaseUse, "kind" | "reference" | "platform">,
  at: { readonly line: Line; readonly first: number; readonly last: number },
): readonly BaseUse[] {
  if (origin.kind !== "image" && origin.kind !== "parent") return [];
  const parent = origin.kind === "parent" ? origin.parent : undefined;
  const { line } = placeOf(at.line, at.first);
  const start = offsetOf(at.line, at.first);
  return [{ ...use, parent, line, start, end: offsetOf(at.line, at.last) + 1 }];
}

/** The stage that a FROM chooses by its variables; nothing where it is named plainly or is no stage. */
export function chosenStage(
  origin: Origin,
  name: string,
  at: { readonly line: Line; readonly first: number; readonly last: number; readonly text: string },
): readonly ChosenStage[] {
  if (origin.kind !== "stage" || at.text === name) return [];
  return [{ name, start: offsetOf(at.line, at.first), end: offsetOf(at.line, at.last) + 1 }];
}

/** Writes other names in place of those that `replacement` gives one for; all else stays to the letter. */
export function rewriteReferences<T extends Span>(
  text: string,
  uses: readonly T[],
  replacement: (use: T) => string | undefined,
): string {
  let rewritten = "";
  let done = 0;
  for (const use of uses.toSorted((a, b) => a.start - b.start)) {
    const reference = replacement(use);
    if (reference === undefined || use.start < done) continue;
    rewritten += text.slice(done, use.start) + reference;
    done = use.end;
  }
  return rewritten + text.slice(done);
}

/** Complains at a place of a line. */
export function mistakeAt(
  complain: Complain,
  line: Line,
  index: number,
): (message: string) => void {
  return (message) => complain(placeOf(line, index), message);
}
