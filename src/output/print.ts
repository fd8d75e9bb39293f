/** What people read: the plan before, the outcomes after, and amounts; pure text. */
import type { ImageBlob, Outcome } from "../build/outcome.ts";
import { isBuilt, reasonOf } from "../plan/decision.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { few } from "../printable.ts";
import type { Screen } from "../world.ts";
import { fill, printTable, tableWidth } from "./table.ts";

/** What is shown of references in a terminal: with `references` a list of them below the table. */
export interface Shown {
  readonly screen: Screen;
  readonly references?: boolean;
  /** A person asked, and is told what to do with the answer. */
  readonly next?: boolean;
}

/** The plan as a table with a line about the set under it. */
export function printPlan(plan: Plan, shown: Shown): string {
  const rows = plan.images.map(({ name, decision, reference }) => ({
    cells: [name, decision.kind, reasonOf(decision)],
    reference,
  }));
  const kinds = plan.images.map(({ decision }) => (isBuilt(decision) ? "build" : decision.kind));
  const count = (kind: string): number => kinds.filter((one) => one === kind).length;
  const sums = ["reuse", "copy", "build"].map((kind) => `${count(kind)} ${kind}`).join(", ");
  const table = printReferences(["IMAGE", "DECISION", "BECAUSE"], rows, shown);
  const next = shown.next === true ? fill(nextStep(plan), shown.screen, 2) : "";
  return `${table}\n${setLine(plan, sums, shown)}\n${dirtyNote(plan, shown)}${next}`;
}

function nextStep({ images }: Plan): string {
  const built = images.filter(({ decision }) => isBuilt(decision));
  const [first] = built;
  if (first === undefined) return "next: nothing is to be built\n";
  const isBlind = built.some(
    ({ decision }) => decision.kind === "build" && decision.because.code === "no-registry",
  );
  return isBlind
    ? "next: say where images are, with --registry HOST/PATH or as `registry` in berth.yml\n"
    : `next: a pipeline builds these; \`berth explain ${first.name}\` says what changed, \`berth run --local ${first.name}\` tries it here\n`;
}

function setLine({ set: { id, record } }: Plan, sums: string, { screen, references }: Shown) {
  const line = (where: string): string => `set ${id.slice(0, 12)}: ${where}; ${sums}`;
  if (record === null) return line("not on record");
  const whole = line(`on record at ${record}`);
  const fits = screen.width === undefined || references === true || whole.length <= screen.width;
  return fits ? whole : line("on record");
}

function dirtyNote({ dirty }: Plan, { screen }: Shown): string {
  if (dirty.length === 0) return "";
  const note = `not as committed: ${few(dirty)}; nothing of this is published unless it is committed\n`;
  return fill(note, screen, 2);
}

/** What was decided and why, what became of it, how long that took and what the image weighs in the registry. */
export function printOutcomes(
  outcomes: readonly Outcome[],
  images: readonly PlannedImage[],
  shown: Shown,
): string {
  const planned = new Map(images.map((image) => [image.name, image]));
  const rows = outcomes.map(({ name, decision, result, seconds, blobs, reference }) => {
    const image = planned.get(name);
    const cells = [
      name,
      decision,
      result,
      image === undefined ? "" : reasonOf(image.decision),
      seconds === undefined ? "" : `${seconds.toFixed(1)} s`,
      blobs === undefined ? "" : printBytes(bytesOf(blobs)),
    ];
    return { cells, reference };
  });
  return printReferences(["IMAGE", "DECISION", "RESULT", "BECAUSE", "TIME", "SIZE"], rows, shown);
}

export interface ReferenceRow {
  /** The name first. */
  readonly cells: readonly string[];
  readonly reference: string | null;
}

/**
 * Prints a table whose last column are references, which are whole or left out: what they have in common stands
 * once above them where that makes the lines fit the screen.
 */
export function printReferences(
  headings: readonly string[],
  rows: readonly ReferenceRow[],
  { screen, references = false }: Shown,
): string {
  const numbers = ["TIME", "SIZE"];
  const all = [...headings, "REFERENCE"];
  const below = (base: string): readonly (readonly string[])[] =>
    rows.map(({ cells, reference }) => [...cells, reference?.slice(base.length) ?? "-"]);
  if (screen.width === undefined) return printTable(all, below(""), screen, numbers);
  const cells = rows.map((row) => row.cells);
  if (references) {
    const list = rows.map(
      ({ cells: [name = ""], reference }) => `${name}\n  ${reference ?? "-"}\n`,
    );
    return `${printTable(headings, cells, screen, numbers)}\n${list.join("")}`;
  }
  const base = commonBase(rows.flatMap(({ reference }) => reference ?? []));
  const above = base === "" ? "" : `references below ${base}\n`;
  const width = Math.max(above.length - 1, tableWidth(all, below(base)));
  return width <= screen.width
    ? `${above}${printTable(all, below(base), screen, numbers)}`
    : printTable(headings, cells, screen, numbers);
}

/** What all begin with, up to a slash. */
function commonBase(references: readonly string[]): string {
  const [first = ""] = references;
  const bases = [...first.matchAll(/\//g)].map(({ index }) => first.slice(0, index + 1));
  return bases.findLast((base) => references.every((each) => each.startsWith(base))) ?? "";
}

/** Prints bytes in powers of 1000, as registries and GitLab count them. */
export function printBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The bytes of blobs, each counted once however often it is named. */
export function bytesOf(blobs: readonly ImageBlob[]): number {
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}
