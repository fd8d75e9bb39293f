/**
 * Compiles the bundle in whose folder it lies (compiled.ts).
 *
 * As `node --random-seed=1` this gives the same bytes each time: each file is compiled whole, and nothing is executed.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { compiledPath, scriptOf } from "./compiled.ts";

const folder = import.meta.dirname;
// What a job loads that builds nothing.
for (const name of ["main.js", "lib/zod.js", "lib/yaml.js"]) {
  const source = readFileSync(join(folder, name), "utf8");
  const path = compiledPath(folder, source);
  mkdirSync(dirname(path), { recursive: true });
  for (const flag of ["--no-lazy", "--no-flush-bytecode"]) setFlagsFromString(flag);
  const script = scriptOf(source, name);
  // The code is for whoever has the usual flags.
  for (const flag of ["--lazy", "--flush-bytecode"]) setFlagsFromString(flag);
  writeFileSync(path, script.createCachedData());
}
