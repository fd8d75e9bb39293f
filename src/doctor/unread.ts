/** What stands for files that are not at hand, so that the rest can be read. */
import type { Include } from "../pipelines/ports.ts";
import {
  get,
  isList,
  isMap,
  listOf,
  textOf,
  type Value,
  type YamlMap,
  YamlReference,
} from "../pipelines/tree.ts";

/** The image of a job that a file which is not at hand may give one. */
export const unreadImage = "(not read)";

const someScript = { script: "true" };
const someJob = { ...someScript, image: unreadImage };
const notJobs = ["default", "variables", "workflow", "image", "cache", "include", "stages"];

/** Makes the texts of such files from what the others want of them: jobs that say nothing, and the inputs of each. */
export function stubOf(written: YamlMap): (include: Include) => string {
  const stub = new Map<string, unknown>([[".unread", someScript]]);
  for (const [name, job] of written) {
    for (const base of listOf(get(job, "extends"))
      .map(textOf)
      .filter((base) => !stub.has(base)))
      stub.set(base, get(job, "trigger") === null ? someJob : { variables: {} });
    if (isBare(textOf(name), job)) stub.set(textOf(name), someJob);
  }
  for (const { path } of [...written.values()].flatMap(referencesOf)) {
    const [name = "", key] = path.map(textOf);
    const whole = { ...mapIn(stub.get(name)), [key ?? ""]: [], ...someScript };
    stub.set(name, key === undefined ? "unread" : whole);
  }
  const missing = [...stub].filter(
    ([name]) => !written.has(name) || isBare(name, written.get(name)),
  );
  const text = JSON.stringify(Object.fromEntries(missing));
  return ({ entry }) => headerFor(get(entry, "inputs")) + text;
}

/** A job that only changes one of theirs. */
function isBare(name: string, job: Value | undefined): boolean {
  const makes = ["script", "run", "trigger", "extends"];
  const isJob = isMap(job) && !name.startsWith(".") && !notJobs.includes(name);
  return isJob && !makes.some((key) => job.has(key));
}

function mapIn(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

/** Declares whatever inputs are given. */
function headerFor(inputs: Value): string {
  if (!isMap(inputs)) return "";
  const declared = [...inputs].map(([name, value]) => [textOf(name), { type: typeOf(value) }]);
  return `${JSON.stringify({ spec: { inputs: Object.fromEntries(declared) } })}\n---\n`;
}

function typeOf(value: Value): string {
  if (isList(value)) return "array";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "bigint" || typeof value === "number" ? "number" : "string";
}

function referencesOf(value: Value): readonly YamlReference[] {
  if (value instanceof YamlReference) return [value];
  if (isList(value)) return value.flatMap(referencesOf);
  return isMap(value) ? [...value.values()].flatMap(referencesOf) : [];
}
