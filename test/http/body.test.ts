import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startWatch, type WatchTimes, watched } from "../../src/http/body.ts";
import { defaultLimits } from "../../src/http/transport.ts";
import { fakeClock, seed, testImage } from "../registry/clients.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";

test("a body that waits to be read outlives what the collector takes", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const registry = await startMemoryRegistry();
  const image = testImage("waiting");
  seed(registry, "group/image", image, "one");
  const url = `http://${registry.host}/v2/group/image/manifests/one`;
  const open = async () => watched(await fetch(url), startWatch(defaultLimits, fakeClock()));
  const waiting = await Promise.all(Array.from({ length: 20 }, open));
  for (let times = 0; times < 50; times++) {
    collect();
    await setImmediate();
  }
  const sizes = await Promise.all(
    waiting.map(async (chunks) => {
      let size = 0;
      for await (const chunk of chunks) size += chunk.length;
      return size;
    }),
  );
  await registry.stop();
  assert.deepEqual(new Set(sizes), new Set([image.manifest.bytes.length]));
});

/** A watch whose times end one after another, as a test says. */
function watch(change: Partial<WatchTimes> = {}) {
  const clock = fakeClock();
  const times = { headersMs: 20_000, stallMs: 10_000, storeMs: 50_000, ...change };
  return { ...startWatch(times, clock), end: clock.end, timers: clock.timers };
}

for (const [says, steps, ended, requestMs] of [
  ["a request without an answer is ended", "end", "no answer within 20 s"],
  ["a body is not while it moves", "alive end alive end", undefined],
  ["it is when nothing has come for a whole stall time", "alive end end", "nothing moved for 10 s"],
  ["who rests is not", "alive rest end end end end end", undefined],
  ["until something moves again", "alive rest end alive end end", "nothing moved for 10 s"],
  ["what was sent may take its time to be stored", "alive sent end", "no answer within 50 s"],
  ["but not its answer", "alive sent alive end end", "nothing moved for 10 s"],
  ["a whole request has its time too", "alive end end", "not done within 15 s", 15_000],
] as const)
  test(`${says}: ${steps}`, () => {
    const watching = watch(requestMs === undefined ? {} : { requestMs });
    assert.equal(watching.timers().includes(20_000), true);
    for (const step of steps.split(" ") as ("alive" | "rest" | "sent" | "end")[]) {
      assert.equal(watching.why(), undefined);
      watching[step]();
    }
    assert.equal(watching.why(), ended);
    if (ended !== undefined && watching.timers().length > 0) watching.end();
    assert.equal(watching.why(), ended, "the first reason stays");
    assert.equal(watching.signal.aborted, ended !== undefined);
  });

test("nothing runs on once it is stopped", () => {
  const { stop, timers, alive } = watch({ requestMs: 15_000 });
  alive();
  stop();
  assert.deepEqual(timers(), []);
});

test("while the reader of a body is busy with a piece, its sender is not to blame", async () => {
  const { end, timers, ...watching } = watch();
  const body = (async function* () {
    yield* ["12", "34"].map((text) => Buffer.from(text));
    end();
    end();
  })();
  const response = { status: 200, ok: true, headers: new Headers(), body };
  for await (const _ of watched(response, watching)) {
    for (let times = 0; times < 3; times++) end();
    assert.equal(watching.why(), undefined);
  }
  // What came after the last piece was the sender's to give.
  assert.equal(watching.why(), "nothing moved for 10 s");
  assert.deepEqual(timers(), []);
});
