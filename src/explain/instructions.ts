/** Which instructions of a stage differ, and in which of their lines. */
import { canonicalJson } from "../json.ts";
import { type Aligned, align } from "./align.ts";
import type { Difference, DiffLine } from "./difference.ts";
import { argValue, linesOf, type Source } from "./source.ts";
import type { StagePair, Step } from "./stages.ts";

interface Sides {
  readonly old: Source;
  readonly new: Source;
}

/** Compares the steps of two stages; an ARG is told by its names and values. */
export function stepDifferences(pair: StagePair, sides: Sides): readonly Difference[] {
  const stage = pair.new?.name ?? pair.old?.name ?? null;
  const aligned = align(pair.old?.steps ?? [], pair.new?.steps ?? [], ({ id }) => id);
  return pairUp(aligned).flatMap(({ old, new: now }) => {
    const isArg = [old, now].some((step) => step !== undefined && keywordOf(step) === "arg");
    return isArg ? argDifferences(old, now, sides) : [instruction(stage, old, now, sides)];
  });
}

interface Changed {
  readonly old?: Step;
  readonly new?: Step;
}

/** In each run of changes, what went belongs to what came that is most like it. */
function pairUp(aligned: readonly Aligned<Step>[]): readonly Changed[] {
  const added = aligned.flatMap((one) => (one.kind === "added" ? [one.new] : []));
  const removed = aligned.flatMap((one) => (one.kind === "removed" ? [one.old] : []));
  const found: Changed[] = [];
  const moved = new Set<Step>();
  for (const old of removed) {
    const now = added.find(({ id }) => id === old.id);
    if (now === undefined || moved.has(now)) continue;
    moved.add(old).add(now);
    found.push({ old, new: now });
  }
  let run: { old: Step[]; new: Step[] } = { old: [], new: [] };
  const settle = (): void => {
    found.push(...matchRun(run.old, run.new));
    run = { old: [], new: [] };
  };
  for (const one of aligned) {
    if (one.kind === "both") settle();
    else if (one.kind === "removed" && !moved.has(one.old)) run.old.push(one.old);
    else if (one.kind === "added" && !moved.has(one.new)) run.new.push(one.new);
  }
  settle();
  return found;
}

/** How much of the shorter step the other must have, for one to be a change of the other. */
const leastShared = 0.3;

/** Pairs what is most alike first; a single step with its keyword on both sides is a pair in any case. */
function matchRun(before: readonly Step[], after: readonly Step[]): readonly Changed[] {
  const partner = new Map<Step, Step>();
  const taken = new Set<Step>();
  const likeness = before
    .flatMap((old) => after.map((now) => ({ old, now, score: scoreOf(old, now) })))
    .filter(({ score }) => score >= leastShared)
    .toSorted((a, b) => b.score - a.score);
  for (const { old, now } of likeness) {
    if (partner.has(old) || taken.has(now)) continue;
    partner.set(old, now);
    taken.add(now);
  }
  const free = (keyword: string) => ({
    old: before.filter((step) => keywordOf(step) === keyword && !partner.has(step)),
    new: after.filter((step) => keywordOf(step) === keyword && !taken.has(step)),
  });
  for (const keyword of new Set(before.map(keywordOf))) {
    const rest = free(keyword);
    const [old, now] = [rest.old[0], rest.new[0]];
    if (old === undefined || now === undefined || rest.old.length + rest.new.length > 2) continue;
    partner.set(old, now);
    taken.add(now);
  }
  return [
    ...before.map((old) => ({ old, ...(partner.has(old) ? { new: partner.get(old)! } : {}) })),
    ...after.filter((now) => !taken.has(now)).map((now) => ({ new: now })),
  ];
}

/** The share of words that two steps of one keyword have in common. */
function scoreOf(old: Step, now: Step): number {
  if (keywordOf(old) !== keywordOf(now)) return 0;
  const before = wordsOf(old);
  const after = wordsOf(now);
  const shared = [...after].filter((word) => before.has(word)).length;
  return shared / Math.max(Math.min(before.size, after.size), 1);
}

function wordsOf(step: Step): ReadonlySet<string> {
  const words = canonicalJson(step.code).match(/[\w./-]+/g) ?? [];
  return new Set(words.filter((word) => word !== keywordOf(step)));
}

