import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startWatch, type WatchTimes, watched } from "../../src/http/body.ts";
import { fakeClock, seed, testImage } from "../registry/clients.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";

test("a body that waits to be read outlives what the collector takes", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const registry = await startMemoryRegistry();
  const image = testImage("waiting");
  seed(registry, "group/image", image, "one");
  const url = `http://${registry.host}/v2/group/image/manifests/one`;
  const open = async () =>
    watched(await fetch(url), startWatch({ headersMs: 30_000, stallMs: 30_000 }));
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
  const { startTimer, end, timers } = fakeClock();
  const times = { headersMs: 20_000, stallMs: 10_000, ...change };
  return { ...startWatch(times, startTimer), end, timers };
}

test("a request without an answer is ended", () => {
  const { end, why, signal, timers } = watch();
  assert.deepEqual(timers(), [20_000]);
  assert.equal(why(), undefined);
  end();
  assert.equal(why(), "no answer within 20 s");
  assert.equal(signal.aborted, true);
});

test("a body is ended when nothing has come for a whole stall time, and not before", () => {
  const { end, why, alive, signal } = watch();
  alive();
  end();
  assert.equal(why(), undefined);
  alive();
  end();
  assert.equal(signal.aborted, false);
  end();
  assert.equal(why(), "nothing moved for 10 s");
  assert.equal(signal.aborted, true);
});

test("who rests is not ended, until something moves again", () => {
  const { end, why, alive, rest } = watch();
  alive();
  rest();
  for (let times = 0; times < 5; times++) end();
  assert.equal(why(), undefined);
  alive();
  end();
  end();
  assert.equal(why(), "nothing moved for 10 s");
});

test("a whole request has its time too, and the first reason stays", () => {
  const { end, why, alive } = watch({ requestMs: 15_000 });
  alive();
  end();
  end();
  assert.equal(why(), "not done within 15 s");
  end();
  assert.equal(why(), "not done within 15 s");
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
