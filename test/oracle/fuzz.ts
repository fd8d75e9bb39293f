/**
 * Examines as many texts as one likes: npm run fuzz:dockerfile -- [COUNT] [--seed N] [--repository DIR]...
 *
 * Of a repository every version of every Dockerfile is read.
 */
import { parseArgs } from "node:util";
import { forEachTarget, historyOf } from "./corpus.ts";
import { startEngines, type Text } from "./engines.ts";
import { texts } from "./generate.ts";
import { explain, survey } from "./survey.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    repository: { type: "string", multiple: true, default: [] },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 32);
const count = Number(positionals[0] ?? (values.repository.length > 0 ? 0 : 20_000));
const engines = await startEngines();

async function look(what: string, all: Iterable<Text>): Promise<void> {
  const start = performance.now();
  const found = await survey(engines, all);
  const seconds = (performance.now() - start) / 1000;
  const perSecond = Math.round(found.texts / seconds);
  console.log(what, JSON.stringify({ ...found, faults: found.faults.length, perSecond }));
  if (found.faults.length === 0) return;
  console.log(await explain(engines, found));
  process.exitCode = 1;
}

for (const repository of values.repository) {
  const versions = historyOf(repository);
  await look(`${repository}: ${versions.length} versions`, versions.flatMap(forEachTarget));
}
if (count > 0) await look(`seed ${seed}`, texts(seed, count));
engines.close();
