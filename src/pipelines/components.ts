/** What berth's own components bring to a pipeline, as far as images go. */
import type { Component } from "./includes.ts";
import { type Known, ownUse } from "./uses.ts";
import { emptyMapping, type Mapping, mappingOf } from "./value.ts";

/** The value that an input has: what the include says, else the default; `undefined` where nobody can tell. */
export function inputOf(
  { inputs }: Component,
  name: string,
  byDefault: string,
): string | undefined {
  return inputs.has(name) ? inputs.get(name) : byDefault;
}

/** Whether one image may have two meanings, for the component is there twice under one prefix. */
export function isAmbiguous(components: readonly Component[], prefix: string): boolean {
  const prefixes = components
    .filter(({ template }) => template === "images")
    .map((component) => inputOf(component, "prefix", "BERTH"));
  return prefixes.filter((one) => one === undefined || one === prefix).length > 1;
}

/** A hidden job of a component, as far as images go; `undefined` for a job that is none. */
export function hiddenJob(component: Component, name: string, known: Known): Mapping | undefined {
  const jobPrefix = inputOf(component, "job_prefix", "berth-");
  if (jobPrefix === undefined || !name.startsWith(`.${jobPrefix}`)) return undefined;
  const rest = name.slice(jobPrefix.length + 1);
  if (component.template === "rules" && rest.startsWith("rules")) return emptyMapping;
  if (component.template !== "images") return undefined;
  if (/^(?:needs|gate)(?:-|$)/.test(rest)) return emptyMapping;
  if (inputOf(component, "prefix", "BERTH") !== known.prefix) return undefined;
  const use = /^use(?:-(each|set|classic|optional))?$/.exec(rest);
  if (use === null) return undefined;
  const chosen = use[1] === undefined || use[1] === "optional" ? known.reference : use[1];
  return chosen === "each" ? emptyMapping : mappingOf(ownUse(known.prefix));
}
