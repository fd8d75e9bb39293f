/** Many pipelines at once against one registry whose answers take a little, and each time another, while. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Fetch } from "../../src/world.ts";
import { diceOf } from "../oracle/dice.ts";
import { type Flow, run } from "../support/flow.ts";
import { openProjects } from "../support/projects.ts";
import { disagreements, incomplete } from "./checks.ts";
import { heldFetch } from "./held.ts";
import { brokenReferences, project, setOf } from "./pipelines.ts";

// Each pipeline watches the signals of its process, and here all are in one.
process.setMaxListeners(64);

const shared = {
  base: "FROM scratch\nRUN base\n",
  other: "FROM scratch\nRUN other\n",
  child: "FROM qemu/base\nRUN child\n",
};

/** Sets that overlap: all have the same parent, every second the same child, some an image more. */
function dockerfilesOf(pipeline: number): Readonly<Record<string, string>> {
  const child = pipeline % 2 === 0 ? {} : { child: "FROM qemu/base\nRUN changed\n" };
  const more = pipeline % 4 === 3 ? { more: "FROM qemu/child\nRUN more\n" } : {};
  return { ...shared, ...child, ...more };
}

/** Holds all until so many have come. */
function barrier(count: number): () => Promise<void> {
  const all = Promise.withResolvers<void>();
  let come = 0;
  return () => {
    come += 1;
    if (come >= count) all.resolve();
    return all.promise;
  };
}

describe("sixteen pipelines at once", async () => {
  const { memory, job } = await openProjects();
  for (const seed of [1, 2]) {
    test(`end at one digest for each key, and at records that agree with the tags (seed ${seed})`, async () => {
      const dice = diceOf(seed);
      const slow: Fetch = heldFetch(() => sleep(dice.below(7)));
      const wave = (onBuild: () => Promise<void>) =>
        Promise.all(
          Array.from({ length: 16 }, (_, number) =>
            run(job(project, { fetch: slow, dockerfiles: dockerfilesOf(number), onBuild })),
          ),
        );
      const check = (flows: readonly Flow[]) => {
        assert.deepEqual(incomplete(memory), []);
        for (const flow of flows) {
          assert.ok(flow.published?.record);
          assert.deepEqual(disagreements(memory, project, setOf(flow)), []);
          assert.deepEqual(brokenReferences(memory, flow), []);
        }
      };
      // All have planned before anybody builds: the worst case, where each has to build everything.
      const first = await wave(barrier(16));
      check(first);
      const results = first.flatMap(({ outcomes }) => outcomes.map(({ result }) => result));
      assert.ok(results.every((result) => result === "built" || result === "adopted"));
      assert.ok(results.includes("adopted"));
      const puts = () => memory.log.filter((line) => /^PUT .*manifests\/key/.test(line)).length;
      const before = puts();
      const second = await wave(async () => assert.fail("nothing is left to build"));
      check(second);
      assert.equal(puts(), before);
    });
  }
});
