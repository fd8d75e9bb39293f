/** Which keys of a configuration are jobs, and what these take over. */
import { refuse } from "./refusal.ts";
import {
  get,
  isList,
  isMap,
  type PlainMap,
  plain,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";

/** What jobs may take over from `default`. */
const inheritable = [
  ...["before_script", "after_script", "hooks", "cache", "image", "services", "interruptible"],
  ...["timeout", "retry", "artifacts", "id_tokens", "tags"],
];
const topDefaults = ["before_script", "after_script", "cache", "image", "services"];
const reserved = ["include", "variables", "stages", ...topDefaults];

/** A job, or what should be one. */
export interface WrittenJob {
  readonly name: Value;
  readonly written: Value;
  /** A bridge starts another pipeline; `undefined`: it is no job. */
  readonly kind: "hidden" | "job" | "bridge" | undefined;
  /** With what it takes over, where it is not hidden; `data`: as JSON. */
  readonly job: YamlMap;
  readonly data: PlainMap;
}

export function writtenJobs(config: YamlMap): readonly WrittenJob[] {
  const defaults = defaultsOf(config);
  return [...config].flatMap(([name, written]) => {
    const kind = jobKind(name, written);
    const isOther = kind === undefined && (name === "default" || name === "workflow");
    if (isOther || reserved.includes(textOf(name))) return [];
    const isSeen = kind !== "hidden" && isMap(written);
    const job = isSeen ? withDefaults(written, defaults) : new Map<Value, Value>();
    return [{ name, written, kind, job, data: plain(job) as PlainMap }];
  });
}

export function jobKind(name: Value, job: Value | undefined): WrittenJob["kind"] {
  if (textOf(name).startsWith(".")) return "hidden";
  if (!isMap(job)) return undefined;
  if (job.has("script") || job.has("run")) return "job";
  return job.has("trigger") || job.has("needs") ? "bridge" : undefined;
}

/** What holds for jobs that say nothing else; a keyword at the top and under `default` is a `CiRefusal`. */
function defaultsOf(config: YamlMap): YamlMap {
  const own = config.get("default");
  const isJob = jobKind("", own) !== undefined;
  const defaults = new Map<Value, Value>();
  for (const key of inheritable) {
    const value = isJob ? null : get(own, key);
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
    (!isBridge || key === "interruptible") &&
    (job.get(key) ?? null) === null;
  return new Map([...job, ...[...defaults].filter(([key]) => takes(key))]);
}
