/** One pipeline of one way, run and counted. */
import type { RunJob } from "../../test/platform/coordinator/jobs.ts";
import { jobsOf, passed, run, traceOf } from "../../test/platform/coordinator/ran.ts";
import type { Place } from "./place.ts";
import { consumer, dockerfiles, type Way } from "./ways.ts";

export interface Trial {
  readonly way: string;
  readonly change: "nothing" | "one image";
  readonly runner: "cold" | "warm";
  /** That a runner had, but for the consumer. */
  readonly jobs: number;
  /** From and to the project's registry, in megabytes. */
  readonly pulled: number;
  readonly pushed: number;
  /** From the push of the commit to the first line of the consumer's script, and to the end. */
  readonly firstSeconds: number;
  readonly wholeSeconds: number;
}

export type Occasion = Pick<Trial, "change" | "runner">;

/** Commits images of these revisions, runs the pipeline and says what it cost. */
export async function runTrial(
  place: Place,
  way: Way,
  revisions: readonly number[],
  occasion: Occasion,
): Promise<Trial> {
  const { platform, projects } = place;
  const actor = projects.get(way);
  if (actor === undefined) throw new Error(`no project for ${way.name}`);
  if (occasion.runner === "cold") await forgetImages(place);
  await actor.commit("main", {
    ...dockerfiles(place, revisions),
    ".gitlab-ci.yml": JSON.stringify(way.pipeline(place, revisions)),
    "README.md": `${occasion.change}, ${occasion.runner}, ${Date.now()}\n`,
  });
  const before = movedBytes(place);
  const started = Date.now();
  const { pipeline } = passed(await run(platform, actor.project));
  const ended = Date.now();
  const after = movedBytes(place);
  const all = jobsOf(pipeline).filter(({ attempts }) => attempts.length > 0);
  const first = all.find(({ made }) => made.name === consumer);
  if (first === undefined) throw new Error(`${way.name}: the consumer has not run`);
  return {
    way: way.name,
    ...occasion,
    jobs: all.length - 1,
    pulled: (after.pulled - before.pulled) / 1e6,
    pushed: (after.pushed - before.pushed) / 1e6,
    firstSeconds: (beganAt(first) - started) / 1000,
    wholeSeconds: (ended - started) / 1000,
  };
}

/** All images but the runner's own helper go from its daemon, and the volumes of jobs that are over. */
async function forgetImages({ platform: { dockerd } }: Place): Promise<void> {
  const { docker } = dockerd;
  const listed = (await docker("images", "--all", "--format={{.ID}} {{.Repository}}")).trim();
  const ids = listed.split("\n").filter((line) => !line.endsWith("gitlab-runner-helper"));
  const gone = new Set(ids.map((line) => line.split(" ")[0] ?? "").filter((id) => id !== ""));
  await docker("container", "prune", "--force");
  await docker("volume", "prune", "--force");
  await docker("builder", "prune", "--all", "--force");
  // An image that others are made of goes with the last of them.
  for (const id of gone) await docker("rmi", "--force", id).catch(() => undefined);
}

function movedBytes({ platform: { gitlab } }: Place) {
  const total = { pulled: 0, pushed: 0 };
  for (const repository of gitlab.registry.tags.keys()) {
    const moved = gitlab.registry.moved(repository);
    total.pulled += moved.pulled;
    total.pushed += moved.pushed;
  }
  return total;
}

/** When the script's first own line came, by the runner's clock, which is this machine's. */
function beganAt(job: RunJob): number {
  const line = /^(\S+Z) 01O[ +]the consumer has begun/m.exec(traceOf(job));
  if (line === null) throw new Error("the consumer's trace has no line of its script");
  return Date.parse(line[1] ?? "");
}
