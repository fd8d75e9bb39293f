/** The example with the engine that this machine has, which need not know heredocs. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { machineBuildah } from "./engines.ts";
import { ensure, openStage, requestsDuring, results, type Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await openStage(machineBuildah, ["scripts", "debian"]);
});
after(() => stage?.stop());

test("this machine's buildah builds what needs no heredocs, an ARG that chooses a stage included", async () => {
  const first = await ensure(stage);
  const names = ["app", "base", "checked", "compiler", "cross", "docs"];
  assert.deepEqual(results(first), Object.fromEntries(names.map((name) => [name, "built"])));
  const cross = first.outcomes.find(({ name }) => name === "cross")?.reference ?? "";
  assert.equal(
    await stage.engine.run(cross, ["cat", "/opt/toolchain", "/opt/target"]),
    "toolchain for riscv64\nriscv64\n",
  );
  const again = await requestsDuring(stage.registry, () => ensure(stage));
  assert.deepEqual([again.result.outcomes, again.requests.length], [[], 1]);
});
