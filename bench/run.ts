/** `npm run bench`: berth beside its peers, as ratios of one run, or with `pipeline` whole pipelines. Nothing here fails for being slow. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compiledBundle } from "./bundle.ts";
import type { Case, Row } from "./case.ts";
import { buildOverhead } from "./cases/build.ts";
import { contextsOfManyFiles } from "./cases/context.ts";
import { copies } from "./cases/copies.ts";
import { dockerInDocker } from "./cases/dind.ts";
import { firstLine } from "./cases/executor.ts";
import { growth } from "./cases/growth.ts";
import { keyOfManyImages } from "./cases/key.ts";
import { besidePeers } from "./cases/peers.ts";
import { pruneManyTags } from "./cases/prune.ts";
import { storage } from "./cases/storage.ts";
import { nothingChanged } from "./cases/unchanged.ts";
import { describeMachine } from "./machine.ts";
import { pages, withFigures } from "./pages.ts";
import { printMarkdown, printText, resultsOf } from "./report.ts";

const cases: readonly Case[] = [
  keyOfManyImages,
  contextsOfManyFiles,
  nothingChanged,
  dockerInDocker,
  copies,
  besidePeers,
  pruneManyTags,
  growth,
  storage,
  buildOverhead,
  firstLine,
];

async function benchCases(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      quick: { type: "boolean", default: false },
    },
  });

  const chosen = cases.filter(
    ({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)),
  );
  if (chosen.length === 0) {
    process.stderr.write(`--only takes part of: ${cases.map(({ name }) => name).join(", ")}\n`);
    process.exit(64);
  }
  const machine = describeMachine(new Date());
  const folder = await mkdtemp(join(tmpdir(), "berth-bench-"));
  const rows: Row[] = [];
  try {
    const berth = await compiledBundle(folder);
    for (const one of chosen) {
      process.stderr.write(`${one.name} …\n`);
      rows.push(...(await one.run({ quick: values.quick, berth })));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  process.stdout.write(printText(rows));
  // A partial or hasty run does not replace the record.
  if (chosen.length === cases.length && !values.quick) {
    const place = (name: string) => join(import.meta.dirname, name);
    await writeFile(place("results.md"), printMarkdown(rows, machine, "npm run bench"));
    const results = resultsOf(rows);
    await writeFile(place("results.json"), `${JSON.stringify(results, null, 2)}\n`);
    for (const page of pages) {
      const path = place(`../${page}`);
      await writeFile(path, withFigures(page, await readFile(path, "utf8"), results));
    }
  }
}

const [first = "", ...rest] = process.argv.slice(2);
if (first === "pipeline") await (await import("./pipeline/run.ts")).benchPipelines(rest);
else await benchCases(process.argv.slice(2));
