/** What GitLab takes as a configuration: jobs, and the keys beside them. */
import { apart, at, delayProblems, found, isTexts, mistyped, words } from "./checks.ts";
import { beside, deepest, inheritable, keywords } from "./keywords.ts";
import { isHash, type PlainMap, plain, textOf } from "./plain.ts";
import { refuse } from "./refusal.ts";
import { flatten, get, isBlank, isList, isMap, isText, type Value, type YamlMap } from "./tree.ts";

const longestName = 255;

/** What is wrong with a name, and with keywords that are looked at together or before all others. */
function firstProblems(name: Value, job: PlainMap, isBridge: boolean): readonly string[] {
  const { extends: bases = "", rules = [], script, run, trigger, when = "on_success" } = job;
  const others = ["only", "except", "start_in"].filter((key) => key in job && "rules" in job);
  const areRules = Array.isArray(rules) && rules.flat(deepest).every(isHash);
  const isIdle = !isBridge && run === undefined && flatten(script).join("").trim() === "";
  const starts = `on_success, on_failure, always, manual${isBridge ? "" : ", delayed"}`;
  const label = textOf(name);
  return [
    ...found({
      "name can't be blank": label.trim() === "",
      "name should be a symbol": !isText(name),
      [`name is too long (maximum is ${longestName} characters)`]: label.length > longestName,
    }),
    ...apart(job, "script trigger run"),
    ...found({
      [`config key may not be used with \`rules\`: ${others.join(", ")}`]: others.length > 0,
      "extends should be an array of strings or a string": !isText(bases) && !isTexts(bases),
      "rules should be an array containing hashes and arrays of hashes": !areRules,
    }),
    ...mistyped(job, "string", "resource_group when"),
    ...found({
      "script can't be blank": isIdle,
      [`when should be one of: ${starts}`]: !starts.split(", ").includes(flatten(when).join()),
      "config should contain either a trigger or a needs:pipeline":
        isBridge && trigger === undefined,
    }),
    ...(when === "delayed" ? delayProblems(job["start_in"]) : []),
  ];
}

const topDefaults = ["before_script", "after_script", "cache", "image", "services"];

/** What holds for jobs that say nothing else; a keyword at the top and under `default` is a `CiRefusal`. */
function defaultsOf(config: YamlMap): YamlMap {
  const own = isJob(config.get("default")) ? undefined : config.get("default");
  const defaults = new Map<Value, Value>();
  for (const key of words(inheritable)) {
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
  /** With what it takes over; `data`: as JSON. */
  readonly job: YamlMap;
  readonly data: PlainMap;
}

/** The jobs of a configuration whose files, extends and references are in place. */
export function checkConfig(config: YamlMap): readonly SoundJob[] {
  const all = jobsOf(config);
  const visible = visibleJobs(config);
  const others = plain(new Map([...config].filter(([key]) => !all.has(key))));
  const none = [...all.keys()].filter((name) => jobKind(name, all.get(name)) === undefined);
  const unfit = none.map((name) => {
    const shown = textOf(name).replace(/^[a-zA-Z\s]+$/, (plain) => plain.replace(/\s/g, "_"));
    return `${shown} config should implement the script:, run:, or trigger: keyword`;
  });
  if ([...visible.keys()].every((name) => none.includes(name)))
    unfit.push("config should contain at least one visible job");
  const jobs = unfit.length > 0 ? [] : [...all];
  const checked = jobs.map(([name, own]) => checkJob(name, own, visible.get(name)));
  const problems = [...unfit, ...checked.flatMap((one) => one.problems)];
  const told = [...beside(others), ...at("jobs", problems)];
  if (told.length > 0) refuse(...told.map((each) => each.toLowerCase().replace(/^:/, "")));
  return checked.flatMap(({ job }) => job ?? []);
}

/** `job`: with what it takes over, where it is visible. */
function checkJob(name: Value, own: Value, job: YamlMap | undefined) {
  const kind = jobKind(name, own) === "bridge" ? "bridge" : "job";
  const label = textOf(name);
  const place = `:${label.trim() === "" ? kind : label}`;
  if (job === undefined)
    return { problems: at(place, found({ "config can't be blank": isBlank(own) })) };
  const data = plain(job) as PlainMap;
  const first = firstProblems(name, data, kind === "bridge");
  const problems = at(place, first.length > 0 ? first : keywords[kind](data));
  return { problems, job: { name: label, kind, job, data } as const };
}