function keywordOf({ code }: Step): string {
  const keys = typeof code === "object" && code !== null ? Object.keys(code) : [];
  return keys.find((key) => key !== "flags" && key !== "heredocs") ?? "";
}

function argDifferences(
  old: Step | undefined,
  now: Step | undefined,
  sides: Sides,
): readonly Difference[] {
  const before = argCodes(old);
  const after = argCodes(now);
  const place = now ? placeIn(sides.new, now) : placeIn(sides.old, old);
  const names = new Set([...before.keys(), ...after.keys()]);
  const changed = [...names].flatMap((name): Difference[] => {
    if (canonicalJson(before.get(name) ?? []) === canonicalJson(after.get(name) ?? [])) return [];
    const valueIn = (side: Source, step: Step | undefined, codes: typeof before) =>
      codes.has(name) && step ? argValue(side, step.line, name, codes.get(name)?.[0]) : null;
    return [
      {
        kind: "arg",
        name,
        old: valueIn(sides.old, old, before),
        new: valueIn(sides.new, now, after),
        place,
      },
    ];
  });
  // The same names and values in another place, or in another order.
  return changed.length > 0 || (old === undefined && now === undefined)
    ? changed
    : [instruction(null, old, now, sides)];
}

/** Each name's value, in a list so that no value and no name are two things. */
function argCodes(step: Step | undefined): ReadonlyMap<string, readonly [string | null]> {
  const { arg } = (step?.code ?? {}) as { readonly arg?: readonly (readonly [string, string])[] };
  return new Map((Array.isArray(arg) ? arg : []).map(([name, value]) => [name, [value]]));
}

function placeIn(source: Source, step: Step | undefined) {
  return { file: source.file, line: step?.line ?? 1 };
}

function instruction(
  stage: string | null,
  old: Step | undefined,
  now: Step | undefined,
  sides: Sides,
): Difference {
  const before = old === undefined ? [] : linesOf(sides.old, old.line);
  const after = now === undefined ? [] : linesOf(sides.new, now.line);
  const keyword = keywordOf(now ?? old ?? { line: 1, code: null, id: "" }).toUpperCase();
  const place = now === undefined ? placeIn(sides.old, old) : placeIn(sides.new, now);
  const text = (now === undefined ? before : after)[0]?.text.trim() ?? keyword;
  const moved = old !== undefined && old.id === now?.id;
  const change =
    old === undefined ? "added" : now === undefined ? "removed" : moved ? "moved" : "changed";
  const lines = moved ? [] : diffLines(before, after);
  const told = lines.some(({ mark }) => mark === "added" || mark === "removed");
  const shown = moved || told ? lines : meaning(old, now);
  return { kind: "instruction", change, keyword, stage, place, text, lines: shown };
}

/** Lines of context around each change. */
const around = 1;

/** The lines that changed with a line of context; the rest is counted. */
export function diffLines(
  before: readonly { readonly line: number; readonly text: string }[],
  after: readonly { readonly line: number; readonly text: string }[],
): readonly DiffLine[] {
  const aligned = align(before, after, ({ text }) => text);
  const near = aligned.map((_, index) =>
    aligned
      .slice(Math.max(index - around, 0), index + around + 1)
      .some(({ kind }) => kind !== "both"),
  );
  const lines: DiffLine[] = [];
  let skipped = 0;
  for (const [index, one] of [...aligned, undefined].entries()) {
    if (one !== undefined && near[index] !== true) {
      skipped++;
      continue;
    }
    if (skipped > 0) lines.push({ mark: "skipped", line: null, text: String(skipped) });
    skipped = 0;
    if (one?.kind === "both") lines.push({ mark: "same", ...one.new });
    else if (one?.kind === "removed") lines.push({ mark: "removed", ...one.old });
    else if (one?.kind === "added") lines.push({ mark: "added", ...one.new });
  }
  return lines;
}

/** Where the text is the same and means something else, what it means to the key. */
function meaning(old: Step | undefined, now: Step | undefined): readonly DiffLine[] {
  const line = (step: Step | undefined, mark: DiffLine["mark"]): readonly DiffLine[] =>
    step === undefined ? [] : [{ mark, line: step.line, text: canonicalJson(step.code) }];
  return [...line(old, "removed"), ...line(now, "added")];
}
