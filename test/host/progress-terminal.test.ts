import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporary } from "../context/repository.ts";
import { ended, plainEnv } from "../support/command.ts";
import { program } from "../support/programs.ts";

const world = new URL("../../src/host/world.ts", import.meta.url).href;

/** A run with one build that does not end by itself, and a program under way that a signal has to end. */
const building = `
import { realWorld } from ${JSON.stringify(world)};
const { log, guard, print, run } = realWorld();
guard();
print("the plan\\n");
log.expect([{ name: "debian", after: [], section: "s" }]);
log.began("debian");
log.warn("mind the gap");
const { line } = log.section("s", "build debian");
await run("sh", ["-c", "echo STEP 1/2: FROM x; sleep 60"], { onLine: line });
await new Promise((resolve) => setTimeout(resolve, 60_000));
`;

test("Ctrl-C on a terminal ends the programs, leaves the warnings, and the terminal as it was", async (t) => {
  const file = join(temporary(t), "building.ts");
  writeFileSync(file, building);
  const command = `'${process.execPath}' '${file}'`;
  const env = plainEnv({ TERM: "xterm" });
  const child = spawn(program("script"), ["-qefc", command, "/dev/null"], { env });
  t.after(() => child.kill("SIGKILL"));
  child.stdout.on("data", function typeOnce(piece: Buffer) {
    if (!piece.toString().includes("STEP 1/2")) return;
    child.stdout.off("data", typeOnce);
    child.stdin.write("\u0003");
  });
  const { code, stdout } = await ended(child);
  assert.equal(code, 130);
  const [before = "", after = ""] = stdout.split("^C");
  assert.match(
    before,
    /^the plan\r\n[\s\S]*building 1, 0 done; \d+ s\r\n {2}debian .*STEP 1\/2: FROM x\r\n$/,
  );
  assert.match(
    after,
    /J(?:ending what was started; once more ends it at once\r\n)[\s\S]*Jdebian: not finished\r\nwarning: mind the gap\r\n$/,
  );
  // Nothing but up, to the first column and clear downwards: no mode is changed, no cursor hidden.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what terminals are told things by
  const commands = new Set([...stdout.matchAll(/\u001b\[\d*(.)/g)].map(([, letter]) => letter));
  assert.deepEqual([...commands].sort(), ["A", "G", "J"]);
});
