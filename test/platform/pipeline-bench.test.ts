/** `npm run bench -- pipeline` in its smallest form: that every way works, and counts what it should. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { plainEnv } from "../support/command.ts";

const bench = join(import.meta.dirname, "../../bench/run.ts");

interface Row {
  readonly way: string;
  readonly jobs: number;
  readonly pushed: number;
}

async function measured(): Promise<ReadonlyMap<string, readonly Row[]>> {
  const args = [bench, "pipeline", "--images", "3", "--megabytes", "3"];
  const env = plainEnv({ HOME: process.env["HOME"] ?? "" });
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const [, , ...lines] = stdout.trim().split("\n");
  const rows = lines.map((line) => {
    const [, way = "", , , jobs, , pushed] = line.split("|").map((cell) => cell.trim());
    return { way, jobs: Number(jobs), pushed: Number(pushed) };
  });
  return Map.groupBy(rows, ({ way }) => way);
}

test("each way runs its pipelines, and only what changed is built and pushed", async () => {
  const ways = await measured();
  const jobs = (way: string) => ways.get(way)?.map((row) => row.jobs);
  assert.equal(ways.size, 5);
  // Nothing changed, on a cold and on a warm runner, then one image; promotion is one of them.
  assert.deepEqual(jobs("berth, inline"), [2, 2, 2, 2]);
  assert.deepEqual(jobs("berth, fan-out"), [3, 3, 4, 4]);
  for (const [way, rows] of ways) {
    if (!way.startsWith("berth")) assert.deepEqual(jobs(way), [3, 3, 3, 3], way);
    const pushed = rows.map((row) => row.pushed);
    // Of three megabytes of an image 2.7 are its own.
    for (const idle of pushed.slice(0, 2)) assert.ok(idle < 1, `${way}: ${pushed}`);
    for (const built of pushed.slice(2)) assert.ok(built > 2.5 && built < 4, `${way}: ${pushed}`);
  }
});
