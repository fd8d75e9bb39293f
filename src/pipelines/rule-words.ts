/** What GitLab takes as rules, needs, variables, tags and `workflow`, in its words. */
import { isObject } from "../json.ts";
import * as z from "../zod.ts";
import {
  anything,
  choose,
  deepest,
  flag,
  flat,
  isNested,
  isTexts,
  name,
  record,
  seconds,
  text,
  unknownKeys,
  when,
  worded,
  words,
} from "./checks.ts";
import { compilePattern, isExpression } from "./expression.ts";
import { isText, type Plain, type PlainMap } from "./tree.ts";

type NeedKind = "job" | "cross_dependency";

/** How a need is written, in GitLab's words; `undefined` where it knows no such kind. */
function needKind(need: Plain): NeedKind | undefined {
  if (isText(need)) return "job";
  if (!isObject(need) || !("job" in need) || "project" in need) return undefined;
  if ("pipeline" in need) return "cross_dependency";
  return "ref" in need ? undefined : "job";
}

const needForms = {
  job: record({ artifacts: flag, optional: flag, parallel: anything }, { job: name }),
  cross_dependency: record({ artifacts: flag }, { pipeline: name, job: name }),
};
const unknownNeed = worded(() => ["has an unsupported type"]);
const need = choose((value) => {
  const kind = needKind(value);
  if (kind === undefined) return unknownNeed;
  return isText(value) ? name : needForms[kind];
});
const mostCross = 5;

/** The kinds of needs that are taken. */
export function needs(...allowed: readonly NeedKind[]) {
  const listed = worded((value) => {
    if (!isObject(value) && !Array.isArray(value)) return ["config can only be a hash or an array"];
    const all = flat(value) as readonly Plain[];
    const kinds = all.flatMap((each) => needKind(each) ?? []);
    const strange = [...new Set(kinds)].filter((kind) => !allowed.includes(kind));
    const crossing = kinds.filter((kind) => kind === "cross_dependency").length;
    const counts = all.some((each) => isObject(each) && typeof each["parallel"] === "number");
    return [
      ...when(
        isObject(value) && Object.keys(value).length === 0,
        "config can not be an empty hash",
      ),
      ...when(counts, 'config cannot use "parallel: <number>".'),
      ...when(strange.length > 0, `config uses invalid types: ${strange.join(", ")}`),
      ...when(crossing > mostCross, `config must be less than or equal to ${mostCross}`),
    ];
  });
  return z.pipe(z.mapped(listed, flat), z.array(need));
}

/** The keys that a variable may have which is a map; with none of them it may be no map. */
export function variables(keys: string) {
  const allowed = keys.split(" ");
  const one = worded((value) => {
    if (Array.isArray(value)) return ["variable definition must be either a string or a hash"];
    if (!isObject(value)) return [];
    const unknown = Object.keys(value).filter((key) => !allowed.includes(key));
    const { options } = value;
    const isOffered =
      !Array.isArray(options) || options.length === 0 || options.includes(value["value"] ?? null);
    return [
      ...when(keys === "", "config must be a string"),
      ...when(
        keys !== "" && unknown.length > 0,
        `config uses invalid data keys: ${unknown.join(", ")}`,
      ),
      ...when(!isOffered, "config value must be present in options"),
    ];
  });
  return z.record(z.string(), one, "~config should be a hash");
}

const mostTags = 50;

export const tags = z
  .custom<readonly string[]>(isTexts, "~config should be an array of strings")
  .check(
    z.refine((value) => {
      const names = value.flatMap((tag) => tag.split(",")).map((name) => name.trim());
      return new Set(names.filter((name) => name !== "")).size < mostTags;
    }, `~config must be less than the limit of ${mostTags} tags`),
  );

export const stages = z.custom<Plain>(
  (value) => Array.isArray(value) && isNested(value, deepest),
  "~config should be an array of strings or a nested array of strings up to 10 levels deep",
);

const mostPaths = 50;

function pathProblems(about: string, value: Plain | undefined): readonly string[] {
  if (!isTexts(value)) return [`${about} should be an array of strings`];
  return when(value.length > mostPaths, `${about} has too many entries (maximum ${mostPaths})`);
}

/** `changes` and `exists`: a list of paths, or a map with one. */
function globs(keys: readonly string[], other: (value: Plain) => readonly string[]) {
  return worded((value) => {
    if (Array.isArray(value)) return pathProblems("config", value);
    if (!isObject(value)) return other(value);
    return [...unknownKeys(value, keys), ...pathProblems("paths", value["paths"])];
  });
}

const changes = globs(["paths", "compare_to"], () => ["should be an array or a hash"]);
const exists = globs(["paths", "project", "ref"], (value) =>
  when(!isText(value), "should be a string, an array of strings, or a hash"),
);

const week = 604_800;

function startProblems({ when: start, start_in: after }: PlainMap): readonly string[] {
  if (start !== "delayed")
    return when(after !== undefined, "config contains disallowed keys: start_in");
  const delay = isText(after) ? seconds(after) : undefined;
  return [
    ...when(after === undefined, "start in can't be blank"),
    ...when(delay === undefined, "start in should be a duration"),
    ...when((delay ?? week) >= week, "start in should not exceed the limit"),
  ];
}

/** Rules of a job, of an include or of the workflow: values of `when`, and keys that they may have. */
export function rules(starts: string, keys: string) {
  const own = worded((value) => {
    if (!isObject(value)) return ["config should be a hash"];
    const { if: condition, when: start } = value;
    const flags = ["allow_failure", "interruptible"].filter(
      (key) => !/boolean|undefined/.test(typeof value[key]),
    );
    return [
      ...when(Object.keys(value).length === 0, "config can't be blank"),
      ...startProblems(value),
      ...when(condition !== undefined && !isExpression(condition), "if invalid expression syntax"),
      ...flags.map((key) => `${key.replace("_", " ")} should be a boolean value`),
      ...when(
        start !== undefined && !starts.split(" ").includes(String(start)),
        `when unknown value: ${start}`,
      ),
      ...unknownKeys(value, keys.split(" ")),
    ];
  });
  const parts = z.looseObject({
    changes: z.optional(changes),
    exists: z.optional(exists),
    variables: z.optional(variables("")),
    needs: z.optional(needs("job")),
  });
  const listed = z
    .array(anything, "~config should be an array")
    .check(z.minLength(1, "~config can't be blank"));
  const rule = z.pipe(own, parts as z.ZodType<Plain, Plain>);
  return z.pipe(z.mapped(listed, flat), z.array(rule));
}

export const workflow = record({
  name: text,
  rules: rules(
    "always never",
    "if changes exists when start_in allow_failure variables needs auto_cancel",
  ),
  auto_cancel: record({
    on_new_commit: words("conservative interruptible none", "must"),
    on_job_failure: words("all none", "must"),
  }),
});

const isRef = (value: Plain): boolean =>
  isText(value) && (!/^\/.*\/[ismU]*$/m.test(value) || compilePattern(value) !== undefined);
const refs = z.custom<Plain>(
  (value) => Array.isArray(value) && value.every(isRef),
  "should be an array of strings or regular expressions using re2 syntax",
);
const conditions = z.custom<Plain>(
  (value) => Array.isArray(value) && value.every(isExpression),
  "invalid expression syntax",
);
const policyForm = record({
  refs,
  kubernetes: anything,
  variables: conditions,
  changes: z.array(text),
});

/** `only` and `except`. */
export const policy = choose((value) => (isObject(value) ? policyForm : refs));
