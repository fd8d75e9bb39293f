/** What GitLab takes as rules, needs, variables, tags and `workflow`, in its words. */
import { flat, isTexts, mistyped, seconds, strangeKeys, when } from "./checks.ts";
import { isExpression } from "./expression.ts";
import { isHash, isText, type Plain, type PlainMap } from "./tree.ts";

type NeedKind = "job" | "cross_dependency";

/** Keys of each form of a need but for `artifacts`. `project`, what a job of another project made, is of GitLab's EE code. */
const needKeys = {
  job: "job optional parallel",
  pipeline: "job pipeline",
  project: "job project ref",
};
type NeedForm = keyof typeof needKeys;

/** `undefined` where GitLab knows no such form. */
function formOf(need: Plain): NeedForm | undefined {
  if (isText(need)) return "job";
  if (!isHash(need)) return undefined;
  if ("project" in need) return "project";
  if ("job" in need && "pipeline" in need) return "pipeline";
  if ("ref" in need) return "project";
  return "job" in need ? "job" : undefined;
}

const mostCross = 5;

/** Needs of these kinds. */
export function needsProblems(value: Plain, place: string, ...allowed: readonly NeedKind[]) {
  const isMap = isHash(value);
  if (!isMap && !Array.isArray(value)) return [`${place} config can only be a hash or an array`];
  // GitLab takes an empty entry, as an alias of an empty list leaves one, for none.
  const all = flat(value).filter((each) => each !== null);
  const forms = all.flatMap((each) => formOf(each) ?? []);
  const kinds = forms.map((form): NeedKind => (form === "job" ? form : "cross_dependency"));
  const strange = [...new Set(kinds)].filter((kind) => !allowed.includes(kind));
  const count = (form: NeedForm): number => forms.filter((each) => each === form).length;
  const crossing = Math.max(count("pipeline"), count("project"));
  const counts = all.some((each) => isHash(each) && typeof each["parallel"] === "number");
  const problems = [
    ...when(isMap && Object.keys(value).length === 0, "can not be an empty hash"),
    ...when(counts, 'cannot use "parallel: <number>".'),
    ...when(strange.length > 0, `uses invalid types: ${strange.join(", ")}`),
    ...when(crossing > mostCross, `must be less than or equal to ${mostCross}`),
  ];
  if (problems.length > 0) return problems.map((problem) => `${place} config ${problem}`);
  return all.flatMap((need) => needProblems(need, `${place}:need`));
}

function needProblems(need: Plain, place: string): readonly string[] {
  const form = formOf(need);
  if (form === undefined) return [`${place} has an unsupported type`];
  if (!isHash(need)) return when(need === "", `${place} config can't be blank`);
  return [
    ...strangeKeys(need, place, `artifacts ${needKeys[form]}`),
    ...mistyped(need, place, "string", "job pipeline project ref"),
    ...mistyped(need, place, "boolean", "optional artifacts"),
  ];
}

/** `keys`: those that a variable may have which is a map; with none of them it may be no map. */
export function variablesProblems(value: Plain, place: string, keys = ""): readonly string[] {
  if (!isHash(value)) return [`${place} config should be a hash`];
  return Object.entries<Plain>(value).flatMap(([name, one]) => {
    if (Array.isArray(one)) return ["variable definition must be either a string or a hash"];
    if (!isHash(one)) return [];
    const unknown = Object.keys(one).filter((key) => !keys.split(" ").includes(key));
    const { options, value: own = null } = one;
    const isOpen = !Array.isArray(options) || options.length === 0;
    const strange = `config uses invalid data keys: ${unknown.join(", ")}`;
    return [
      ...when(unknown.length > 0, keys === "" ? "config must be a string" : strange),
      ...when(!isOpen && !options.includes(own), "config value must be present in options"),
    ].map((problem) => `${place}:${name} ${problem}`);
  });
}

const mostTags = 50;

export function tagsProblems(value: Plain, place: string): readonly string[] {
  if (!isTexts(value)) return [`${place} config should be an array of strings`];
  const names = value.flatMap((tag) => tag.split(",")).map((name) => name.trim());
  const isLong = new Set(names.filter((name) => name !== "")).size >= mostTags;
  return when(isLong, `${place} config must be less than the limit of ${mostTags} tags`);
}

const mostPaths = 50;

/** `changes` and `exists`: a list of paths, or a map with one; `exists` may be a text, too. */
function globsProblems(value: Plain | undefined, place: string, key: "changes" | "exists") {
  const isExists = key === "exists";
  if (value === undefined || (isExists && isText(value))) return [];
  const kinds = isExists ? "a string, an array of strings, or a hash" : "an array or a hash";
  const isMap = isHash(value);
  if (!isMap && !Array.isArray(value)) return [`${place}:${key} should be ${kinds}`];
  const strange = isMap
    ? strangeKeys(value, `${place}:${key}`, isExists ? "paths project ref" : "paths compare_to")
    : [];
  const paths = isMap ? value["paths"] : value;
  const problems = isTexts(paths)
    ? when(paths.length > mostPaths, `has too many entries (maximum ${mostPaths})`)
    : ["should be an array of strings"];
  const about = `${place}:${key} ${isMap ? "paths" : "config"}`;
  return [...strange, ...problems.map((problem) => `${about} ${problem}`)];
}

export const week = 604_800;

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

/** Whose rules they are: which values `when` may have, and what else they may say. */
const ruleKinds = {
  job: {
    starts: "on_success on_failure always never manual delayed",
    keys: "if changes exists when start_in allow_failure variables needs interruptible",
  },
  include: { starts: "never always", keys: "if exists when changes" },
  workflow: {
    starts: "always never",
    keys: "if changes exists when start_in allow_failure variables needs auto_cancel",
  },
};
type RuleKind = keyof typeof ruleKinds;

export function rulesProblems(value: Plain, place: string, kind: RuleKind): readonly string[] {
  if (!Array.isArray(value)) return [`${place} config should be an array`];
  if (value.length === 0) return [`${place} config can't be blank`];
  return flat(value).flatMap((rule) => ruleProblems(rule, `${place}:rule`, kind));
}

export function ruleProblems(rule: Plain, place: string, kind: RuleKind): readonly string[] {
  if (!isHash(rule)) return [`${place} config should be a hash`];
  const { starts, keys } = ruleKinds[kind];
  const { if: condition, when: start, changes, exists, variables, needs } = rule;
  const isUnknown = start !== undefined && !starts.split(" ").includes(String(start));
  const problems = [
    ...when(Object.keys(rule).length === 0, "config can't be blank"),
    ...startProblems(rule),
    ...when(condition !== undefined && !isExpression(condition), "if invalid expression syntax"),
    ...when(isUnknown, `when unknown value: ${start}`),
  ].map((problem) => `${place} ${problem}`);
  return [
    ...problems,
    ...mistyped(rule, place, "boolean", "allow_failure interruptible"),
    ...strangeKeys(rule, place, keys),
    ...globsProblems(changes, place, "changes"),
    ...globsProblems(exists, place, "exists"),
    ...(variables === undefined ? [] : variablesProblems(variables, `${place}:variables`)),
    ...(needs === undefined ? [] : needsProblems(needs, `${place}:needs`, "job")),
  ];
}

export function workflowProblems(value: Plain, place: string): readonly string[] {
  const rules = isHash(value) ? value["rules"] : undefined;
  return [
    ...strangeKeys(value, place, "name rules auto_cancel"),
    ...(rules === undefined ? [] : rulesProblems(rules, `${place}:rules`, "workflow")),
  ];
}
