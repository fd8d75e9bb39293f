/**
 * Compiles the bundle in whose folder it lies (compiled.ts).
 *
 * As `node --random-seed=1` this gives the same bytes each time, for nothing of the bundle is executed: functions are
 * compiled because a debugger asks where they could be stopped.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { dirname, join } from "node:path";
import { compiledPath, scriptOf } from "./compiled.ts";

/**
 * Up to which character functions are compiled; those behind it are only found, which saves half of the work. Our own code begins
 * with what every command needs, and goes on in the order of src/cli/program.ts. All of it would save half as much again, and
 * bring the image to more than the 60 MB that jobs shall have to pull at most.
 */
const files = { "main.js": 150_000, "lib/zod.js": Infinity, "lib/yaml.js": 0 };

const folder = import.meta.dirname;
for (const [name, end] of Object.entries(files)) {
  const source = readFileSync(join(folder, name), "utf8");
  const script = scriptOf(source, name);
  script.runInThisContext();
  if (end > 0) compileUpTo(source.slice(0, end).split("\n").length, name);
  const path = compiledPath(folder, source);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, script.createCachedData());
}

function compileUpTo(line: number, name: string): void {
  const session = new Session();
  session.connect();
  let scriptId = "";
  session.on("Debugger.scriptParsed", ({ params }) => {
    if (params.url === name) ({ scriptId } = params);
  });
  session.post("Debugger.enable");
  const [start, end] = [0, line].map((lineNumber) => ({ scriptId, lineNumber, columnNumber: 0 }));
  session.post("Debugger.getPossibleBreakpoints", { start: start!, end: end! }, (error) => {
    if (error !== null) throw error;
  });
  session.disconnect();
}
