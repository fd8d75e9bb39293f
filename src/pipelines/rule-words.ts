/** What GitLab takes as rules, needs, variables, tags and `workflow`, in its words. */
import { at, each, found, isTexts, should, strict, type ValueCheck, words } from "./checks.ts";
import { compilePattern, isExpression } from "./expression.ts";
import { refuse } from "./refusal.ts";
import { flatten, isHash, isText, type Plain } from "./tree.ts";

function need(keys: string): ValueCheck {
  return strict(`artifacts ${keys}`, {}, "job pipeline project ref", "optional artifacts");
}

/** Forms of needs. `project`, what a job of another project made, is of GitLab's EE code. */
const needForms = {
  name: () => [],
  job: need("job optional parallel"),
  pipeline: need("job pipeline"),
  project: need("job project ref"),
  other: () => ["has an unsupported type"],
};
type NeedForm = keyof typeof needForms;

function formOf(need: Plain): NeedForm {
  if (!isHash(need)) return isText(need) ? "name" : "other";
  if ("job" in need && "pipeline" in need && !("project" in need)) return "pipeline";
  if ("project" in need || "ref" in need) return "project";
  return "job" in need ? "job" : "other";
}

const mostCross = 5;

/** Needs of jobs, or of jobs of other pipelines too. */
export function needs(mayCross: boolean): ValueCheck {
  return (value) => {
    if (!isHash(value) && !Array.isArray(value)) return ["config can only be a hash or an array"];
    // GitLab takes an empty entry, as an alias of an empty list leaves one, for none.
    const all = flatten(value).filter((each) => each !== null);
    const count = (form: NeedForm) => all.filter((each) => formOf(each) === form).length;
    const cross = Math.max(count("pipeline"), count("project"));
    const counts = all.some((each) => isHash(each) && typeof each["parallel"] === "number");
    const problems = found({
      'config cannot use "parallel: <number>".': counts,
      "config uses invalid types: cross_dependency": cross > 0 && !mayCross,
      [`config must be less than or equal to ${mostCross}`]: cross > mostCross,
    });
    if (problems.length > 0) return problems;
    return all.flatMap((each) => at(":need", needForms[formOf(each)](each)));
  };
}

/** `keys`: those that a variable may have which is a map; with none of them it may be no map. */
export function variables(keys = ""): ValueCheck {
  return each((one) => {
    if (Array.isArray(one)) refuse("variable definition must be either a string or a hash");
    if (!isHash(one)) return [];
    const unknown = Object.keys(one).filter((key) => !words(keys).includes(key));
    return found({
      "config must be a string": keys === "",
      [`config uses invalid data keys: ${unknown.join(", ")}`]: keys !== "" && unknown.length > 0,
    });
  });
}

export const tags = should(isTexts, "an array of strings");

/** `changes` and `exists`: a list of paths, or a map with one. */
function globs(keys: string, kinds: string): ValueCheck {
  return (value) => {
    if (isText(value) && kinds.startsWith("a string")) return [];
    const isMap = isHash(value);
    if (!isMap && !Array.isArray(value)) return [`should be ${kinds}`];
    const paths = isMap ? (value["paths"] ?? null) : value;
    const problems = found({ "should be an array of strings": !isTexts(paths) });
    return [...(isMap ? strict(keys)(value) : []), ...at(isMap ? "paths" : "config", problems)];
  };
}

const inRules = {
  changes: globs("paths compare_to", "an array or a hash"),
  exists: globs("paths project ref", "a string, an array of strings, or a hash"),
  variables: variables(),
  needs: needs(false),
};

/** A rule by what `when` may say, and what such rules have beside what all have. */
function rule(starts: string, more = ""): ValueCheck {
  const keys = `if changes exists when start_in ${more}`;
  const form = strict(keys, inRules, "", "allow_failure interruptible");
  return (value) => {
    const said = isHash(value) ? value : {};
    const { if: condition = "null", when: start = "never" } = said;
    return [
      ...found({
        "config can't be blank": isHash(value) && Object.keys(value).length === 0,
        "if invalid expression syntax": !isExpression(condition),
        [`when unknown value: ${start}`]: !words(starts).includes(String(start)),
      }),
      ...form(value),
    ];
  };
}

function rules(each: ValueCheck): ValueCheck {
  return (value) => {
    if (!Array.isArray(value)) return ["config should be an array"];
    if (value.length === 0) return ["config can't be blank"];
    return flatten(value).flatMap((rule) => at(":rule", each(rule)));
  };
}

export const includeRule = rule("never always");
export const jobRules = rules(
  rule(
    "on_success on_failure always never manual delayed",
    "allow_failure variables needs interruptible",
  ),
);
const workflowRules = rules(rule("always never", "allow_failure variables needs auto_cancel"));
export const workflow = strict("name rules auto_cancel", { rules: workflowRules });

/** A pattern in slashes, or a name. */
function isRef(value: Plain): boolean {
  return isText(value) && (!/^\/.*\/[ismU]*$/m.test(value) || compilePattern(value) !== undefined);
}

const policyKeys = strict("refs kubernetes variables changes");

/** `only` and `except`: what refs would be, or a map of clauses. */
export function policy(value: Plain): readonly string[] {
  const isMap = isHash(value);
  const { refs = [], variables = [] } = isMap ? value : { refs: value };
  const isFit = Array.isArray(refs) && refs.every(isRef);
  const areConditions = Array.isArray(variables) && variables.every(isExpression);
  const kinds = "an array of strings or regular expressions using re2 syntax";
  return [
    ...(isMap ? policyKeys(value) : []),
    ...found({
      [`${isMap ? "refs" : "config"} should be ${kinds}`]: !isFit,
      "variables invalid expression syntax": !areConditions,
    }),
  ];
}
