import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
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
log.warn("mind the gap");
const { line } = log.section("debian", "build debian");
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
  const drawn = stripVTControlCharacters(before);
  assert.match(drawn, /^the plan\r\nbuilding debian .*STEP 1\/2/s);
  const plain = stripVTControlCharacters(after);
  assert.match(plain, /ending what was started; once more ends it at once\r\n/);
  assert.match(plain, /debian: not finished\r\nwarning: mind the gap\r\n$/);
  // Nothing but up and down, to the first column and clear; what is put in one go ends in it, and no cursor is hidden.
  const commands = new Set(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what terminals are told things by
    [...stdout.matchAll(/\u001b\[(\?\d+.|\d*(.))/g)].map(([, all, letter]) => letter ?? all),
  );
  assert.deepEqual([...commands].sort(), ["?2026h", "?2026l", "A", "G", "K"]);
});
