/** Which rule takes a job, an include or the whole pipeline. */
import { compilePattern, holds } from "./expression.ts";
import { compileGlob } from "./glob.ts";
import type { Occasion } from "./ports.ts";
import { flatten, isHash, isMap, type Plain, type PlainMap, plain, type Value } from "./tree.ts";
import { expand, expandAll, type Variable, valuesOf, variablesOf } from "./variables.ts";

/** What rules look at. */
export interface Sight {
  readonly occasion: Occasion;
  readonly variables: readonly Variable[];
  /** All files of the repository. */
  readonly paths: readonly string[];
}

export interface DescribedRule {
  /** All that it says. */
  readonly said: PlainMap;
  readonly variables: readonly Variable[];
}

/** `undefined` where there are none. */
export function rulesOf(value: Value): readonly DescribedRule[] | undefined {
  if (value === null) return undefined;
  return flatten(value)
    .filter(isMap)
    .map((rule) => ({
      said: plain(rule) as PlainMap,
      variables: variablesOf(rule.get("variables")),
    }));
}

/** The first rule whose conditions all hold, `changes` always; `undefined` where that says `when: never`, too. */
export function takenRule(rules: readonly DescribedRule[], sight: Sight) {
  const variables = valuesOf(sight.variables);
  const rule = rules.find(({ said: { if: condition, exists } }) => {
    return (
      (condition === undefined || holds(String(condition), { variables })) &&
      (exists === undefined || globsOf(exists, sight).some((glob) => isThere(glob, sight.paths)))
    );
  });
  return rule?.said["when"] === "never" ? undefined : rule;
}

function globsOf(clause: Plain, { variables }: Sight): readonly string[] {
  const texts = flatten(isHash(clause) ? clause["paths"] : clause).map(String);
  if (!texts.some((text) => /[$%]/.test(text))) return texts;
  const values = expandAll(variables);
  return texts.map((text) => expand(text, values, "stays"));
}

/** A path is compared as it is; one that ends in `/` means a folder. */
function isThere(glob: string, paths: readonly string[]): boolean {
  const isExact = !/[*?[{]/.test(glob);
  if (isExact && glob.endsWith("/")) return paths.some((path) => path.startsWith(glob));
  return isExact ? paths.includes(glob) : paths.some(compileGlob(glob));
}

/** Whether `only` and `except` let a job in. */
export function isAdmitted(only: Plain | undefined, except: Plain | undefined, sight: Sight) {
  const limits = { refs: ["branches", "tags"], ...policyOf(only) };
  return clauses(limits, sight).every(Boolean) && !clauses(policyOf(except), sight).some(Boolean);
}

function policyOf(value: Plain | undefined): PlainMap {
  return isHash(value) ? value : { ...(value !== undefined && { refs: value }) };
}

function clauses({ refs, variables, changes }: PlainMap, sight: Sight): readonly boolean[] {
  const { occasion } = sight;
  const known = { variables: valuesOf(sight.variables) };
  const held = (clause: Plain | undefined, isHeld: (texts: readonly string[]) => boolean) =>
    clause === undefined ? [] : [isHeld(flatten(clause).map(String))];
  return [
    ...held(refs, (texts) => texts.some((ref) => isRef(ref, occasion))),
    ...held(variables, (texts) => texts.some((condition) => holds(condition, known))),
    ...held(changes, () => true),
  ];
}

function isRef(written: string, { ref, kind, source, project }: Occasion): boolean {
  const [pattern = "", path] = written.split("@", 2);
  if (path !== undefined && path !== project) return false;
  const name = source.replace(/_event$/, "");
  if (pattern === name || pattern === `${name.replace(/sh$/, "she")}s`) return true;
  if (kind === "merge_request") return false;
  if (pattern === (kind === "tag" ? "tags" : "branches")) return true;
  const compiled = compilePattern(pattern);
  return compiled === undefined ? pattern === ref : compiled.matcher(ref).find();
}
