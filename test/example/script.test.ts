/** The first command of the README, without the part that installs packages. */
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ended, plainEnv, startProgram } from "../support/command.ts";

const script = fileURLToPath(new URL("../../scripts/example.ts", import.meta.url));

function startExample(...args: readonly string[]) {
  return startProgram(process.execPath, [script, ...args], { env: plainEnv({ HOME: "/root" }) });
}

/** What the example has started is found in what it prints. */
async function assertNothingLeft(output: string): Promise<void> {
  const [, folder = ""] = /^\$ cd (\S+)\/example$/m.exec(output) ?? [];
  const [, host = ""] = /^(127\.0\.0\.1:\d+)\/bases/m.exec(output) ?? [];
  assert.match(folder, /\/berth-demo-/);
  await assert.rejects(stat(folder), { code: "ENOENT" });
  await assert.rejects(fetch(`http://${host}/v2/`));
}

test("the example shows the plan before and after, the variables and a command's output", async () => {
  const { code, stdout, stderr } = await ended(startExample());
  assert.equal(code, 0, stderr);
  const tables = stdout.split(/^IMAGE .*\n/m).slice(1);
  const column = (table = "") =>
    table
      .split(/\n\n/)[0]
      ?.split("\n")
      .map((line) => line.split(/ +/));
  const decided = (table: string) => column(table)?.map(([, decision]) => decision);
  const all = (word: string) => Array.from({ length: 8 }, () => word);
  // `plan`, then `ensure` with its plan and its outcomes, then `plan` again.
  const decisions = [all("build"), all("build"), all("build"), all("reuse")];
  assert.deepEqual(tables.map(decided), decisions);
  assert.deepEqual(
    column(tables[2])?.map(([, , result]) => result),
    all("built"),
  );
  assert.match(stdout, /^EXAMPLE_CI_IMAGE_APP=127\.0\.0\.1:\d+\/group\/project\/ci\/app@sha256:/m);
  assert.match(
    stdout,
    /^\$ buildah run .* 'build-docs >.*\n\$ cat .*\ndocumentation of the example\n/m,
  );
  await assertNothingLeft(stdout);
});

test("the example stops what it started when it is interrupted in a build", async () => {
  const child = startExample();
  const end = ended(child);
  await new Promise<void>((resolve) => {
    child.stdout?.on("data", (piece: Buffer) => {
      if (piece.toString().includes("== build")) resolve();
    });
    child.once("close", () => resolve());
  });
  child.kill("SIGINT");
  const { code, stdout } = await end;
  assert.equal(code, 130);
  await assertNothingLeft(stdout);
});
