/** What a person sees of builds under way: the state of all of them, and the lines that show it. */
import { nothingRead, type Reading, readLine } from "./progress-step.ts";

/** Something that is going to be done, and what has to be done before. */
export interface Expected {
  readonly name: string;
  readonly after: readonly string[];
}

export interface Running {
  readonly name: string;
  /** In milliseconds. */
  readonly since: number;
  readonly reading: Reading;
}

export interface Finished {
  readonly name: string;
  readonly result: string;
  readonly lost: boolean;
}

export interface Progress {
  readonly since: number;
  readonly waiting: readonly Expected[];
  readonly running: readonly Running[];
  readonly finished: readonly Finished[];
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export function expecting(waiting: readonly Expected[], since: number): Progress {
  return { since, waiting, running: [], finished: [] };
}

export function begin(state: Progress, name: string, since: number): Progress {
  const waiting = state.waiting.filter((expected) => expected.name !== name);
  return { ...state, waiting, running: [...state.running, { name, since, reading: nothingRead }] };
}

export function hear(state: Progress, name: string, line: string): Progress {
  const running = state.running.map((build) =>
    build.name === name ? { ...build, reading: readLine(build.reading, line) } : build,
  );
  return { ...state, running };
}

/** Ends one; where it is lost, so is all that waits for it. */
export function finish(state: Progress, end: Finished): Progress {
  const lost = end.lost ? dependents(state.waiting, end.name) : [];
  return {
    ...state,
    waiting: state.waiting.filter((expected) => !lost.includes(expected)),
    running: state.running.filter(({ name }) => name !== end.name),
    finished: [
      ...state.finished,
      end,
      ...lost.map(({ name }) => ({ name, result: "skipped", lost: true })),
    ],
  };
}

function dependents(waiting: readonly Expected[], name: string): readonly Expected[] {
  const direct = waiting.filter(({ after }) => after.includes(name));
  const further = direct.flatMap((expected) => dependents(waiting, expected.name));
  return [...new Set([...direct, ...further])];
}

/** The lines of the view, none wider than the screen and not more than fit on it. */
export function frame(state: Progress, { columns, rows }: Size, now: number): readonly string[] {
  const { running, waiting } = state;
  const room = Math.max(1, rows - 3 - (waiting.length > 0 ? 1 : 0));
  const shown = running.length > room ? running.slice(0, room - 1) : running;
  const width = Math.max(0, ...shown.map(({ name }) => widthOf(name)));
  const hidden = running.length - shown.length;
  return [
    summary(state, now),
    ...shown.map((build) => buildLine(build, width, now)),
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
    ...(waiting.length > 0 ? [`  waiting: ${waiting.map(waitingFor(state)).join(", ")}`] : []),
  ].map((line) => cut(line, columns - 1));
}

function summary({ since, waiting, running, finished }: Progress, now: number): string {
  const lost = finished.filter((end) => end.lost).length;
  const counts = [
    `building ${running.length}`,
    `${finished.length - lost} done`,
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(waiting.length > 0 ? [`${waiting.length} waiting`] : []),
  ];
  return `${counts.join(", ")}; ${printElapsed(now - since)}`;
}

function buildLine({ name, since, reading }: Running, width: number, now: number): string {
  const pad = " ".repeat(width - widthOf(name));
  const words = [reading.step || "preparing", reading.last].filter((text) => text !== "");
  return `  ${name}${pad}  ${printElapsed(now - since).padStart(7)}  ${words.join("  |  ")}`;
}

function waitingFor({ running, waiting }: Progress): (expected: Expected) => string {
  const open = new Set([...running, ...waiting].map(({ name }) => name));
  return ({ name, after }) => {
    const parents = after.filter((parent) => open.has(parent));
    return parents.length === 0 ? name : `${name} (for ${parents.join(", ")})`;
  };
}

/** A time as people say it: `7 s`, `3m 05s`, `1h 02m`. */
export function printElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor((seconds % 3600) / 60))}m`;
}

/** The columns of a text, rather too many than too few: a line must never wrap. */
export function widthOf(text: string): number {
  return [...text].reduce((sum, char) => sum + charWidth(char), 0);
}

function charWidth(char: string): number {
  return (char.codePointAt(0) ?? 0) < 0x1100 || char === "…" ? 1 : 2;
}

function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let width = 1;
  let kept = "";
  for (const char of text) {
    width += charWidth(char);
    if (width > columns) break;
    kept += char;
  }
  return columns > 0 ? `${kept}…` : "";
}
