/** A job as the configuration describes it, whatever the pipeline. */
import { jobKind } from "./job-words.ts";
import { checkKeywords } from "./keywords.ts";
import {
  flatten,
  get,
  isList,
  isMap,
  listOf,
  type PlainMap,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";
import type { Variable } from "./variables.ts";

export interface Need {
  readonly job: string;
  readonly optional: boolean;
  readonly artifacts: boolean;
}

/** A need of a job of another pipeline; its variables are filled in when the job runs. */
export interface CrossNeed {
  readonly pipeline: string;
  readonly job: string;
  readonly artifacts: boolean;
}

/** What a job is, described or made. */
export interface JobCore {
  readonly name: string;
  readonly type: "job" | "trigger";
  readonly stage: string;
  readonly when: string;
  readonly allowFailure: boolean;
  readonly scheduling: "dag" | "stage";
  readonly crossNeeds: readonly CrossNeed[];
  /** Its variables in the configuration, unexpanded, those that win first. */
  readonly variables: readonly Variable[];
  readonly tags: readonly string[] | undefined;
  readonly interruptible: boolean | undefined;
  readonly resourceGroup: string | undefined;
  readonly dependencies: readonly string[] | undefined;
  /** The rest as GitLab holds it, such as `script`, `image` and `artifacts`. */
  readonly options: PlainMap;
}

export interface DescribedJob {
  readonly core: JobCore;
  readonly rules: readonly Value[] | undefined;
  /** `only` and `except`; GitLab's default for them where neither they nor rules are given. */
  readonly only: Value;
  readonly except: Value;
  readonly needs: readonly Value[];
  /** Which variables of the whole pipeline it takes over. */
  readonly inherits: boolean | readonly string[];
  readonly parallel: Value;
}

/** The variables of a map, as GitLab holds them. */
export function variablesOf(value: Value | undefined): readonly Variable[] {
  if (!isMap(value)) return [];
  return [...value].map(([name, each]) => {
    const key = textOf(name);
    if (!isMap(each)) return { key, value: textOf(each) };
    const expands = each.get("expand") ?? null;
    const raw = expands === null ? {} : { raw: expands === false };
    return { key, value: textOf(each.get("value")), ...raw };
  });
}

/** Describes a job that is sound; GitLab looks at the own timeout only, though it takes one in `default`. */
export function describeJob(name: string, job: YamlMap, timeout: Value): DescribedJob {
  const inherits = get(job, "inherit", "variables") ?? true;
  const rules = get(job, "rules");
  return {
    core: coreOf(name, job, timeout),
    rules: rules === null ? undefined : flatten(rules),
    only: get(job, "only"),
    except: get(job, "except"),
    needs: flatten(get(job, "needs")).filter((need) => !isCrossing(need)),
    inherits: isList(inherits) ? inherits.map(textOf) : inherits === true,
    parallel: get(job, "parallel"),
  };
}

function coreOf(name: string, job: YamlMap, timeout: Value): JobCore {
  const texts = (key: string): readonly string[] | undefined =>
    get(job, key) === null ? undefined : listOf(get(job, key)).map(textOf);
  const failure = get(job, "allow_failure");
  const interruptible = get(job, "interruptible");
  return {
    name,
    type: jobKind(name, job) === "job" ? "job" : "trigger",
    stage: textOf(get(job, "stage") ?? "test"),
    when: textOf(get(job, "when")) || "on_success",
    allowFailure: failure === null ? get(job, "when") === "manual" : failure === true,
    crossNeeds: flatten(get(job, "needs")).filter(isCrossing).map(crossNeedOf),
    scheduling: get(job, "needs") === null ? "stage" : "dag",
    variables: variablesOf(get(job, "variables")),
    tags: texts("tags"),
    interruptible: typeof interruptible === "boolean" ? interruptible : undefined,
    resourceGroup: texts("resource_group")?.[0],
    dependencies: texts("dependencies"),
    options: optionsOf(job, timeout),
  };
}

export function needOf(need: Value): Need {
  const job = textOf(isMap(need) ? need.get("job") : need);
  const artifacts = get(need, "artifacts") !== false;
  return { job, optional: get(need, "optional") === true, artifacts };
}

function isCrossing(need: Value): boolean {
  return get(need, "pipeline") !== null;
}

function crossNeedOf(need: Value): CrossNeed {
  const { job, artifacts } = needOf(need);
  return { pipeline: textOf(get(need, "pipeline")), job, artifacts };
}

const elsewhere =
  "extends when resource_group stage only except rules variables inherit tags interruptible needs";

function optionsOf(job: YamlMap, timeout: Value): PlainMap {
  const kind = jobKind("", job) === "job" ? "job" : "bridge";
  const all = kind === "job" ? new Map([...job, ["timeout", timeout] as const]) : job;
  const { data = {} } = checkKeywords(all, kind, "");
  return Object.fromEntries(
    Object.entries(data).filter(([key]) => !elsewhere.split(" ").includes(key)),
  );
}
