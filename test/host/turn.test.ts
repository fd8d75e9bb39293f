import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { inTurn } from "../../src/host/turn.ts";
import { temporaryFolder } from "../support/services.ts";

test("work under one file is done one after the other, also after work that failed", async () => {
  const folder = await temporaryFolder("berth-turn-");
  const path = `${folder.path}/locks/one`;
  const seen: string[] = [];
  const work = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(`${name} ends`);
    if (name === "a") throw new Error("a fails");
  };
  const ends = await Promise.allSettled(["a", "b", "c"].map((name) => inTurn(path, work(name))));
  const states = ends.map(({ status }) => status);
  assert.deepEqual(states, ["rejected", "fulfilled", "fulfilled"]);
  for (let at = 0; at < seen.length; at += 2)
    assert.equal(seen[at]?.split(" ")[0], seen[at + 1]?.split(" ")[0], seen.join());
  await folder.remove();
});

test("no work is done where the file cannot be locked", async () => {
  // No file can be made there.
  const turn = inTurn("/proc/self/berth-lock", async () => assert.fail("it was done"));
  await assert.rejects(turn, (error) => {
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, "FILE_REFUSED");
    assert.match(error.message, /berth-lock cannot be locked/);
    return true;
  });
});
