/** What GitLab takes as a configuration: jobs, and the keys beside them. */
import { formKeywords, inheritableKeys } from "./keywords.ts";
import { needs, policy, rules, stages, tags, variables, workflow } from "./rule-words.ts";
import {
  about,
  all,
  apart,
  duration,
  knownItems,
  nested,
  one,
  oneOf,
  partsOf,
  present,
  record,
  type Shape,
  tell,
  text,
  textOrTexts,
  texts,
  words,
} from "./shape.ts";
import {
  get,
  isBlank,
  isList,
  isMap,
  listOf,
  refuse,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";

const inheritance = (names: Shape): Shape => {
  return (value, place) => {
    if (typeof value === "boolean") return [];
    return isList(value) ? names(value, place) : [`${place} should be a bool or array of strings`];
  };
};

/** Keywords with GitLab's own words; all others are in keywords.ts. */
const parts: Readonly<Record<string, Shape>> = {
  stage: one(text),
  only: policy,
  except: policy,
  rules: rules(
    words("on_success on_failure always never manual delayed"),
    words("if changes exists when start_in allow_failure variables needs interruptible"),
  ),
  variables: variables(["value", "expand"]),
  inherit: record(
    {},
    {
      default: inheritance(one(all(texts, knownItems(inheritableKeys)))),
      variables: inheritance(one(texts)),
    },
  ),
  tags,
};
const jobParts = partsOf({ ...parts, needs: needs(["job", "cross_dependency"]) });
const bridgeParts = partsOf({ ...parts, needs: needs(["job"]) });

const longestName = 255;
const week = 604_800;
const rulesList = nested(isMap, "should be an array containing hashes and arrays of hashes");
const whenJob = oneOf(words("on_success on_failure always manual delayed"));
const whenBridge = oneOf(words("on_success on_failure always manual"));

function ownProblems(name: Value, job: YamlMap): readonly string[] {
  const part = (key: string): Value => job.get(key) ?? null;
  const used = words("only except start_in").filter((key) => part(key) !== null);
  const hasRules = part("rules") !== null;
  const isDelayed = part("when") === "delayed";
  const isPages = !isBlank(part("pages")) || (name === "pages" && part("pages") !== false);
  const isBridge = jobKind(name, job) === "bridge";
  return [
    ...about("config", present, job),
    ...about("name", present, name),
    ...(typeof name === "string" ? [] : ["name should be a symbol"]),
    ...(textOf(name).length > longestName
      ? [`name is too long (maximum is ${longestName} characters)`]
      : []),
    ...about("config", all(apart("script", "trigger"), apart("run", "trigger")), job),
    ...about("config", all(apart("script", "run"), apart("before_script", "run")), job),
    ...(hasRules && used.length > 0
      ? [`config key may not be used with \`rules\`: ${used.join(", ")}`]
      : []),
    ...about("extends", textOrTexts, part("extends")),
    ...about("rules", rulesList, part("rules")),
    ...about("resource group", text, part("resource_group")),
    ...(isBridge || job.has("run") ? [] : about("script", present, part("script"))),
    ...about("when", isBridge ? whenBridge : whenJob, part("when")),
    ...(isDelayed ? about("start in", duration(week), part("start_in")) : []),
    ...((isDelayed && !hasRules) || isBlank(part("start_in")) ? [] : ["start in must be blank"]),
    ...(isPages || isBlank(part("publish"))
      ? []
      : ["publish can only be used within a `pages` job"]),
    ...(isBridge && part("trigger") === null
      ? ["config should contain either a trigger or a needs:pipeline"]
      : []),
    ...(isBridge ? [] : strangers(job)),
  ];
}

/** Names of jobs that are not among the needs though their files are asked for. */
function strangers(job: YamlMap): readonly string[] {
  const needed = listOf(job.get("needs")).flatMap((need) =>
    isMap(need) ? (need.has("pipeline") ? [] : [need.get("job")]) : [need],
  );
  const asked = needed.length === 0 ? [] : listOf(job.get("dependencies"));
  const missing = asked.filter((name) => !needed.includes(name)).map(textOf);
  return missing.length === 0
    ? []
    : [`dependencies the ${missing.join(", ")} should be part of needs`];
}

const topDefaults = words("before_script after_script cache image services");

/** What holds for jobs that say nothing else; a keyword at the top and under `default` is a `CiRefusal`. */
export function defaultsOf(config: YamlMap): YamlMap {
  const own = isJob(config.get("default")) ? undefined : config.get("default");
  const defaults = new Map<Value, Value>();
  for (const key of inheritableKeys) {
    const value = get(own, key) ?? null;
    const top = topDefaults.includes(key) ? (config.get(key) ?? null) : null;
    if (value !== null && top !== null)
      refuse(`${key} is defined in top-level and \`default:\` entry`);
    if (value !== null || top !== null) defaults.set(key, value ?? top);
  }
  return defaults;
}

/** A job with what it takes over; one that starts a pipeline takes hardly anything. */
export function withDefaults(job: YamlMap, defaults: YamlMap): YamlMap {
  const inherit = get(job, "inherit", "default") ?? true;
  const isBridge = jobKind("", job) === "bridge";
  const takes = (key: Value): boolean =>
    (isList(inherit) ? inherit.includes(key) : inherit === true) &&
    (!isBridge || key === "interruptible");
  const isTaken = ([key]: readonly [Value, Value]): boolean =>
    takes(key) && (job.get(key) ?? null) === null;
  return new Map([...job, ...[...defaults].filter(isTaken)]);
}

export type JobKind = "hidden" | "job" | "bridge";

/** A bridge starts another pipeline; `undefined`: it is no job. */
export function jobKind(name: Value, job: Value | undefined): JobKind | undefined {
  if (textOf(name).startsWith(".")) return "hidden";
  if (!isMap(job)) return undefined;
  if (job.has("script") || job.has("run")) return "job";
  return job.has("trigger") || job.has("needs") ? "bridge" : undefined;
}

function isJob(value: Value | undefined): boolean {
  return jobKind("", value) !== undefined;
}

const topParts = partsOf({
  default: (value, place) => [
    ...formKeywords(value, "default", place).problems,
    ...partsOf({ tags })(value, place),
  ],
  variables: variables(words("value description expand options")),
  stages,
  workflow,
});
const reserved = ["include", "variables", "stages", ...topDefaults];

/** All keys that are jobs, hidden ones too, and what should be one. */
export function jobsOf(config: YamlMap): YamlMap {
  const jobs = [...config].filter(([name, value]) => {
    if (reserved.includes(textOf(name))) return false;
    return isJob(value) || (name !== "default" && name !== "workflow");
  });
  return new Map(jobs);
}

/** All that GitLab finds wrong with a configuration whose files, extends and references are in place. */
export function problemsOf(config: YamlMap): readonly string[] {
  const defaults = defaultsOf(config);
  const jobs = jobsOf(config);
  const top = new Map([...config].filter(([key]) => !jobs.has(key)));
  const atTop = new Map([...top].filter(([key]) => topDefaults.includes(textOf(key))));
  return [
    ...topParts(top, ""),
    ...formKeywords(atTop, "default").problems,
    ...jobsProblems(jobs, defaults),
  ];
}

function jobsProblems(jobs: YamlMap, defaults: YamlMap): readonly string[] {
  const kinds = new Map([...jobs].map(([name, job]) => [name, jobKind(name, job)]));
  const isVisible = [...kinds.values()].some((kind) => kind === "job" || kind === "bridge");
  const unmatched = [...kinds].flatMap(([name, kind]) => (kind === undefined ? [name] : []));
  const problems = [
    ...unmatched.map((name) => {
      const shown = textOf(name).replace(/^[a-zA-Z\s]+$/, (plain) => plain.replace(/\s/g, "_"));
      return `${shown} config should implement the script:, run:, or trigger: keyword`;
    }),
    ...(isVisible ? [] : ["config should contain at least one visible job"]),
  ];
  if (problems.length > 0) return tell("jobs", problems);
  return [...jobs].flatMap(([name, job]) => {
    const place = `jobs:${textOf(name).trim() === "" ? kinds.get(name) : textOf(name)}`;
    if (kinds.get(name) === "hidden" || !isMap(job)) return one(present)(job, place);
    return problemsOfJob(name, withDefaults(job, defaults), place);
  });
}

function problemsOfJob(name: Value, job: YamlMap, place: string): readonly string[] {
  const isBridge = jobKind(name, job) === "bridge";
  const own = tell(place, ownProblems(name, job));
  if (own.length > 0) return own;
  const { problems } = formKeywords(job, isBridge ? "bridge" : "job", place);
  return [...problems, ...(isBridge ? bridgeParts : jobParts)(job, place)];
}
