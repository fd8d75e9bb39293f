/** What a job runs in, and what its variables hold. */
import type { Pipeline } from "./pipeline.ts";
import type { Known } from "./uses.ts";
import { entryOf, type Mapping, type Text, unknown, type Value } from "./value.ts";

/** The names of all images that a job runs in or beside, as they are written. */
export function imagesOf(pipeline: Pipeline, job: Mapping): readonly Text[] {
  const image = entryOf(job, "image") ?? inherited(pipeline, job, "image");
  const services = entryOf(job, "services") ?? inherited(pipeline, job, "services");
  return [image, ...flatten(pipeline, services)].flatMap((value) => nameOf(pipeline, value) ?? []);
}

/** What holds for jobs that say nothing; a job with `inherit` may be without it. */
function inherited(pipeline: Pipeline, job: Mapping, key: string): Value | undefined {
  if (entryOf(job, "inherit") !== undefined) return undefined;
  const defaults = pipeline.top.entries.get("default");
  const value = defaults?.kind === "mapping" ? defaults.entries.get(key) : undefined;
  return value ?? pipeline.top.entries.get(key);
}

function nameOf(pipeline: Pipeline, value: Value | undefined): Text | undefined {
  if (value === undefined) return undefined;
  const found = pipeline.follow(value);
  if (found.kind === "text") return found;
  return found.kind === "mapping" ? nameOf(pipeline, found.entries.get("name")) : undefined;
}

/** The items of a list with references followed; a value that is no list is the only one. */
export function flatten(pipeline: Pipeline, value: Value | undefined): readonly Value[] {
  const found = value && pipeline.follow(value);
  if (found === undefined) return [];
  return found.kind === "list" ? found.items.flatMap((item) => flatten(pipeline, item)) : [found];
}

/** All values that a variable may have in a job: `unsure` where something that is not at hand may decide. */
export function valuesOf(
  pipeline: Pipeline,
  job: Mapping,
  name: string,
  { given }: Known,
): readonly Text[] | "none" | "unsure" {
  const global = variableIn(pipeline, pipeline.top.entries.get("variables"), name);
  // What the project's settings or a user give wins over all files, and shows in every job alike.
  if (given[name] !== undefined && (global?.kind !== "text" || global.text !== given[name])) {
    return "unsure";
  }
  const inMatrix = flatten(pipeline, matrixOf(pipeline, job)).flatMap((entry) =>
    entry.kind === "mapping" ? flatten(pipeline, entry.entries.get(name)) : [],
  );
  if (inMatrix.length > 0) return inMatrix.filter((value) => value.kind === "text");
  if (flatten(pipeline, entryOf(job, "rules")).some((rule) => maySet(pipeline, rule, name))) {
    return "unsure";
  }
  const here = variableIn(pipeline, entryOf(job, "variables"), name);
  const value = here ?? (entryOf(job, "inherit") === undefined ? global : unknown);
  if (value === undefined) return "none";
  return value.kind === "text" ? [value] : "unsure";
}

function matrixOf(pipeline: Pipeline, job: Mapping): Value | undefined {
  const parallel = entryOf(job, "parallel");
  const found = parallel && pipeline.follow(parallel);
  return found?.kind === "mapping" ? found.entries.get("matrix") : undefined;
}

function maySet(pipeline: Pipeline, rule: Value, name: string): boolean {
  if (rule.kind !== "mapping") return rule.kind === "unknown";
  return variableIn(pipeline, entryOf(rule, "variables"), name) !== undefined;
}

/** `undefined` where the variable is certainly not among these. */
function variableIn(
  pipeline: Pipeline,
  variables: Value | undefined,
  name: string,
): Value | undefined {
  const found = variables && pipeline.follow(variables);
  if (found?.kind !== "mapping") return found?.kind === "unknown" ? found : undefined;
  const value = entryOf(found, name);
  const settled = value && pipeline.follow(value);
  return settled?.kind === "mapping" ? entryOf(settled, "value") : settled;
}

/** Variables that hold in every job, where they are plain texts. */
export function globalVariables(pipeline: Pipeline): readonly (readonly [string, string])[] {
  return plainVariables(pipeline, pipeline.top.entries.get("variables"));
}

/** Variables of a job itself, where they are plain texts. */
export function variablesOfJob(
  pipeline: Pipeline,
  job: Mapping,
): readonly (readonly [string, string])[] {
  return plainVariables(pipeline, entryOf(job, "variables"));
}

function plainVariables(
  pipeline: Pipeline,
  variables: Value | undefined,
): readonly (readonly [string, string])[] {
  const found = variables && pipeline.follow(variables);
  if (found?.kind !== "mapping") return [];
  return [...found.entries.keys()].flatMap((name) => {
    const value = variableIn(pipeline, found, name);
    return value?.kind === "text" ? [[name, value.text] as const] : [];
  });
}
