import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startWatch, watched } from "../../src/http/body.ts";
import { seed, testImage } from "../registry/clients.ts";
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
