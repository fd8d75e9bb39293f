/** Why two images have different keys: every input that differs, in the words of the files it comes from. */
import { canonicalJson } from "../json.ts";
import type { ArgChange, Difference } from "./difference.ts";
import type { Explained } from "./explained.ts";
import { fileDifferences } from "./files.ts";
import { stepDifferences } from "./instructions.ts";
import { globalValue, linesOf, type Source, sourceOf } from "./source.ts";
import { codeOf, pairStages, type StagePair } from "./stages.ts";

/**
 * Says what differs between an image then and now: nothing where the keys are the same, and never nothing
 * where they are not. Parents are compared in the same way, all the way down.
 *
 * Pure. Files are compared only where both sides have read their contexts.
 */
export function explain(old: Explained | undefined, now: Explained): readonly Difference[] {
  if (old === undefined) return [{ kind: "image", name: now.image.name }];
  if (old.image.key === now.image.key) return [];
  const sides = { old: sourceOf(old), new: sourceOf(now) };
  const found = [
    ...settings(old, now),
    ...directives(old, now),
    ...options(old, now, sides),
    ...pairStages(old, now).flatMap((pair) => stageDifferences(pair, sides)),
    ...contextDifferences(old, now, sides),
    ...parents(old, now),
  ];
  if (found.length > 0) return found;
  return [{ kind: "other", what: "the order in which stages are needed" }];
}

interface Sides {
  readonly old: Source;
  readonly new: Source;
}

function settings(old: Explained, now: Explained): readonly Difference[] {
  const before = old.image.inputs;
  const after = now.image.inputs;
  const recipe = canonicalJson(old.recipe.code) !== canonicalJson(now.recipe.code);
  const context = before.context !== after.context;
  const ids = (list: readonly string[]): string | null =>
    list.length === 0 ? null : list.join(" ");
  const all: readonly Setting[] = [
    ["platform", before.platform, after.platform],
    ["format", before.format, after.format],
    ["epoch", before.epoch, after.epoch],
    ["secrets", ids(before.secrets), ids(after.secrets)],
    // These two count by what they lead to.
    ...(recipe ? [targets(old, now)] : []),
    ...(context ? [contexts(old, now)] : []),
  ];
  return all.flatMap(([name, was, is]) =>
    was === is ? [] : [{ kind: "setting", name, old: was, new: is } as const],
  );
}

type Setting = readonly [
  name: Extract<Difference, { kind: "setting" }>["name"],
  old: string | null,
  now: string | null,
];

function targets(old: Explained, now: Explained): Setting {
  return ["target", old.image.target ?? null, now.image.target ?? null];
}

function contexts(old: Explained, now: Explained): Setting {
  return ["context", old.image.context, now.image.context];
}

function directives(old: Explained, now: Explained): readonly Difference[] {
  const before = codeOf(old);
  const after = codeOf(now);
  return (["syntax", "escape"] as const).flatMap((name): Difference[] =>
    before[name] === after[name]
      ? []
      : [{ kind: "directive", name, old: before[name], new: after[name] }],
  );
}

/** Args that steer the engine, which no ARG declares. */
function options(old: Explained, now: Explained, sides: Sides): readonly Difference[] {
  const before = codeOf(old).options ?? {};
  const after = codeOf(now).options ?? {};
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const configured = (value: string | undefined) =>
    value === undefined ? null : ({ value, from: "configuration", place: null } as const);
  return [...names].flatMap((name): Difference[] => {
    if (before[name] === after[name]) return [];
    const place = { file: sides.new.file, line: 1 };
    return [
      { kind: "arg", name, old: configured(before[name]), new: configured(after[name]), place },
    ];
  });
}

function stageDifferences(pair: StagePair, sides: Sides): readonly Difference[] {
  const { old, new: now } = pair;
  if (old !== undefined && now !== undefined) {
    const base: readonly Difference[] =
      old.baseId === now.baseId
        ? []
        : [
            {
              kind: "base",
              stage: now.name,
              place: { file: sides.new.file, line: now.line },
              old: old.base,
              new: now.base,
              by: baseArgs(old.line, now.line, sides),
            },
          ];
    return [...base, ...stepDifferences(pair, sides)];
  }
  const only = now ?? old;
  if (only === undefined) return [];
  const { name: stage, base, line } = only;
  const change = now === undefined ? "removed" : "added";
  const { file } = now === undefined ? sides.old : sides.new;
  return [{ kind: "stage", change, stage, base, place: { file, line } }];
}

/** The global ARGs in a FROM whose values differ. */
function baseArgs(oldLine: number, newLine: number, sides: Sides): readonly ArgChange[] {
  const text = [...linesOf(sides.old, oldLine), ...linesOf(sides.new, newLine)];
  const used = text.flatMap((line) =>
    [...line.text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name]) => name ?? ""),
  );
  return [...new Set(used)].flatMap((name) => {
    const old = globalValue(sides.old, name);
    const now = globalValue(sides.new, name);
    return old?.value === now?.value ? [] : [{ name, old, new: now }];
  });
}

function contextDifferences(old: Explained, now: Explained, sides: Sides): readonly Difference[] {
  if (old.image.inputs.context === now.image.inputs.context) return [];
  const files = fileDifferences(old, now, sides);
  return files.length > 0 ? files : [{ kind: "other", what: "files of the build context" }];
}

/** A parent that is new or gone shows where its name stands; here is what became of those that stayed. */
function parents(old: Explained, now: Explained): readonly Difference[] {
  const before = new Map(old.parents.map((parent) => [parent.image.name, parent]));
  return now.parents.flatMap((parent): Difference[] => {
    const was = before.get(parent.image.name);
    const differences = was === undefined ? [] : explain(was, parent);
    return differences.length === 0
      ? []
      : [{ kind: "parent", name: parent.image.name, differences }];
  });
}
