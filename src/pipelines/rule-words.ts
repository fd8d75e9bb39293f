/** What GitLab takes as rules, needs, variables, tags and `workflow`, in its words. */
import { delayProblems, isTexts, mistyped, strangeKeys, told } from "./checks.ts";
import { compilePattern, isExpression } from "./expression.ts";
import { flat, isHash, isText, type Plain } from "./tree.ts";

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
  if (!isHash(value) && !Array.isArray(value))
    return [`${place} config can only be a hash or an array`];
  // GitLab takes an empty entry, as an alias of an empty list leaves one, for none.
  const all = flat(value).filter((each) => each !== null);
  const forms = all.flatMap((each) => formOf(each) ?? []);
  const kinds = forms.map((form): NeedKind => (form === "job" ? form : "cross_dependency"));
  const strange = [...new Set(kinds)].filter((kind) => !allowed.includes(kind));
  const count = (form: NeedForm): number => forms.filter((each) => each === form).length;
  const counts = all.some((each) => isHash(each) && typeof each["parallel"] === "number");
  const problems = told(`${place} config`, {
    'cannot use "parallel: <number>".': counts,
    [`uses invalid types: ${strange.join(", ")}`]: strange.length > 0,
    [`must be less than or equal to ${mostCross}`]:
      Math.max(count("pipeline"), count("project")) > mostCross,
  });
  return problems.length > 0
    ? problems
    : all.flatMap((need) => needProblems(need, `${place}:need`));
}

function needProblems(need: Plain, place: string): readonly string[] {
  const form = formOf(need);
  if (form === undefined) return [`${place} has an unsupported type`];
  if (!isHash(need)) return [];
  return [
    ...strangeKeys(need, place, `artifacts ${needKeys[form]}`),
    ...mistyped(need, place, "string", "job", "pipeline", "project", "ref"),
    ...mistyped(need, place, "boolean", "optional", "artifacts"),
  ];
}

/** `keys`: those that a variable may have which is a map; with none of them it may be no map. */
export function variablesProblems(value: Plain, place: string, keys = ""): readonly string[] {
  if (!isHash(value)) return [`${place} config should be a hash`];
  return Object.entries(value).flatMap(([name, one]) => {
    if (Array.isArray(one)) return ["variable definition must be either a string or a hash"];
    if (!isHash(one)) return [];
    const unknown = Object.keys(one).filter((key) => !keys.split(" ").includes(key));
    const { options, value: own = null } = one;
    const isClosed = Array.isArray(options) && options.length > 0;
    return told(`${place}:${name} config`, {
      "must be a string": keys === "",
      [`uses invalid data keys: ${unknown.join(", ")}`]: keys !== "" && unknown.length > 0,
      "value must be present in options": isClosed && !options.includes(own),
    });
  });
}

const mostTags = 50;

export function tagsProblems(value: Plain, place: string): readonly string[] {
  if (!isTexts(value)) return [`${place} config should be an array of strings`];
  const names = value.flatMap((tag) => tag.split(",")).map((name) => name.trim());
  const isLong = new Set(names.filter((name) => name !== "")).size >= mostTags;
  return told(place, { [`config must be less than the limit of ${mostTags} tags`]: isLong });
}

/** `changes` and `exists`: a list of paths, or a map with one. */
const globs = {
  changes: { keys: "paths compare_to", kinds: "an array or a hash" },
  exists: { keys: "paths project ref", kinds: "a string, an array of strings, or a hash" },
};
const mostPaths = 50;

function globsProblems(value: Plain, place: string, key: keyof typeof globs): readonly string[] {
  const { keys, kinds } = globs[key];
  const isMap = isHash(value);
  if (key === "exists" && isText(value)) return [];
  if (!isMap && !Array.isArray(value)) return [`${place} should be ${kinds}`];
  const paths = isMap ? (value["paths"] ?? null) : value;
  const many = `has too many entries (maximum ${mostPaths})`;
  return [
    ...(isMap ? strangeKeys(value, place, keys) : []),
    ...told(`${place} ${isMap ? "paths" : "config"}`, {
      "should be an array of strings": !isTexts(paths),
      [many]: isTexts(paths) && paths.length > mostPaths,
    }),
  ];
}

/** Whose rules they are: which values `when` may have, and what else they may say. */
const ruleKinds = {
  job: {
    starts: "on_success on_failure always never manual delayed",
    more: "allow_failure variables needs interruptible",
  },
  include: { starts: "never always", more: "" },
  workflow: { starts: "always never", more: "allow_failure variables needs auto_cancel" },
};
type RuleKind = keyof typeof ruleKinds;

export function rulesProblems(value: Plain, place: string, kind: RuleKind): readonly string[] {
  if (!Array.isArray(value)) return [`${place} config should be an array`];
  if (value.length === 0) return [`${place} config can't be blank`];
  return flat(value).flatMap((rule) => ruleProblems(rule, `${place}:rule`, kind));
}

const inRules: Readonly<Record<string, (value: Plain, place: string) => readonly string[]>> = {
  changes: (value, place) => globsProblems(value, place, "changes"),
  exists: (value, place) => globsProblems(value, place, "exists"),
  variables: variablesProblems,
  needs: (value, place) => needsProblems(value, place, "job"),
};

export function ruleProblems(rule: Plain, place: string, kind: RuleKind): readonly string[] {
  if (!isHash(rule)) return [`${place} config should be a hash`];
  const { starts, more } = ruleKinds[kind];
  const { if: condition = null, when: start = null, start_in: delay } = rule;
  const isDelayed = start === "delayed";
  return [
    ...told(place, {
      "config can't be blank": Object.keys(rule).length === 0,
      "config contains disallowed keys: start_in": !isDelayed && delay !== undefined,
      "if invalid expression syntax": condition !== null && !isExpression(condition),
      [`when unknown value: ${start}`]:
        start !== null && !starts.split(" ").includes(String(start)),
    }),
    ...(isDelayed ? delayProblems(delay, place) : []),
    ...mistyped(rule, place, "boolean", "allow_failure", "interruptible"),
    ...strangeKeys(rule, place, `if changes exists when start_in ${more}`),
    ...Object.entries(inRules).flatMap(([key, check]) =>
      rule[key] === undefined ? [] : check(rule[key], `${place}:${key}`),
    ),
  ];
}

export function workflowProblems(value: Plain, place: string): readonly string[] {
  const rules = isHash(value) ? value["rules"] : undefined;
  return [
    ...strangeKeys(value, place, "name rules auto_cancel"),
    ...(rules === undefined ? [] : rulesProblems(rules, `${place}:rules`, "workflow")),
  ];
}

/** A pattern in slashes, or a name. */
function isRef(value: Plain): boolean {
  return isText(value) && (!/^\/.*\/[ismU]*$/m.test(value) || compilePattern(value) !== undefined);
}

/** `only` and `except`: what refs would be, or a map of clauses. */
export function policyProblems(value: Plain, place: string): readonly string[] {
  const isMap = isHash(value);
  const { refs = [], variables = [] } = isMap ? value : { refs: value };
  const isFit = Array.isArray(refs) && refs.every(isRef);
  const areConditions = Array.isArray(variables) && variables.every(isExpression);
  const kinds = "an array of strings or regular expressions using re2 syntax";
  return [
    ...(isMap ? strangeKeys(value, place, "refs kubernetes variables changes") : []),
    ...told(place, {
      [`${isMap ? "refs" : "config"} should be ${kinds}`]: !isFit,
      "variables invalid expression syntax": !areConditions,
    }),
  ];
}
