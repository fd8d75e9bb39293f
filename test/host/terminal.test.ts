/** Signals on their way to a program that has our terminal. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAttach } from "../../src/host/terminal.ts";

/** As a shell would send them one after another, before the program can have answered. */
function send(...signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) process.emit(signal, signal);
}

test("the first signal is handed on, the second insists, and those after it change nothing", async () => {
  const before = process.listenerCount("SIGTERM");
  let insisted = 0;
  const insist = async () => void insisted++;
  const running = makeAttach()("sleep", ["1000"], { mode: "streams", insist });
  send("SIGTERM", "SIGINT", "SIGINT");
  const { asked, signal, exitCode, missing } = await running;
  assert.deepEqual([asked, signal, exitCode, missing], ["SIGTERM", "SIGTERM", undefined, false]);
  assert.equal(insisted, 1);
  assert.equal(process.listenerCount("SIGTERM"), before);
});

test("what cannot insist, or fails at it, kills", async (t) => {
  const fails = () => Promise.reject(new Error("no such container"));
  for (const insist of [undefined, fails]) {
    const given = insist === undefined ? {} : { insist };
    const script = "trap '' HUP; echo ready >&2; exec sleep 1000";
    const isReady = new Promise((resolve) => {
      t.mock.method(process.stderr, "write", resolve, { times: 1 });
    });
    const running = makeAttach()("sh", ["-c", script], { mode: "progress", ...given });
    await isReady;
    send("SIGHUP", "SIGHUP");
    const { asked, signal, errors } = await running;
    assert.deepEqual([asked, signal, errors], ["SIGHUP", "SIGKILL", "ready\n"]);
  }
});

test("what does not end although it was asked to is killed in the end", async (t) => {
  const insist = async () => undefined;
  for (const signals of [["SIGTERM"], ["SIGTERM", "SIGTERM"]] as const)
    for (const given of [{}, { insist }]) {
      const isReady = new Promise((resolve) => {
        t.mock.method(process.stderr, "write", resolve, { times: 1 });
      });
      const script = "trap '' TERM; echo ready >&2; exec sleep 1000";
      const running = makeAttach(20)("sh", ["-c", script], { mode: "progress", ...given });
      await isReady;
      send(...signals);
      assert.equal((await running).signal, "SIGKILL");
    }
});

test("other signals reach a program that a terminal would not tell, and ask for no end", async () => {
  const isTaken = () => process.listenerCount("SIGQUIT") > 0;
  const running = makeAttach()("sleep", ["1000"], { mode: "streams" });
  send("SIGQUIT");
  const { asked, signal } = await running;
  assert.deepEqual([asked, signal, isTaken()], [undefined, "SIGQUIT", false]);
  const inForeground = makeAttach()("true", [], { mode: "terminal" });
  assert.equal(isTaken(), false);
  assert.equal((await inForeground).exitCode, 0);
});

test("a program that is not there is told from one that failed", async (t) => {
  t.mock.method(process.stderr, "write", () => true);
  const run = (command: string, ...args: string[]) =>
    makeAttach()(command, args, { mode: "progress" });
  assert.equal((await run("/nowhere/at-all")).missing, true);
  const failed = await run("sh", "-c", "echo why >&2; exit 3");
  assert.deepEqual([failed.missing, failed.exitCode, failed.errors], [false, 3, "why\n"]);
});
