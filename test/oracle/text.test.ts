import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fixturesIn, forEachTarget } from "./corpus.ts";
import { type Engines, startEngines, type Text } from "./engines.ts";
import { texts } from "./generate.ts";
import { explain, survey } from "./survey.ts";

/**
 * What is held of every text that berth accepts, for each engine: what the engine gets means what the original
 * means; other empty lines and comments change nothing; what has the same key means the same; where engines make
 * different things of what they get, berth says so.
 */
async function holds(all: Iterable<Text>, least: number): Promise<void> {
  const found = await survey(engines, all);
  console.log(JSON.stringify({ ...found, faults: found.faults.length }));
  assert.equal(await explain(engines, found), "");
  assert.ok((found.accepted["buildkit"] ?? 0) >= least, "too few texts were accepted");
}

let engines: Engines;
before(async () => {
  engines = await startEngines();
});
after(() => engines.close());

for (const module of ["buildkit", "imagebuilder"] as const)
  test(`fixtures of ${module} mean to the engines what berth takes them for`, async () => {
    const fixtures = await fixturesIn(engines.sources[module]);
    await holds(fixtures.flatMap(forEachTarget), module === "buildkit" ? 500 : 50);
  });

// The same texts in each run, so that a run tells of a change; fuzz.ts looks for what no run has seen.
const seed = Number(process.env["ORACLE_SEED"] ?? 592622360);
const count = 10_000;

test(`${count} texts at random mean to the engines what berth takes them for (ORACLE_SEED=${seed})`, () =>
  holds(texts(seed, count), count / 4));
