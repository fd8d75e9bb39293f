/** The stages that two images are made of, in pairs. */
import { canonicalJson, type Json } from "../json.ts";
import type { BaseName } from "./difference.ts";
import type { Explained } from "./explained.ts";

export interface Step {
  readonly line: number;
  readonly code: Json;
  /** The same for steps that mean the same, whatever number a stage has on either side. */
  readonly id: string;
}

export interface StageView {
  readonly name: string | null;
  /** Of its FROM. */
  readonly line: number;
  readonly base: BaseName;
  readonly baseId: string;
  readonly steps: readonly Step[];
}

export interface StagePair {
  readonly old: StageView | undefined;
  readonly new: StageView | undefined;
}

interface StageCode {
  readonly from: Json;
  readonly platform?: string;
  readonly steps: readonly Json[];
}

/** Directives, and options of the engine, beside the stages. */
export interface RecipeCode {
  readonly escape: string;
  readonly syntax: string | null;
  readonly options?: Readonly<Record<string, string>>;
  readonly stages: readonly StageCode[];
}

export function codeOf({ recipe }: Explained): RecipeCode {
  return recipe.code as unknown as RecipeCode;
}

/** Pairs stages by name, and those that are left from the last one up; in the order of need. */
export function pairStages(before: Explained, after: Explained): readonly StagePair[] {
  const pairs = pairNumbers(before, after);
  const ids = (side: "old" | "new"): ReadonlyMap<number, number> =>
    new Map(pairs.flatMap((pair, id) => (pair[side] === undefined ? [] : [[pair[side], id]])));
  const old = viewsOf(before, ids("old"));
  const now = viewsOf(after, ids("new"));
  return pairs.map((pair) => ({
    old: pair.old === undefined ? undefined : old[pair.old],
    new: pair.new === undefined ? undefined : now[pair.new],
  }));
}

interface NumberPair {
  readonly old: number | undefined;
  readonly new: number | undefined;
}

function pairNumbers(before: Explained, after: Explained): readonly NumberPair[] {
  const names = after.recipe.stages.map(({ name }) => name);
  const partner = new Map<number, number>();
  const free = { old: [] as number[], new: new Set(names.keys()) };
  for (const [index, { name }] of before.recipe.stages.entries()) {
    const found = name === undefined ? -1 : names.indexOf(name);
    if (found < 0 || !free.new.delete(found)) free.old.push(index);
    else partner.set(index, found);
  }
  const rest = [...free.new];
  for (const index of free.old.reverse()) {
    const found = rest.pop();
    if (found !== undefined) partner.set(index, found);
  }
  const gone = [...before.recipe.stages.keys()].filter((index) => !partner.has(index));
  const partnerOf = new Map([...partner].map(([old, now]) => [now, old]));
  return [
    ...gone.map((old) => ({ old, new: undefined })),
    ...[...names.keys()].map((now) => ({ old: partnerOf.get(now), new: now })),
  ];
}

function viewsOf(explained: Explained, ids: ReadonlyMap<number, number>): readonly StageView[] {
  const { stages } = explained.recipe;
  return codeOf(explained).stages.map(({ from, platform, steps }, index) => {
    const shown = stages[index];
    const id = (code: Json): string => canonicalJson(withIds(code, ids));
    return {
      name: shown?.name ?? null,
      line: shown?.line ?? 1,
      base: { reference: shown?.base ?? "", platform: platform ?? null, parent: parentIn(from) },
      baseId: id([from, platform ?? null]),
      steps: steps.map((code, step) => ({
        line: shown?.steps[step]?.line ?? 1,
        code,
        id: id(code),
      })),
    };
  });
}

function parentIn(from: Json): string | null {
  const { parent } = from as { readonly parent?: string };
  return parent ?? null;
}

/** Numbers of stages as numbers of pairs, so that a stage put in front is no change to all behind it. */
function withIds(code: Json, ids: ReadonlyMap<number, number>): Json {
  if (typeof code !== "object" || code === null) return code;
  if (Array.isArray(code)) return code.map((member: Json) => withIds(member, ids));
  const entries = Object.entries(code as Readonly<Record<string, Json>>);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === "stage" && typeof only[1] === "number")
    return { stage: ids.get(only[1]) ?? `number ${only[1]}` };
  return Object.fromEntries(entries.map(([key, member]) => [key, withIds(member, ids)]));
}
