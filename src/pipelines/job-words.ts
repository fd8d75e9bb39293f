/** What GitLab takes as a configuration: jobs, and the keys beside them. */
import { apart, deepest, isTexts, seconds, when } from "./checks.ts";
import { formOf, inheritable, keywordProblems, topProblems } from "./keywords.ts";
import { week } from "./rule-words.ts";
import {
  get,
  isBlank,
  isHash,
  isList,
  isMap,
  isText,
  type PlainMap,
  plain,
  refuse,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";

const longestName = 255;

function nameProblems(name: Value): readonly string[] {
  const long = `name is too long (maximum is ${longestName} characters)`;
  return [
    ...when(textOf(name).trim() === "", "name can't be blank"),
    ...when(!isText(name), "name should be a symbol"),
    ...when(textOf(name).length > longestName, long),
  ];
}

/** Keywords that are looked at together, or before all others. */
function firstProblems(job: PlainMap, isBridge: boolean): readonly string[] {
  const { extends: bases = "", rules, script, run, trigger } = job;
  const used = ["only", "except", "start_in"].filter((key) => key in job);
  const isRules =
    rules === undefined || (Array.isArray(rules) && rules.flat(deepest).every(isHash));
  const isBlankScript = run === undefined && [script ?? []].flat().join("").trim() === "";
  return [
    ...apart(job, "script", "trigger"),
    ...apart(job, "run", "trigger"),
    ...apart(job, "script", "run"),
    ...when(
      rules !== undefined && used.length > 0,
      `config key may not be used with \`rules\`: ${used.join(", ")}`,
    ),
    ...when(!isText(bases) && !isTexts(bases), "extends should be an array of strings or a string"),
    ...when(!isRules, "rules should be an array containing hashes and arrays of hashes"),
    ...when(!isText(job["resource_group"] ?? ""), "resource group should be a string"),
    ...when(!isBridge && isBlankScript, "script can't be blank"),
    ...startProblems(job, isBridge),
    ...when(
      isBridge && trigger === undefined,
      "config should contain either a trigger or a needs:pipeline",
    ),
    ...(isBridge ? [] : strangers(job)),
  ];
}

const starts = "on_success, on_failure, always, manual";

function startProblems(job: PlainMap, isBridge: boolean): readonly string[] {
  const { when: start = "on_success", start_in: delay, rules } = job;
  const known = isBridge ? starts : `${starts}, delayed`;
  const isDelayed = start === "delayed";
  const isLong = isDelayed && (seconds(String(delay)) ?? week) >= week;
  return [
    ...when(!isText(start), "when should be a string"),
    ...when(!known.split(", ").includes([start].flat().join()), `when should be one of: ${known}`),
    ...when(!isBridge && isLong, "start in should not exceed the limit"),
    ...when(delay !== undefined && !(isDelayed && rules === undefined), "start in must be blank"),
  ];
}

/** Names of jobs that are not among the needs though their files are asked for. */
function strangers({ needs, dependencies }: PlainMap): readonly string[] {
  const all = [needs ?? []].flat();
  const needed = all.map((need) => (isHash(need) && !("pipeline" in need) ? need["job"] : need));
  const asked = all.length === 0 ? [] : [dependencies ?? []].flat();
  const missing = asked.filter((name) => !needed.includes(name));
  return when(missing.length > 0, `dependencies the ${missing.join(", ")} should be part of needs`);
}

const topDefaults = ["before_script", "after_script", "cache", "image", "services"];

/** What holds for jobs that say nothing else; a keyword at the top and under `default` is a `CiRefusal`. */
function defaultsOf(config: YamlMap): YamlMap {
  const own = isJob(config.get("default")) ? undefined : config.get("default");
  const defaults = new Map<Value, Value>();
  for (const key of inheritable.split(" ")) {
    const value = get(own, key);
    const top = topDefaults.includes(key) ? get(config, key) : null;
    if (value !== null && top !== null)
      refuse(`${key} is defined in top-level and \`default:\` entry`);
    if (value !== null || top !== null) defaults.set(key, value ?? top);
  }
  // GitLab takes one there, and looks at those of jobs alone.
  defaults.delete("timeout");
  return defaults;
}

/** A job with what it takes over; one that starts a pipeline takes hardly anything. */
function withDefaults(job: YamlMap, defaults: YamlMap): YamlMap {
  const inherit = get(job, "inherit", "default") ?? true;
  const isBridge = jobKind("", job) === "bridge";
  const takes = (key: Value): boolean =>
    (isList(inherit) ? inherit.includes(key) : inherit === true) &&
    (!isBridge || key === "interruptible");
  const isTaken = ([key]: readonly [Value, Value]): boolean =>
    takes(key) && (job.get(key) ?? null) === null;
  return new Map([...job, ...[...defaults].filter(isTaken)]);
}

type JobKind = "hidden" | "job" | "bridge";

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

const reserved = ["include", "variables", "stages", ...topDefaults];

/** All keys that are jobs, hidden ones too, and what should be one. */
function jobsOf(config: YamlMap): YamlMap {
  const jobs = [...config].filter(([name, value]) => {
    if (reserved.includes(textOf(name))) return false;
    return isJob(value) || (name !== "default" && name !== "workflow");
  });
  return new Map(jobs);
}

/** The jobs that are not hidden, with what they take over. */
export function visibleJobs(config: YamlMap): ReadonlyMap<Value, YamlMap> {
  const defaults = defaultsOf(config);
  const jobs = [...jobsOf(config)].flatMap(([name, job]) =>
    isMap(job) && jobKind(name, job) !== "hidden"
      ? [[name, withDefaults(job, defaults)] as const]
      : [],
  );
  return new Map(jobs);
}

/** A job that GitLab takes. */
export interface SoundJob {
  readonly name: string;
  readonly kind: "job" | "bridge";
  /** With what it takes over. */
  readonly job: YamlMap;
  /** Its keywords in the form in which GitLab holds them. */
  readonly data: PlainMap;
}

interface Checked {
  /** All that GitLab finds wrong. */
  readonly problems: readonly string[];
  readonly jobs: readonly SoundJob[];
}

/** Checks a configuration whose files, extends and references are in place. */
export function checkConfig(config: YamlMap): Checked {
  const all = jobsOf(config);
  const beside = plain(new Map([...config].filter(([key]) => !all.has(key)))) as PlainMap;
  const { problems, jobs } = checkJobs(all, visibleJobs(config));
  const told = [...topProblems(beside), ...problems].map((problem) => problem.toLowerCase());
  return { problems: told, jobs };
}

function checkJobs(all: YamlMap, visible: ReadonlyMap<Value, YamlMap>): Checked {
  const kinds = [...all].map(([name, job]) => jobKind(name, job));
  const problems = [...all.keys()]
    .filter((_, index) => kinds[index] === undefined)
    .map((name) => {
      const shown = textOf(name).replace(/^[a-zA-Z\s]+$/, (plain) => plain.replace(/\s/g, "_"));
      return `jobs ${shown} config should implement the script:, run:, or trigger: keyword`;
    });
  if (!kinds.some((kind) => kind === "job" || kind === "bridge"))
    problems.push("jobs config should contain at least one visible job");
  if (problems.length > 0) return { problems, jobs: [] };
  const checked = [...all].map(([name, job]) => checkJob(name, job, visible.get(name)));
  return {
    problems: checked.flatMap((one) => one.problems),
    jobs: checked.flatMap(({ job }) => job ?? []),
  };
}

/** `job`: with what it takes over, where it is visible. */
function checkJob(name: Value, own: Value, job: YamlMap | undefined) {
  const kind = jobKind(name, own) === "bridge" ? "bridge" : "job";
  const called = textOf(name);
  const place = `jobs:${called.trim() === "" ? kind : called}`;
  if (job === undefined) return { problems: when(isBlank(own), `${place} config can't be blank`) };
  const keywords = plain(job) as PlainMap;
  const wrong = [...nameProblems(name), ...firstProblems(keywords, kind === "bridge")];
  if (wrong.length > 0) return { problems: wrong.map((problem) => `${place} ${problem}`) };
  const problems = keywordProblems(keywords, kind, place);
  return { problems, job: { name: called, kind, job, data: formOf(keywords) } as const };
}
