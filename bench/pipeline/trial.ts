/** One pipeline of one way, run and counted. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RunJob, RunPipeline } from "../../test/platform/coordinator/jobs.ts";
import { jobsOf, passed, rested, traceOf } from "../../test/platform/coordinator/ran.ts";
import type { Moved } from "../../test/support/gitlab-registry-state.ts";
import type { Place } from "./place.ts";
import { cacheName, consumer, dockerfiles, imageJob, nameOf, type Way } from "./ways.ts";

/** What a pipeline, or a part of it, has cost. */
export interface Cost {
  /** That a runner had, but for the consumer. */
  readonly jobs: number;
  /** That these took of runners, by the first and the last line of their traces. */
  readonly minutes: number;
  /** From and to the project's registry, in megabytes. */
  readonly pulled: number;
  readonly pushed: number;
}

export interface Trial extends Cost {
  readonly way: string;
  readonly change: "nothing" | "one image";
  readonly runner: "cold" | "warm";
  /** What of that there is once more for each further image. */
  readonly perImage: Cost;
  /** From the push of the commit to the first line of the consumer's script, and to the end. */
  readonly firstSeconds: number;
  readonly wholeSeconds: number;
}

export type Occasion = Pick<Trial, "change" | "runner">;

export interface TrialOptions extends Occasion {
  /** Of the images, in order. */
  readonly revisions: readonly number[];
  /** When a pipeline that is not over is given up. */
  readonly limitMs: number;
}

/** Commits images of these revisions, runs the pipeline and says what it cost. */
export async function runTrial(
  place: Place,
  way: Way,
  { revisions, limitMs, ...occasion }: TrialOptions,
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
  const pipeline = await platform.start(actor.project, {});
  const ran = rested(platform, pipeline);
  passed(await within(limitMs, ran, () => `${way.name}, ${occasion.runner}: ${told(pipeline)}`));
  const ended = Date.now();
  const moved = movedSince(before, movedBytes(place));
  const all = jobsOf(pipeline).filter(({ attempts }) => attempts.length > 0);
  const first = all.find(({ made }) => made.name === consumer);
  if (first === undefined) throw new Error(`${way.name}: the consumer has not run`);
  const others = all.filter((job) => job !== first);
  return {
    way: way.name,
    ...occasion,
    ...{ jobs: others.length, minutes: minutesOf(others) },
    ...megabytesOf(moved, () => 1),
    perImage: perImageOf(way, revisions.length, others, moved),
    firstSeconds: (beganAt(first) - started) / 1000,
    wholeSeconds: (ended - started) / 1000,
  };
}

/** The first image is left out, which the consumer pulls too; a cache of all has its share of each. */
function perImageOf(
  way: Way,
  images: number,
  jobs: readonly RunJob[],
  moved: ReadonlyMap<string, Moved>,
): Cost {
  const own = jobs.filter(({ made }) => made.name.startsWith(imageJob));
  const further = Array.from({ length: images - 1 }, (_, at) => way.repository(nameOf(at + 1)));
  const names = new Set(further.map((name) => `${way.path}/${name}`));
  const shareOf = (repository: string) => {
    if (names.has(repository)) return 1 / further.length;
    return repository === `${way.path}/${cacheName}` ? 1 / images : 0;
  };
  const megabytes = megabytesOf(moved, shareOf);
  return { jobs: own.length / images, minutes: minutesOf(own) / images, ...megabytes };
}

function megabytesOf(
  moved: ReadonlyMap<string, Moved>,
  share: (repository: string) => number,
): Pick<Cost, "pulled" | "pushed"> {
  const sum = (way: keyof Moved) =>
    [...moved].reduce((all, [name, bytes]) => all + share(name) * bytes[way], 0) / 1e6;
  return { pulled: sum("pulled"), pushed: sum("pushed") };
}

function minutesOf(jobs: readonly RunJob[]): number {
  const times = jobs.map((job) => {
    const stamps = traceOf(job).match(/^\d{4}-\S+Z(?= )/gm) ?? [];
    return Date.parse(stamps.at(-1) ?? "") - Date.parse(stamps[0] ?? "");
  });
  return times.reduce((all, time) => all + time, 0) / 60_000;
}

/** Gives up what takes longer: a runner that does nothing says nothing. */
async function within<T>(limitMs: number, work: Promise<T>, doing: () => string): Promise<T> {
  const over = new AbortController();
  const late = sleep(limitMs, undefined, { signal: over.signal }).then(() => {
    const hint = "on a busy machine give --limit MINUTES, or fewer --images";
    throw new Error(`${doing()}: not over after ${limitMs / 60_000} minutes; ${hint}`);
  });
  late.catch(() => undefined);
  return Promise.race([work, late]).finally(() => over.abort());
}

function told(pipeline: RunPipeline): string {
  return jobsOf(pipeline)
    .map(({ made, status }) => `${made.name} ${status}`)
    .join(", ");
}

/** All images but the runner's own helper go from its daemon, and the volumes of jobs that are over. */
async function forgetImages({ platform: { dockerd } }: Place): Promise<void> {
  const { docker } = dockerd;
  for (const kind of ["container", "volume"]) await docker(kind, "prune", "--force");
  await docker("builder", "prune", "--all", "--force");
  const listed = (await docker("images", "--all", "--format={{.ID}} {{.Repository}}")).trim();
  const others = listed.split("\n").filter((line) => !line.endsWith("gitlab-runner-helper"));
  const ids = [...new Set(others.map((line) => line.split(" ")[0] ?? ""))].filter(Boolean);
  // An image that others are made of goes with the last of them, and is then no more to be found.
  if (ids.length > 0) await docker("rmi", "--force", ...ids).catch(() => undefined);
}

/** By repository. */
function movedBytes({ platform: { gitlab } }: Place): ReadonlyMap<string, Moved> {
  const names = [...gitlab.registry.tags.keys()];
  return new Map(names.map((name) => [name, gitlab.registry.moved(name)]));
}

function movedSince(
  before: ReadonlyMap<string, Moved>,
  after: ReadonlyMap<string, Moved>,
): ReadonlyMap<string, Moved> {
  const rows = [...after].map(([name, { pulled, pushed }]) => {
    const old = before.get(name) ?? { pulled: 0, pushed: 0 };
    return [name, { pulled: pulled - old.pulled, pushed: pushed - old.pushed }] as const;
  });
  return new Map(rows);
}

/** When the script's first own line came, by the runner's clock, which is this machine's. */
function beganAt(job: RunJob): number {
  const line = /^(\S+Z) 01O[ +]the consumer has begun/m.exec(traceOf(job));
  if (line === null) throw new Error("the consumer's trace has no line of its script");
  return Date.parse(line[1] ?? "");
}
