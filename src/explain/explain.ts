/** Why two images have different keys: every input that differs, in the words of the files it comes from. */
import { isIndex } from "../image/image.ts";
import { canonicalJson, type Json, ownMember } from "../json.ts";
import type { KeyDifference } from "./difference.ts";
import { fileDifferences, patch } from "./patch.ts";
import type { Explained } from "./state.ts";

/**
 * Says what differs between an image then and now: nothing where the keys are the same, and never nothing
 * where they are not. Parents are compared in the same way, all the way down.
 *
 * Pure. Files are compared only where both sides have read their contexts.
 */
export function explain(old: Explained | undefined, now: Explained): readonly KeyDifference[] {
  if (old === undefined) return [{ kind: "image", name: now.image.name }];
  if (old.image.key === now.image.key) return [];
  const found = isIndex(old.image) || isIndex(now.image) ? platforms(old, now) : inputs(old, now);
  return found.length > 0 ? found : [{ kind: "other", what: "inputs without a name" }];
}

function inputs(old: Explained, now: Explained): readonly KeyDifference[] {
  return [
    ...settings(old, now),
    ...args(old, now),
    ...patch(old, now),
    ...contextDifferences(old, now),
    ...parents(old, now),
  ];
}

/** What differs in each platform that both have; told once where it is the same in all. */
function platforms(old: Explained, now: Explained): readonly KeyDifference[] {
  const buildsOf = (side: Explained) => (isIndex(side.image) ? side.parents : [side]);
  const before = new Map(buildsOf(old).map((build) => [build.image.platform, build]));
  const both = buildsOf(now).filter(({ image }) => before.has(image.platform));
  const told = both.map((build) => explain(before.get(build.image.platform), build));
  const isSame = new Set(told.map((one) => canonicalJson(one as unknown as Json))).size === 1;
  const changed = both.flatMap(({ image }, position): readonly KeyDifference[] => {
    const differences = told[position] ?? [];
    return differences.length === 0
      ? []
      : [{ kind: "platform", name: image.platform, differences }];
  });
  const turn: Turn = ["platform", old.image.platform, now.image.platform];
  return [...turns("setting", [turn]), ...(isSame ? (told[0] ?? []) : changed)];
}

type Turn = readonly [name: string, old: string | null, now: string | null];

function settings(old: Explained, now: Explained): readonly KeyDifference[] {
  const [was, is] = [old.image.inputs, now.image.inputs];
  const target: Turn = ["target", old.image.target ?? null, now.image.target ?? null];
  const context: Turn = ["context", old.image.context, now.image.context];
  const ids = (list: readonly string[]): string | null => list.join(" ") || null;
  return turns("setting", [
    ["platform", was.platform, is.platform],
    ["onbuild", String(was.onbuild), String(is.onbuild)],
    ["secrets", ids(was.secrets), ids(is.secrets)],
    ["epoch", was.epoch, is.epoch],
    ["format", was.format, is.format],
    // These two count by what they lead to.
    ...(was.text === is.text && was.target === is.target ? [] : [target]),
    ...(was.context === is.context ? [] : [context]),
  ]);
}

function args(old: Explained, now: Explained): readonly KeyDifference[] {
  const [was, is] = [old.image.inputs.args, now.image.inputs.args];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return turns(
    "arg",
    names.map((name) => [name, ownMember(was, name) ?? null, ownMember(is, name) ?? null]),
  );
}

function turns(kind: "setting" | "arg", all: readonly Turn[]): readonly KeyDifference[] {
  return all
    .filter(([, old, now]) => old !== now)
    .map(([name, old, now]) => ({ kind, name, old, new: now }));
}

function contextDifferences(old: Explained, now: Explained): readonly KeyDifference[] {
  if (old.image.inputs.context === now.image.inputs.context) return [];
  const files = fileDifferences(old, now);
  return files.length > 0 ? files : [{ kind: "other", what: "files of the build context" }];
}

/** What became of the references that both have; one that came or went shows in the lines. */
function parents(old: Explained, now: Explained): readonly KeyDifference[] {
  const [before, after] = [parentsOf(old), parentsOf(now)];
  return [...after].flatMap(([reference, is]): readonly KeyDifference[] => {
    const was = before.get(reference);
    const name = (is ?? was)?.image.name;
    if (name === undefined || !before.has(reference)) return [];
    const told = { kind: "parent", name, reference, differences: [] } as const;
    if (is === undefined) return [{ ...told, change: "removed" }];
    if (was === undefined) return [{ ...told, change: "added" }];
    const differences = explain(was, is);
    return differences.length === 0 ? [] : [{ ...told, change: "changed", differences }];
  });
}

/** The set's image that each reference names, `undefined` where it names another. */
function parentsOf(side: Explained): ReadonlyMap<string, Explained | undefined> {
  const named = (name: string | undefined) => side.parents.find(({ image }) => image.name === name);
  return new Map(
    side.recipe.uses.map(({ reference, parent, platform }) => [
      platform === undefined ? reference : `--platform=${platform} ${reference}`,
      named(parent),
    ]),
  );
}
