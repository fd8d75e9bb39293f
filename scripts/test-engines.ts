/** Runs the test files that patterns name, three at a time, the long ones first, and says how long each of them took. */
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { bundle } from "./bundle.ts";

/** Those of two minutes and more on two cores. The first makes the tool images, which others wait for. */
const long = [
  "component/qemu",
  "engine/cached-docker",
  "engine/cached-buildah",
  "container/build",
  "example/buildah",
  "component/projects",
  "platform/released",
  "lives/merges",
  "platform/executor",
  "engine/docker",
  "cli/run",
  "lives/attacks",
  "platform/confinement",
].map((name) => `test/${name}.test.ts`);

const found = globSync(process.argv.slice(2)).sort();
const gone = long.filter((file) => !found.includes(file));
if (gone.length > 0) throw new Error(`no such test: ${gone.join(", ")}`);
const files = [...long, ...found.filter((file) => !long.includes(file))];
const folder = mkdtempSync(join(tmpdir(), "berth-bundle-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
await bundle(folder);
process.env["BERTH_TEST_ENTRY"] = join(folder, "berth.js");
const seconds = new Map<string, number>();
// What hangs is ended, and fails.
const signal = AbortSignal.timeout(2 * 60 * 60_000);
const events = run({ files, concurrency: 3, signal })
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .on("test:summary", ({ file, duration_ms }) => {
    if (file !== undefined) seconds.set(file, Math.round(duration_ms / 1000));
  });
events.on("end", () => {
  for (const [file, taken] of [...seconds].sort(([, one], [, other]) => other - one))
    console.log(`${taken} s ${file.slice(process.cwd().length + 1)}`);
});
events.compose(spec).pipe(process.stdout);
