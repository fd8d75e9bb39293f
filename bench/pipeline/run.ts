/**
 * `npm run bench -- pipeline`: what a pipeline pays for having its images, by berth and by what projects do without it,
 * with GitLab Runner, real engines and real registries on this machine.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "../machine.ts";
import { readHistory } from "./history.ts";
import { openPlace, type Place } from "./place.ts";
import { printRecord, printTrials, type Recorded } from "./table.ts";
import { type Occasion, runTrial, type Trial } from "./trial.ts";
import { type Way, ways } from "./ways.ts";
import { drawYears, printYears, yearsOf } from "./years.ts";

const occasions: readonly Occasion[] = [
  { change: "nothing", runner: "cold" },
  { change: "nothing", runner: "warm" },
  { change: "one image", runner: "cold" },
  { change: "one image", runner: "warm" },
];

const options = {
  images: { type: "string", default: "25" },
  megabytes: { type: "string", default: "300" },
  only: { type: "string", multiple: true },
  /** Takes the pipelines as they were recorded, and measures none. */
  recorded: { type: "boolean", default: false },
  /** A clone of QEMU, for what its pipelines since a day would have cost. */
  history: { type: "string" },
  since: { type: "string", default: "2023-08-22" },
} as const;

const at = (name: string): string => join(import.meta.dirname, "..", name);

export async function benchPipelines(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options });
  const { images, megabytes, only = [], recorded, history, since } = values;
  const size = { images: Number(images), megabytes: Number(megabytes) };
  const record: Recorded = recorded
    ? JSON.parse(await readFile(at("pipeline.json"), "utf8"))
    : await measure(size, only);
  const years = history === undefined ? "" : await tellYears(record.trials, history, since);
  const text = `${printTrials(record.trials)}${years}`;
  process.stdout.write(text);
  // A partial or small run does not replace the record.
  if (record.trials.length < ways.length * occasions.length || record.size.images < 25) return;
  await writeFile(at("pipeline.json"), `${JSON.stringify(record, null, 2)}\n`);
  await writeFile(at("pipeline.md"), printRecord(record, text));
}

/** What the ways would have cost in the pipelines of a clone of QEMU; draws the picture too. */
async function tellYears(trials: readonly Trial[], clone: string, since: string): Promise<string> {
  const history = await readHistory(clone, since);
  const years = yearsOf(trials, history);
  const { pipelines, idle, built } = history;
  const title = `${pipelines} pipelines of QEMU since ${since}, ${idle} with nothing to build, ${built} images built`;
  await writeFile(at("pipeline.svg"), drawYears(years, title));
  return `\n${title}:\n\n${printYears(years)}\n![${title}](pipeline.svg)\n`;
}

/** Measures the ways whose names have one of the words in them, or all. */
async function measure(size: Recorded["size"], only: readonly string[]): Promise<Recorded> {
  const chosen = ways.filter(
    ({ name }) => only.length === 0 || only.some((part) => name.includes(part)),
  );
  const machine = describeMachine(new Date());
  const place = await openPlace(size.images, size.megabytes);
  const trials: Trial[] = [];
  try {
    for (const way of chosen) trials.push(...(await measureWay(place, way, size.images)));
  } finally {
    await place.stop();
  }
  return { size, machine, trials };
}

async function measureWay(place: Place, way: Way, images: number): Promise<readonly Trial[]> {
  let revisions: readonly number[] = Array<number>(images).fill(1);
  // The first fills what the way keeps: the set record, a cache.
  process.stderr.write(`${way.name}: fills its caches …\n`);
  await runTrial(place, way, revisions, { change: "nothing", runner: "warm" });
  const trials: Trial[] = [];
  for (const occasion of occasions) {
    process.stderr.write(`${way.name}: ${occasion.change} changed, ${occasion.runner} runner …\n`);
    if (occasion.change === "one image")
      revisions = revisions.map((revision, number) => (number === 0 ? revision + 1 : revision));
    trials.push(await runTrial(place, way, revisions, occasion));
  }
  return trials;
}
