/**
 * `npm run bench -- pipeline`: what a pipeline pays for having its images, by berth and by what projects do without it,
 * with GitLab Runner, real engines and real registries on this machine.
 */
import { readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "../machine.ts";
import { type History, readHistory } from "./history.ts";
import { openPlace, type Place } from "./place.ts";
import { printRecord, printTrials, type Recorded } from "./table.ts";
import { type Occasion, runTrial, type Trial } from "./trial.ts";
import { type Way, ways } from "./ways.ts";
import { drawYears, printYears, withYears, yearPages, yearsOf } from "./years.ts";

const occasions: readonly Occasion[] = [
  { change: "nothing", runner: "cold" },
  { change: "nothing", runner: "warm" },
  { change: "one image", runner: "cold" },
  { change: "one image", runner: "warm" },
];

const options = {
  /** As many, and as large to pull, as QEMU's. */
  images: { type: "string", default: "25" },
  megabytes: { type: "string", default: "300" },
  only: { type: "string", multiple: true },
  /** After so many minutes a pipeline is given up. */
  limit: { type: "string", default: "20" },
  /** What is measured takes its place in the record: alone, or beside other ways of the same size. */
  record: { type: "boolean", default: false },
  /** Takes the pipelines as they were recorded, and measures none. */
  recorded: { type: "boolean", default: false },
  /** A clone of QEMU, whose pipelines since a day are counted anew. */
  history: { type: "string" },
  since: { type: "string", default: "2023-08-22" },
} as const;

const at = (name: string): string => join(import.meta.dirname, "..", name);

export async function benchPipelines(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  const size = { images: Number(values.images), megabytes: Number(values.megabytes) };
  let record = values.recorded || values.record ? await readRecord() : undefined;
  if (values.recorded && record === undefined) throw new Error("nothing is recorded yet");
  if (!values.recorded) {
    const before = JSON.stringify(record?.size) === JSON.stringify(size) ? record : undefined;
    const chosen = chosenWays(values.only ?? []);
    record = { size, machine: describeMachine(new Date()), trials: before?.trials ?? [] };
    for await (const trials of measure(size, chosen, Number(values.limit) * 60_000)) {
      record = { ...record, trials: replaced(record.trials, trials) };
      // What was measured stays, whatever becomes of the rest.
      if (values.record)
        await writeFile(at("pipeline.json"), `${JSON.stringify(record, null, 2)}\n`);
    }
  }
  if (record === undefined) return;
  const history = await historyOf(values.history, values.since);
  const years = yearsOf(record, history);
  const title = titleOf(history);
  const text = `${printTrials(record.trials)}\n${title}:\n\n${printYears(years)}`;
  process.stdout.write(text);
  if (!values.record && !values.recorded) return;
  await writeFile(at("pipeline.svg"), drawYears(years, title));
  for (const page of yearPages.map((path) => at(`../${path}`)))
    await writeFile(page, withYears(await readFile(page, "utf8"), years));
  const picture = `\n![${title}](pipeline.svg)\n`;
  await writeFile(at("pipeline.md"), printRecord(record, `${text}${picture}`));
}

/** As it was counted before, where no clone is given. */
async function historyOf(clone: string | undefined, since: string): Promise<History> {
  if (clone === undefined) return JSON.parse(await readFile(at("history.json"), "utf8"));
  const history = await readHistory(clone, since);
  await writeFile(at("history.json"), `${JSON.stringify(history, null, 2)}\n`);
  return history;
}

async function readRecord(): Promise<Recorded | undefined> {
  const text = await readFile(at("pipeline.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** The ways whose names have one of the words in them, or all. */
function chosenWays(only: readonly string[]): readonly Way[] {
  const isChosen = ({ name }: Way) => only.some((part) => name.includes(part));
  const chosen = only.length === 0 ? ways : ways.filter(isChosen);
  if (chosen.length > 0) return chosen;
  throw new Error(`--only takes part of: ${ways.map(({ name }) => name).join("; ")}`);
}

/** With the trials of one way in place of those that it had, in the order of the ways. */
function replaced(trials: readonly Trial[], by: readonly Trial[]): readonly Trial[] {
  const all = [...trials.filter(({ way }) => way !== by[0]?.way), ...by];
  const order = ways.map(({ name }) => name);
  return all.toSorted((a, b) => order.indexOf(a.way) - order.indexOf(b.way));
}

function titleOf({ pipelines, since, idle, built }: History): string {
  return `${pipelines} pipelines of QEMU since ${since}, ${idle} with nothing to build, ${built} images built`;
}

/** Gives the trials of one way after the other. */
async function* measure(
  size: Recorded["size"],
  chosen: readonly Way[],
  limitMs: number,
): AsyncGenerator<readonly Trial[]> {
  process.stderr.write(`${clock()} opens a GitLab with a runner, and ${size.images} images …\n`);
  const place = await openPlace(size.images, size.megabytes);
  try {
    for (const way of chosen) yield await measureWay(place, way, size.images, limitMs);
  } finally {
    await place.stop();
  }
}

async function measureWay(
  place: Place,
  way: Way,
  images: number,
  limitMs: number,
): Promise<readonly Trial[]> {
  let revisions: readonly number[] = Array<number>(images).fill(1);
  const run = (occasion: Occasion) => runTrial(place, way, { revisions, ...occasion, limitMs });
  if (way.fills) {
    process.stderr.write(`${clock()} ${way.name}: fills what it keeps …\n`);
    await run({ change: "nothing", runner: "warm" });
  }
  const trials: Trial[] = [];
  for (const occasion of occasions) {
    process.stderr.write(
      `${clock()} ${way.name}: ${occasion.change} changed, ${occasion.runner} runner …\n`,
    );
    if (occasion.change === "one image")
      revisions = revisions.map((revision, number) => (number === 0 ? revision + 1 : revision));
    trials.push(await run(occasion));
  }
  process.stderr.write(printTrials(trials));
  return trials;
}

const clock = (): string =>
  `${new Date().toISOString().slice(11, 19)}, load ${loadavg()[0]?.toFixed(1)}:`;
