/** Gives every reader of strangers' texts COUNT inputs: npm run fuzz:parsers -- [COUNT] [--seed N] [--parser NAME]... */
import { parseArgs } from "node:util";
import { parsers } from "./parsers.ts";
import { search } from "./search.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: "string" }, parser: { type: "string", multiple: true } },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 32);
const count = Number(positionals[0] ?? 20_000);

for (const name of values.parser ?? Object.keys(parsers)) {
  const { faults, ...figures } = await search(name, seed, count);
  console.log(name, JSON.stringify({ seed, ...figures, faults: faults.length }));
  for (const { what, input } of faults.slice(0, 5)) console.log(`${what}\n  ${input}`);
  if (faults.length > 0 || figures.megabytes > 200 || figures.heldMegabytes > 20)
    process.exitCode = 1;
}
