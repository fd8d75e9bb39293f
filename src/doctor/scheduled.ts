/** Which jobs of a pipeline may run in a schedule of upstream. */
import { defaultConfig } from "../config/config.ts";
import { variablesOf } from "../pipelines/job.ts";
import { readOutline } from "../pipelines/outline.ts";
import type { CiSource, Include } from "../pipelines/ports.ts";
import { flatten, get, isMap, textOf, type Value, type YamlMap } from "../pipelines/tree.ts";
import { valuesOf } from "../pipelines/variables.ts";

/** Names of jobs; one of which the files do not tell is among them, one that waits for a click is not. */
export async function jobsInSchedules(text: string, source: CiSource): Promise<readonly string[]> {
  const outline = await readOutline(
    text,
    source,
    (includes) => new Map(includes.flatMap((include) => [...broughtBy(include)])),
  );
  return [...(outline?.jobs ?? [])].flatMap(([name, job]) => (mayRun(job) ? [name] : []));
}

/** The hidden jobs of berth's components; of the rules for ordinary jobs all that matters in a schedule of upstream. */
function broughtBy({ kind, location, entry }: Include): YamlMap {
  const template =
    kind === "component"
      ? /\/(\w+)@[^/]+$/.exec(location)?.[1]
      : /(?:^|\/)templates\/(\w+)(?:\/template)?\.yml$/.exec(location)?.[1];
  const given = (name: string, byDefault: string): string =>
    textOf(get(entry, "inputs", name) ?? byDefault);
  const prefix = `.${given("job_prefix", "berth-")}`;
  const nothing: YamlMap = new Map();
  if (template === "images")
    return new Map(["use", "needs"].map((name) => [`${prefix}${name}`, nothing]));
  if (template !== "rules") return nothing;
  const flag = `$${given("flags", `${defaultConfig.prefix}_JOB`)}_SCHEDULED == "1"`;
  const rules: YamlMap = new Map([["rules", [new Map([["if", flag]])]]]);
  const others = ["-images", "-images-after", "-promote"].map((name) => [name, nothing] as const);
  return new Map(
    [["", rules] as const, ...others].map(([name, job]) => [`${prefix}rules${name}`, job]),
  );
}

function mayRun(job: YamlMap): boolean {
  const rules = job.get("rules");
  if (rules === undefined) return true;
  const variables = valuesOf(variablesOf(job.get("variables")));
  for (const rule of flatten(rules)) {
    const holds = holdsIn(rule, variables);
    if (holds === "no") continue;
    const when = get(rule, "when");
    const runs = when !== "never" && when !== "manual";
    if (runs || holds === "yes") return runs;
  }
  return false;
}

type Answer = "yes" | "no" | "maybe";

/** Whether a rule takes a job in a schedule, as far as its words tell. */
function holdsIn(rule: Value, variables: ReadonlyMap<string, string>): Answer {
  if (!isMap(rule)) return "maybe";
  const condition = rule.get("if");
  const isMore = rule.has("changes") || rule.has("exists");
  if (condition === undefined) return isMore ? "maybe" : "yes";
  if (typeof condition !== "string" || /\|\||[()]/.test(condition)) return "maybe";
  const parts = condition.split("&&").map((part) => comparison(part.trim(), variables));
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
