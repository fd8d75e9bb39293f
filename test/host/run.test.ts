import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createRunner, groupIsAlive } from "../../src/host/run.ts";
import type { RunResult } from "../../src/world.ts";
import { temporary } from "../context/repository.ts";

const { run } = createRunner(300);
const sh = (script: string, options?: Parameters<typeof run>[2]) =>
  run("/bin/sh", ["-c", script], options);

test("a program's exit code and both outputs are the result", async () => {
  const result = await sh("echo out; echo err >&2; exit 3");
  const ends = { exitCode: 3, signal: undefined, missing: false, timedOut: false };
  assert.deepEqual(result, { ...ends, stdout: "out\n", stderr: "err\n" });
});

test("a process that has told how its work ended waits for nothing, whatever else was waiting", async () => {
  const world = JSON.stringify(new URL("../../src/host/world.ts", import.meta.url));
  const wait = "void clock.sleep(3_600_000);";
  const script = `import { realWorld } from ${world}; const { clock, close } = realWorld();${wait} await close();${wait}`;
  const args = ["--input-type=module", "--eval", script];
  const { exitCode } = await run(process.execPath, args, { timeoutMs: 60_000 });
  assert.equal(exitCode, 0);
});

test("a program that is not there, or may not be run, is missing and nothing is thrown", async () => {
  for (const command of ["/nowhere/program", "program-that-nobody-has", "/etc/passwd"]) {
    const result = await run(command, []);
    assert.equal(result.missing, true, command);
    assert.equal(result.exitCode, undefined);
  }
});

test("a program that the system does not start is neither missing nor ended by a signal", () =>
  assert.rejects(run("true", ["x".repeat(4_000_000)]), {
    code: "ENGINE_UNAVAILABLE",
    message: /^start true: E2BIG$/,
  }));

test("lines come one by one, of both streams, the last one without its end too", async (t) => {
  const folder = temporary(t);
  const heard = (line: string) => `until [ -e "${folder}/${line}.heard" ]; do sleep 0.01; done`;
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["printf 'a\\n\\nb'", ["a", "", "b"]],
    [`echo one; ${heard("one")}; echo two >&2; ${heard("two")}; echo end`, ["one", "two", "end"]],
    ["true", []],
  ];
  for (const [script, expected] of cases) {
    const lines: string[] = [];
    const onLine = (line: string) => {
      lines.push(line);
      writeFileSync(join(folder, `${line}.heard`), "");
    };
    await sh(script, { onLine, timeoutMs: 600_000 });
    assert.deepEqual(lines, expected, script);
  }
});

test("of a long output the newest mebibyte is kept", async () => {
  const result = await sh("head -c 3000000 /dev/zero | tr '\\0' x; echo end");
  assert.equal(result.stdout.length, 1024 * 1024);
  assert.ok(result.stdout.endsWith("xxend\n"));
});

test("input arrives, and without input there is nothing to read", async () => {
  assert.equal((await run("/bin/cat", [], { input: "to you" })).stdout, "to you");
  assert.equal((await run("/bin/cat", [])).stdout, "");
});

test("variables are added to the environment, and undefined takes one away", async () => {
  process.env["BERTH_TEST_GONE"] = "there";
  const result = await sh('echo "$HERE-$BERTH_TEST_GONE"', {
    env: { HERE: "here", BERTH_TEST_GONE: undefined },
  });
  assert.equal(result.stdout, "here-\n");
});

test("a time limit ends the whole group, also children that ignore SIGTERM", async () => {
  const stubborn = "trap '' TERM; (trap '' TERM; sleep 60) & echo $$; sleep 60";
  // How far a script comes in a time is the machine's affair.
  const limited = async (timeoutMs: number): Promise<RunResult> => {
    const result = await sh(stubborn, { timeoutMs });
    return result.stdout === "" ? limited(timeoutMs * 4) : result;
  };
  const result = await limited(100);
  assert.equal(result.timedOut, true);
  assert.equal(groupIsAlive(Number(result.stdout)), false);
});

test("a child that outlives its parent is ended, and nobody waits for it", async () => {
  const result = await sh("sleep 60 & echo $$");
  assert.equal(result.exitCode, 0);
  assert.equal(groupIsAlive(Number(result.stdout)), false);
});

test("ending all ends what runs and lets nothing start", async () => {
  const runner = createRunner(300);
  const started = Promise.withResolvers<void>();
  const running = runner.run("/bin/sh", ["-c", "echo $$; sleep 60 & sleep 60"], {
    onLine: () => started.resolve(),
  });
  await started.promise;
  assert.equal(runner.running().length, 1);
  await runner.endAll();
  const result = await running;
  assert.equal(result.signal, "SIGTERM");
  assert.equal(groupIsAlive(Number(result.stdout)), false);
  assert.deepEqual(runner.running(), []);
  const { signal, missing } = await runner.run("/bin/echo", ["late"]);
  assert.deepEqual([signal, missing], ["SIGTERM", false]);
});

test("a signal to the process ends its groups and gives the exit code of the signal", async () => {
  const module = fileURLToPath(new URL("../../src/host/run.ts", import.meta.url));
  const script = `
    const { createRunner, endOnSignals } = await import(${JSON.stringify(module)});
    const runner = createRunner(300);
    endOnSignals(runner);
    await runner.run("/bin/sh", ["-c", "echo $$; sleep 60 & sleep 60"], { onLine: console.log });
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  for (const [signal, code] of [["SIGTERM", 143] as const, ["SIGINT", 130] as const]) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    await once(child.stdout, "data");
    const group = Number(output);
    assert.equal(groupIsAlive(group), true);
    child.kill(signal);
    const [exitCode] = await once(child, "close");
    assert.equal(exitCode, code);
    assert.equal(groupIsAlive(group), false);
  }
});
