/** What GitLab takes as rules, needs, triggers and `workflow`. */
import { compilePattern, isExpression } from "./expression.ts";
import {
  about,
  all,
  among,
  anything,
  atMost,
  boolean,
  duration,
  each,
  expression,
  first,
  isText,
  items,
  keys,
  known,
  list,
  map,
  mapOrList,
  needed,
  nestedTexts,
  one,
  partsOf,
  present,
  record,
  required,
  type Shape,
  tell,
  text,
  texts,
  type ValueCheck,
  words,
} from "./shape.ts";
import { flatten, get, isBlank, isList, isMap, textOf, type Value } from "./tree.ts";

export type NeedKind = "job" | "cross_dependency";

/** How a need is written, in GitLab's words; `undefined` where it knows no such kind. */
export function needKind(need: Value): NeedKind | undefined {
  if (isText(need)) return "job";
  if (!isMap(need) || !need.has("job") || need.has("project")) return undefined;
  if (need.has("pipeline")) return "cross_dependency";
  return need.has("ref") ? undefined : "job";
}

const flags = { artifacts: boolean, optional: boolean };
const ownNeed = record({ job: needed(text), ...flags, parallel: anything });
const crossNeed = record({ pipeline: needed(text), job: needed(text), artifacts: boolean });

const need: Shape = (value, place) => {
  const kind = needKind(value);
  if (kind === undefined) return [`${place} has an unsupported type`];
  if (isText(value)) return one(present)(value, place);
  return (kind === "job" ? ownNeed : crossNeed)(value, place);
};

const mostCross = 5;

const notCounted: ValueCheck = (value) =>
  flatten([value]).some((need) => /number|bigint/.test(typeof get(need, "parallel")))
    ? ['cannot use "parallel: <number>".']
    : [];
const notEmpty: ValueCheck = (value) =>
  isMap(value) && value.size === 0 ? ["can not be an empty hash"] : [];

/** `allowed`: the kinds of needs that are taken here. */
export function needs(allowed: readonly NeedKind[]): Shape {
  const kinds: ValueCheck = (value) => {
    const found = flatten([value]).flatMap((need) => needKind(need) ?? []);
    const strange = [...new Set(found)].filter((kind) => !allowed.includes(kind));
    const cross = found.filter((kind) => kind === "cross_dependency");
    return [
      ...(strange.length > 0 ? [`uses invalid types: ${strange.join(", ")}`] : []),
      ...(cross.length > mostCross ? [`must be less than or equal to ${mostCross}`] : []),
    ];
  };
  const sound = one(all(mapOrList, notEmpty, notCounted));
  const eachNeed = items(need, "need");
  return first(sound, (value, place) => [...one(kinds)(value, place), ...eachNeed(value, place)]);
}

/** `extra`: the keys that a variable may have which is a map; with none of them it may be no map. */
export function variables(extra: readonly string[]): Shape {
  const extraKeys: ValueCheck = (value) => {
    const found = isMap(value) ? [...value.keys()].map(textOf) : [];
    const strange = found.filter((key) => !extra.includes(key));
    if (extra.length === 0) return ["must be a string"];
    return strange.length === 0 ? [] : [`uses invalid data keys: ${strange.join(", ")}`];
  };
  const offered: ValueCheck = (value) => {
    const options = get(value, "options") ?? null;
    const isOffered = isList(options) && options.includes(get(value, "value") ?? null);
    return isBlank(options) || isOffered ? [] : ["value must be present in options"];
  };
  const part = (name: string, check: ValueCheck): ValueCheck => {
    return (value) => about(name, check, get(value, name) ?? null);
  };
  const complex = one(
    all(
      part("description", text),
      part("expand", boolean),
      part("options", texts),
      extraKeys,
      offered,
    ),
  );
  const simple: Shape = (value) =>
    isList(value) ? ["variable definition must be either a string or a hash"] : [];
  return each((value, place) => (isMap(value) ? complex : simple)(value, place));
}

const mostTags = 50;

export const tags = one(
  all(texts, (value) => {
    const names = (isList(value) ? value : []).flatMap((tag) => textOf(tag).split(","));
    const distinct = new Set(names.map((name) => name.trim()).filter((name) => name !== ""));
    return distinct.size < mostTags ? [] : [`must be less than the limit of ${mostTags} tags`];
  }),
);

const paths = all(texts, atMost(50, "has too many entries (maximum 50)"));

const changes: Shape = (value, place) => {
  if (isList(value)) return one(paths)(value, place);
  if (!isMap(value)) return [`${place} should be an array or a hash`];
  const missing = about("config", required("paths"), value);
  return [...record({ paths, compare_to: text })(value, place), ...tell(place, missing)];
};

const exists: Shape = (value, place) => {
  if (isList(value)) return one(paths)(value, place);
  if (isText(value) || isBlank(value)) return [];
  if (!isMap(value)) return [`${place} should be a string, an array of strings, or a hash`];
  const missing = about("config", required(...(value.has("ref") ? ["project"] : [])), value);
  return [...record({ paths, project: text, ref: text })(value, place), ...tell(place, missing)];
};

export const stages = one(nestedTexts);

const week = 604_800;

/** Rules of a job, of an include or of the workflow: values of `when` and keys that they may have. */
export function rules(when: readonly string[], allowed: readonly string[]): Shape {
  const own: Shape = (value, place) => tell(place, ruleProblems(value, when, allowed));
  const parts = partsOf({
    changes,
    exists,
    variables: variables([]),
    needs: needs(["job"]),
  });
  return first(one(all(present, list)), items(first(own, parts), "rule"));
}

function ruleProblems(
  value: Value,
  when: readonly string[],
  allowed: readonly string[],
): readonly string[] {
  const part = (key: string): Value => get(value, key) ?? null;
  const isDelayed = part("when") === "delayed";
  const startIn = isDelayed
    ? about("start in", all(present, duration(week)), part("start_in") ?? "")
    : part("start_in") === null
      ? []
      : ["config contains disallowed keys: start_in"];
  return [
    ...about("config", all(present, map), value),
    ...startIn,
    ...about("if", expression, part("if")),
    ...about("allow failure", boolean, part("allow_failure")),
    ...about("interruptible", boolean, part("interruptible")),
    ...about("when", known(when), part("when")),
    ...about("config", keys(allowed), value),
  ];
}

const cancelling = (...values: readonly string[]): ValueCheck =>
  among(values, `must be one of: ${values.join(", ")}`);
const autoCancel = record({
  on_new_commit: cancelling("conservative", "interruptible", "none"),
  on_job_failure: cancelling("all", "none"),
});

export const workflow = record(
  { name: anything },
  {
    rules: rules(
      words("always never"),
      words("if changes exists when start_in allow_failure variables needs auto_cancel"),
    ),
    auto_cancel: autoCancel,
  },
);

const refs: ValueCheck = (value) => {
  const isRef = (item: Value): boolean =>
    isText(item) && (!/^\/.*\/[ismU]*$/m.test(item) || compilePattern(item) !== undefined);
  return value === null || (isList(value) && value.every(isRef))
    ? []
    : ["should be an array of strings or regular expressions using re2 syntax"];
};

/** `only` and `except`. */
export const policy: Shape = (value, place) => {
  if (isList(value)) return one(refs)(value, place);
  if (!isMap(value)) return [`${place} has to be either an array of conditions or a hash`];
  const conditions: ValueCheck = (found) =>
    isList(found) && !found.every(isExpression) ? ["invalid expression syntax"] : texts(found);
  const fields = { refs, kubernetes: anything, variables: conditions, changes: texts };
  return first(one(present), record(fields))(value, place);
};
