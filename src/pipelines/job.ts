/** What a job runs in, and what its variables hold. */
import type { Pipeline } from "./pipeline.ts";
import { entryOf, type Mapping, type Text, type Value } from "./value.ts";

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
