/** Which jobs of a pipeline may run in a schedule of upstream. */
import { defaultConfig } from "../config/config.ts";
import type { Component } from "./includes.ts";
import { flatten, variablesOfJob } from "./job.ts";
import { assemble, type Pipeline } from "./pipeline.ts";
import {
  emptyMapping,
  entryOf,
  type Mapping,
  mappingOf,
  type PipelineFile,
  type Value,
} from "./value.ts";

/** Names of jobs; one of which the files do not tell is among them, one that waits for a click is not. */
export function jobsInSchedules(
  files: ReadonlyMap<string, PipelineFile>,
  root: string,
): readonly string[] {
  const pipeline = assemble(files, root, (components, name) =>
    components.map((component) => broughtBy(component, name)).find((job) => job !== undefined),
  );
  return pipeline.jobs.filter((name) => mayRun(pipeline, pipeline.job(name)));
}

/** The hidden jobs of the components; of the rules for ordinary jobs all that matters in a schedule of upstream. */
function broughtBy(component: Component, name: string): Mapping | undefined {
  const prefix = inputOf(component, "job_prefix", "berth-");
  if (prefix === undefined || !name.startsWith(`.${prefix}`)) return undefined;
  const rest = name.slice(prefix.length + 1);
  if (component.template === "images" && /^(?:use|needs)(?:-|$)/.test(rest)) return emptyMapping;
  if (component.template !== "rules" || !rest.startsWith("rules")) return undefined;
  if (rest !== "rules") return emptyMapping;
  const flags = inputOf(component, "flags", `${defaultConfig.prefix}_JOB`);
  if (flags === undefined) return undefined;
  const rule = mappingOf({ if: `$${flags}_SCHEDULED == "1"` });
  return { ...emptyMapping, entries: new Map([["rules", { kind: "list", items: [rule] }]]) };
}

/** The value that an input has: what the include says, else the default; `undefined` where nobody can tell. */
function inputOf({ inputs }: Component, name: string, byDefault: string): string | undefined {
  return inputs.has(name) ? inputs.get(name) : byDefault;
}

function mayRun(pipeline: Pipeline, job: Mapping): boolean {
  const rules = entryOf(job, "rules");
  if (rules === undefined) return true;
  const variables = new Map(variablesOfJob(pipeline, job));
  for (const rule of flatten(pipeline, rules)) {
    const holds = holdsIn(rule, variables);
    if (holds === "no") continue;
    const when = rule.kind === "mapping" ? entryOf(rule, "when") : undefined;
    const runs = when?.kind !== "text" || !["never", "manual"].includes(when.text);
    if (runs || holds === "yes") return runs;
  }
  return false;
}

type Answer = "yes" | "no" | "maybe";

/** Whether a rule takes a job in a schedule, as far as its words tell. */
function holdsIn(rule: Value, variables: ReadonlyMap<string, string>): Answer {
  if (rule.kind !== "mapping" || rule.open) return "maybe";
  const condition = rule.entries.get("if");
  const isMore = rule.entries.has("changes") || rule.entries.has("exists");
  if (condition === undefined) return isMore ? "maybe" : "yes";
  if (condition.kind !== "text" || /\|\||[()]/.test(condition.text)) return "maybe";
  const parts = condition.text.split("&&").map((part) => comparison(part.trim(), variables));
  if (parts.includes("no")) return "no";
  return isMore || parts.includes("maybe") ? "maybe" : "yes";
}

function comparison(text: string, variables: ReadonlyMap<string, string>): Answer {
  const [, name = "", sign, , value] = /^\$(\w+)\s*(==|!=)\s*(["'])(.*)\3$/.exec(text) ?? [];
  const isFlag = name.endsWith("_SCHEDULED");
  const known = name === "CI_PIPELINE_SOURCE" ? "schedule" : variables.get(name);
  if (sign === undefined || (known === undefined && !isFlag)) return "maybe";
  return (known === value) === (sign === "==") ? "yes" : "no";
}
