/** A patch between two images: the lines that their keys cover, by instruction, and the files of their contexts. */
import { diffArrays } from "diff";
import { comparePaths, joinPath } from "../context/paths.ts";
import { sourceMatcher } from "../context/source.ts";
import type { Recipe, RecipeStep } from "../dockerfile/recipe.ts";
import type { KeyDifference, PatchLine, Reach } from "./difference.ts";
import type { ContextFile, Explained } from "./state.ts";

type Hunk = Extract<KeyDifference, { readonly kind: "lines" }>;

interface Line {
  /** In the Dockerfile. */
  readonly line: number;
  readonly text: string;
}

/** An instruction that counts, or a directive. */
interface Instruction {
  readonly keyword: string;
  readonly line: number;
  readonly lines: readonly Line[];
}

/** What was done to the old text to come to the new one; empty where the texts are the same. */
export function patch(old: Explained, now: Explained): readonly Hunk[] {
  const pairs = pair(instructionsOf(old.recipe), instructionsOf(now.recipe), likenesses);
  return pairs.map(({ old: was, new: is }): Hunk => {
    const change = was === undefined ? "added" : is === undefined ? "removed" : "changed";
    const { keyword, line } = (is ?? was)!;
    const { dockerfile: file } = (is === undefined ? old : now).image;
    const lines = linesBetween(was?.lines ?? [], is?.lines ?? []);
    return { kind: "lines", change, keyword, place: { file, line }, lines };
  });
}

/** The instruction that a line of the Dockerfile is in, if the target needs it. */
function stepAt({ stages }: Recipe, line: number): RecipeStep | undefined {
  return stages.flatMap(({ steps }) => steps).find((one) => one.line <= line && line <= one.last);
}

function instructionsOf(recipe: Recipe): readonly Instruction[] {
  const texts = recipe.hashed.split("\n");
  const found: (Instruction & { lines: Line[] })[] = [];
  let last: RecipeStep | undefined;
  for (const [index, line] of recipe.lines.entries()) {
    const text = texts[index] ?? "";
    const step = stepAt(recipe, line);
    const open = found.at(-1);
    // Above the first FROM no step says where an instruction ends; one that goes on is indented.
    const goesOn = step === last && (step !== undefined || /^\s/.test(text));
    last = step;
    if (open !== undefined && goesOn) open.lines.push({ line, text });
    else found.push({ ...headOf(step, line, text), lines: [{ line, text }] });
  }
  return found;
}

function headOf(step: RecipeStep | undefined, line: number, text: string) {
  if (step !== undefined) return { keyword: step.keyword.toUpperCase(), line: step.line };
  const [, sign, word = ""] = /^\s*(?:(#)\s*)?(\w*)/.exec(text) ?? [];
  return { keyword: sign === undefined ? word.toUpperCase() : `# ${word}`, line };
}

/** By what an instruction is taken for one of the other text, the surest first. */
const likenesses: readonly ((a: Instruction, b: Instruction) => boolean)[] = [
  (a, b) => a.lines.length === b.lines.length && a.lines.every((one, at) => same(one, b.lines[at])),
  (a, b) => a.keyword === b.keyword && a.lines.some((one) => b.lines.some((two) => same(one, two))),
  (a, b) => a.keyword === b.keyword,
];

function same(a: Line, b: Line | undefined): boolean {
  return a.text === b?.text;
}

interface Pair {
  readonly old?: Instruction;
  readonly new?: Instruction;
}

/** Pairs what is most alike, in order; what is the same by the first likeness is left out. */
function pair(
  old: readonly Instruction[],
  now: readonly Instruction[],
  [like, ...weaker]: typeof likenesses,
): readonly Pair[] {
  if (like === undefined)
    return [...old.map((one) => ({ old: one })), ...now.map((one) => ({ new: one }))];
  return runsOf(old, now, like).flatMap((run): readonly Pair[] => {
    if (!run.common) return pair(run.old, run.new, weaker);
    if (like === likenesses[0]) return [];
    return run.old.map((one, at) => ({ old: one, new: run.new[at]! }));
  });
}

/** Lines of context around each change. */
const around = 1;

/** The lines that changed with those around them, and the first of all. */
function linesBetween(old: readonly Line[], now: readonly Line[]): readonly PatchLine[] {
  const all = runsOf(old, now, same).flatMap((run): readonly PatchLine[] => {
    if (run.common) return run.new.map((one) => ({ mark: "same", ...one }));
    const removed = run.old.map((one) => ({ mark: "removed", ...one }) as const);
    return [...removed, ...run.new.map((one) => ({ mark: "added", ...one }) as const)];
  });
  const isNear = (at: number): boolean =>
    all.slice(Math.max(at - around, 0), at + around + 1).some(({ mark }) => mark !== "same");
  return all.filter((_, at) => at === 0 || isNear(at));
}

interface Run<T> {
  readonly common: boolean;
  readonly old: readonly T[];
  readonly new: readonly T[];
}

/** Above this many lines that come or go, all counts as replaced: the time grows with the square. */
const mostEdits = 1000;

/** Two lists as runs of what they have in common and of what differs, by turns. */
function runsOf<T>(
  old: readonly T[],
  now: readonly T[],
  comparator: (a: T, b: T) => boolean,
): readonly Run<T>[] {
  const options = { comparator, maxEditLength: mostEdits };
  const parts = diffArrays([...old], [...now], options);
  const runs: Run<T>[] = [];
  let [i, j] = [0, 0];
  for (const { added, removed, count } of parts ?? []) {
    const run = {
      common: !added && !removed,
      old: added ? [] : old.slice(i, i + count),
      new: removed ? [] : now.slice(j, j + count),
    };
    i += run.old.length;
    j += run.new.length;
    const last = runs.at(-1);
    if (last === undefined || last.common || run.common) runs.push(run);
    else runs.splice(-1, 1, { common: false, old: [...last.old, ...run.old], new: run.new });
  }
  return parts === undefined ? [{ common: false, old, new: now }] : runs;
}

/** Compares two contexts file by file. */
export function fileDifferences(before: Explained, after: Explained): readonly KeyDifference[] {
  const old = new Map(before.files.map((file) => [file.path, file]));
  const now = new Map(after.files.map((file) => [file.path, file]));
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort(comparePaths);
  return paths.flatMap((path): KeyDifference[] => {
    const change = changeOf(old.get(path), now.get(path));
    if (change === undefined) return [];
    const side = change === "removed" ? before : after;
    return [
      {
        kind: "file",
        change,
        path: joinPath(side.image.context, path),
        executable: (now.get(path) ?? old.get(path))?.executable ?? false,
        reachedBy: reachOf(path, side),
      },
    ];
  });
}

function changeOf(old: ContextFile | undefined, now: ContextFile | undefined) {
  if (old === undefined) return "added";
  if (now === undefined) return "removed";
  if (old.kind !== now.kind) return "type";
  if (old.content !== now.content) return "content";
  return old.executable === now.executable ? undefined : "mode";
}

function reachOf(path: string, { image, recipe }: Explained): Reach | null {
  const found = recipe.sources.find((one) => sourceMatcher(one)(path));
  // A source has the line of its own word, which may stand below the keyword's.
  const step = found && stepAt(recipe, found.line);
  if (step === undefined) return null;
  return { file: image.dockerfile, line: step.line, keyword: step.keyword.toUpperCase() };
}
