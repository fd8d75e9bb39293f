/** Which rule takes a job, an include or the whole pipeline. */
import { compilePattern, holds } from "./expression.ts";
import { compileGlob } from "./glob.ts";
import { isHash, type Plain, type PlainMap, plain } from "./plain.ts";
import type { Occasion } from "./ports.ts";
import { refuse } from "./refusal.ts";
import { flatten, isMap, type Value } from "./tree.ts";
import { expand, expandAll, type Variable, valuesOf, variablesOf } from "./variables.ts";

/** What rules look at. */
export interface Sight {
  readonly occasion: Occasion;
  readonly variables: readonly Variable[];
  /** All files of the repository. */
  readonly paths: readonly string[];
  /** Whose rules they are, where it is a job. */
  readonly job?: string;
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

/** The first rule whose conditions all hold; `undefined` where that says `when: never`, too. */
export function takenRule(rules: readonly DescribedRule[], sight: Sight) {
  const variables = valuesOf(sight.variables);
  const rule = rules.find(({ said: { if: condition, changes, exists } }) => {
    return (
      (condition === undefined || holds(String(condition), { variables })) &&
      (changes === undefined || isChanged(globsOf(changes, sight), changedFor(changes, sight))) &&
      (exists === undefined || globsOf(exists, sight).some((glob) => isThere(glob, sight.paths)))
    );
  });
  return rule?.said["when"] === "never" ? undefined : rule;
}

function globsOf(clause: Plain, sight: Sight): readonly string[] {
  return expanded(flatten(isHash(clause) ? clause["paths"] : clause).map(String), sight);
}

function expanded(texts: readonly string[], { variables }: Sight): readonly string[] {
  if (!texts.some((text) => /[$%]/.test(text))) return texts;
  const { values } = expandAll(variables);
  return texts.map((text) => expand(text, values, "stays"));
}

function changedFor(changes: Plain, sight: Sight): Occasion["changed"] {
  const { occasion, job } = sight;
  const given = isHash(changes) ? changes["compare_to"] : undefined;
  if (given === undefined) return occasion.changed;
  if (occasion.changedSince === undefined) return undefined;
  const [ref = ""] = expanded([String(given)], sight);
  const about = job === undefined ? "" : `Failed to parse rule for ${job}: `;
  const told = `${about}rules:changes:compare_to is not a valid ref`;
  return occasion.changedSince(ref) ?? refuse(told);
}

function isChanged(globs: readonly string[], changed: Occasion["changed"]): boolean {
  if (changed === undefined) return true;
  return globs.map(compileGlob).some((matches) => changed.some(matches));
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
    ...held(changes, (globs) => isChanged(globs, occasion.changed)),
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
