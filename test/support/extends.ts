/** `extends` resolved as GitLab does: maps are merged, everything else is replaced. */

export type Job = Readonly<Record<string, unknown>>;
export type Jobs = Readonly<Record<string, Job>>;

// gitlab: ci/yaml, extends; the levels that GitLab follows.
const maxLevels = 11;

export interface Resolved {
  readonly jobs: Jobs;
  /** Names that an `extends` gives and no job has, circles, and chains that are too long. */
  readonly problems: readonly string[];
}

/** Resolves some jobs; what they extend may be among `others` too, as several files make one pipeline. */
export function resolveExtends(own: Jobs, others: Jobs = {}): Resolved {
  const all: Jobs = { ...others, ...own };
  const problems: string[] = [];
  const resolve = (name: string, above: readonly string[]): Job => {
    const job = all[name];
    const chain = [...above, name];
    const told = chain.join(" extends ");
    if (job === undefined) problems.push(`${told}, which no job is called`);
    else if (above.includes(name)) problems.push(`${told}, a circle`);
    else if (chain.length > maxLevels) problems.push(`${told}, over ${maxLevels} levels`);
    else {
      const parents = [job["extends"] ?? []].flat().map((parent) => resolve(String(parent), chain));
      const { extends: _, ...rest } = job;
      return [...parents, rest].reduce(merged, {});
    }
    return {};
  };
  const jobs = Object.fromEntries(Object.keys(own).map((name) => [name, resolve(name, [])]));
  return { jobs, problems };
}

function merged(below: Job, above: Job): Job {
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const old = result[key];
    result[key] = isMap(old) && isMap(value) ? merged(old, value) : value;
  }
  return result;
}

function isMap(value: unknown): value is Job {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
