/** What an instruction takes from elsewhere: the images and stages that it names, and what it reads. */
import type { ContextSource } from "../context/source.ts";
import { BerthError } from "../errors.ts";
import { parseReference } from "../oci/reference.ts";
import { type Complain, type Line, offsetOf, placeOf, type TextPosition } from "./lines.ts";
import type { Parsed, Stage } from "./parse.ts";
import { type Args, type Globals, lookUp, type Variables } from "./scope.ts";
import { type Lexed, lex } from "./shell.ts";

/** What is to be known of a reference to tell whether it names an image of the set. */
export interface ParentQuery {
  /** The platform that it is wanted for, where that is not the build's own; `machine` for that of the machine. */
  readonly platform: string | undefined;
  /** Says what is wrong with the reference. */
  readonly mistake: (message: string) => void;
}

/** The set's image that the text of a FROM or a `--from` names. */
export type ParentOf = (reference: string, query: ParentQuery) => string | undefined;

/** Stands for the platform of the machine that builds, as BUILDPLATFORM does. */
export const machine = "machine";

/** What a Dockerfile is read with. */
export interface RecipeOptions {
  /** The Dockerfile's path, for messages. */
  readonly file: string;
  /** Build args of the configuration. */
  readonly args: Args;
  /** A stage's name or number; the last stage where `undefined`. */
  readonly target: string | undefined;
  /** Such as `linux/amd64` or `linux/arm/v7`. */
  readonly platform: string;
  readonly parentOf: ParentOf;
  /** It is one of several platforms, of which any machine may build any. */
  readonly several: boolean;
  /** The base leaves triggers, which may use any arg. */
  readonly onbuild: boolean;
  /** Sources of ADD, or what they begin with and a `*`, that may be fetched although nothing pins them. */
  readonly allowAdd: readonly string[];
}

/** A Dockerfile that is read for a target. */
export interface RecipeInput extends RecipeOptions {
  readonly parsed: Parsed;
  readonly globals: Globals;
  readonly complain: Complain;
}

/** The stage that an instruction stands in. */
export interface StepScope extends RecipeInput {
  /** Its variables so far. */
  readonly scope: Variables;
  /** What a `--from=` or a mount's `from=` means here. */
  readonly origin: (reference: string, mistake: (message: string) => void) => StageOrigin;
}

/** What an instruction takes from elsewhere. */
export interface Step {
  readonly sources: readonly ContextSource[];
  readonly namings: readonly Naming[];
}

export const nothing: Step = { sources: [], namings: [] };

/** Expands a text with the variables in force. */
export function expand(text: string, { parsed, scope }: StepScope): Lexed {
  const { escape: escapeWith } = parsed.directives;
  return lex(text, { escape: escapeWith, lookup: (name) => lookUp(scope, name) });
}

/** The name of an image or of a stage in FROM, `--from=` or a mount, its variables included. */
export interface Naming {
  /** Where it stands in the text, in UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly kind: "from" | "copy" | "mount";
  /** As written, after expansion of its variables. */
  readonly reference: string;
  readonly origin: StageOrigin;
  /** What `FROM --platform` asks for, where it is given; `machine` where that is the machine's own. */
  readonly platform: string | undefined;
  readonly place: TextPosition;
}

/** What a FROM, a `--from=` or a mount's `from=` means. */
export type StageOrigin =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "parent"; readonly parent: string }
  | { readonly kind: "image" };

export interface OriginQuery extends ParentQuery {
  readonly reference: string;
  /** The stage that asks; only stages in front of it count. */
  readonly index: number;
  readonly stages: readonly Stage[];
  readonly parentOf: ParentOf;
}

/** Finds a stage by its number, which `--from` may give. */
export function originByNumber(query: OriginQuery): StageOrigin | undefined {
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
export function originByName(query: OriginQuery): StageOrigin {
  const { reference, index, stages } = query;
  const name = reference.toLowerCase();
  const stage = stages.slice(0, index).findLast((candidate) => candidate.name === name);
  if (stage !== undefined) return { kind: "stage", index: stage.index };
  if (reference === "scratch") return { kind: "scratch" };
  const parent = query.parentOf(reference, query);
  if (parent !== undefined) return { kind: "parent", parent };
  try {
    parseReference(reference);
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    query.mistake(`${JSON.stringify(reference)} is no image reference`);
  }
  return { kind: "image" };
}

/** Says where a name stands, which covers the characters from `first` to `last` of a line. */
export function namingAt(
  named: Pick<Naming, "kind" | "reference" | "origin" | "platform">,
  at: { readonly line: Line; readonly first: number; readonly last: number },
): Naming {
  const end = offsetOf(at.line, at.last) + 1;
  return { ...named, place: placeOf(at.line, at.first), start: offsetOf(at.line, at.first), end };
}

/** Complains at a place of a line. */
export function mistakeAt(
  { complain }: RecipeInput,
  line: Line,
  index: number,
): (message: string) => void {
  return (message) => complain(placeOf(line, index), message);
}
