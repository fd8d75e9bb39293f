/** What the jobs of a component must be, beyond what GitLab's schema asks. Each check lists what is wrong. */
import { retry } from "../../src/output/pipeline.ts";

export type Job = Readonly<Record<string, unknown>>;
export type Jobs = Readonly<Record<string, Job>>;

const globals = [
  ...["default", "variables", "workflow", "stages", "types", "include", "image", "services"],
  ...["before_script", "after_script", "cache", "pages"],
];

/** A component is merged into its user's configuration, so it may hold jobs of its own prefix and nothing else. */
export function nameProblems(names: readonly string[], prefix: string): string[] {
  return names.flatMap((name) => {
    if (globals.includes(name)) return [`${name} is a keyword for the whole pipeline`];
    return name.replace(/^\./, "").startsWith(prefix)
      ? []
      : [`${name} does not begin with ${prefix}`];
  });
}

const jobKeywords = [
  ...["after_script", "allow_failure", "artifacts", "before_script", "cache", "dependencies"],
  ...["environment", "id_tokens", "image", "inherit", "interruptible", "needs", "resource_group"],
  ...["retry", "rules", "script", "services", "stage", "tags", "timeout", "trigger", "variables"],
  "when",
];
const ruleKeywords = ["allow_failure", "changes", "exists", "if", "needs", "variables", "when"];

/** GitLab refuses the whole pipeline for a keyword that it does not know (gitlab docs: ci/yaml). */
export function keywordProblems(jobs: Jobs): string[] {
  return Object.entries(jobs).flatMap(([name, job]) => {
    const rules = [job["rules"] ?? []].flat(9) as Job[];
    const unknown = [
      ...Object.keys(job).filter((key) => !jobKeywords.includes(key)),
      ...rules.flatMap((rule) => Object.keys(rule).filter((key) => !ruleKeywords.includes(key))),
    ];
    return unknown.map((key) => `${name} has the unknown keyword ${key}`);
  });
}

/** Real jobs do something, and say where they belong and what may be interrupted or thrown away. */
export function shapeProblems(jobs: Jobs): string[] {
  return realJobs(jobs).flatMap(([name, job]) => {
    const problems: string[] = [];
    if (!("script" in job || "trigger" in job)) problems.push("needs a script or a trigger");
    // The usual one, test, need not be a stage of the pipeline, and GitLab asks that of jobs that never run too.
    if (!("stage" in job)) problems.push("has no stage");
    if ("script" in job && !isNever(job)) {
      if (!("interruptible" in job)) problems.push("does not say whether it is interruptible");
      const artifacts = job["artifacts"] as Job | undefined;
      if (artifacts !== undefined && !("expire_in" in artifacts))
        problems.push("has artifacts that never expire");
    }
    return problems.map((problem) => `${name} ${problem}`);
  });
}

/** Only weather is tried again, by every job that runs berth. */
export function retryProblems(jobs: Jobs): string[] {
  const wrong = Object.entries(jobs).filter(([name, job]) => {
    const runs = !name.startsWith(".") && "script" in job && !isNever(job);
    return (runs || "retry" in job) && JSON.stringify(job["retry"]) !== JSON.stringify(retry);
  });
  return wrong.map(([name]) => `${name} does not retry what the child pipeline's jobs retry`);
}

const plainLine = /^[\w./-]+(?: [\w@%+=:,./$"'{}~-]+)*$/;
const shellWords =
  /^(?:if|for|while|until|case|test|eval|set|export|then|else|fi|do|done|function|\.)$/;

/** Logic belongs into berth: a line is one command with its words. */
export function scriptProblems(jobs: Jobs): string[] {
  return Object.entries(jobs).flatMap(([name, job]) =>
    ["before_script", "script", "after_script"]
      .flatMap((key) => [job[key] ?? []].flat(9))
      .filter(
        (line) => !plainLine.test(String(line)) || shellWords.test(String(line).split(" ")[0]!),
      )
      .map((line) => `${name} has a line that is more than one plain command: ${line}`),
  );
}

/**
 * A job that is needed must exist wherever the one that needs it does, or GitLab makes no pipeline at all.
 *
 * Of hidden jobs only those that consumers take, `.PREFIXuse…`, are held to it, with consumers that always run.
 */
export function needsProblems(jobs: Jobs, prefix: string): string[] {
  return Object.entries(jobs).flatMap(([name, job]) =>
    neededBy(job)
      .filter((needed) => needed.startsWith(prefix))
      .flatMap((needed) => {
        const target = jobs[needed];
        if (target === undefined) return [`${name} needs ${needed}, which is no job`];
        if (name.startsWith(`.${prefix}use`) && isNever(target))
          return [`${name} needs ${needed}, which never runs`];
        const apart =
          !name.startsWith(".") && !isNever(job) && existence(job) !== existence(target);
        return apart ? [`${name} needs ${needed}, which is not in the same pipelines`] : [];
      }),
  );
}

/** Names of jobs of the same pipeline without which a job cannot be. */
function neededBy(job: Job): string[] {
  const trigger = job["trigger"] as Job | undefined;
  const generated = listOf(trigger?.["include"]).filter((entry) => typeof entry !== "string");
  const names = [...listOf(job["needs"]), ...generated].flatMap((need) => {
    if (typeof need === "string") return [need];
    const elsewhere = need["optional"] === true || "pipeline" in need || "project" in need;
    return elsewhere || need["job"] === undefined ? [] : [String(need["job"])];
  });
  return [...new Set(names)];
}

function listOf(value: unknown): readonly (string | Job)[] {
  return [value ?? []].flat() as (string | Job)[];
}

function realJobs(jobs: Jobs): [string, Job][] {
  return Object.entries(jobs).filter(([name]) => !name.startsWith("."));
}

function isNever(job: Job): boolean {
  return existence(job) === JSON.stringify([{ exists: false }]);
}

/** In which pipelines a job is, as a text to compare: its rules without how it starts, and without idle ones. */
function existence(job: Job): string {
  const rules = [job["rules"] ?? [{}]].flat(9) as Job[];
  const plain: { exists: boolean }[] = rules.map(({ if: condition, changes, exists, when }) => ({
    ...Object.fromEntries(
      Object.entries({ condition, changes, files: exists }).filter(([, v]) => v),
    ),
    exists: when !== "never",
  }));
  const always = plain.findIndex((rule) => Object.keys(rule).length === 1);
  const until = always < 0 ? [...plain, { exists: false }] : plain.slice(0, always + 1);
  const last = until.pop()!;
  while (until.at(-1)?.exists === last.exists) until.pop();
  return JSON.stringify([...until, last]);
}
