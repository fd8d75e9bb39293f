import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine } from "../../src/build/engine.ts";
import { chooseEngine } from "../../src/build/engine.ts";
import type { EngineSetting } from "../../src/config/config.ts";
import { BerthError, type ErrorCode } from "../../src/errors.ts";

const engine = (name: Engine["name"], problem: ErrorCode | undefined): Engine => ({
  name,
  check: async () => {
    if (problem !== undefined) throw new BerthError(problem, `${name}: ${problem}`);
    return "1.0";
  },
  build: () => assert.fail("nothing is built here"),
  here: { has: () => assert.fail("looked for here"), build: () => assert.fail("built here") },
});

test("the engine is the one that is set, or buildah where it works and else docker", async () => {
  const away = "ENGINE_UNAVAILABLE";
  const missing = "ENGINE_MISSING";
  type Problem = ErrorCode | undefined;
  const cases: readonly (readonly [EngineSetting, Problem, Problem, chosen: string])[] = [
    ["auto", undefined, undefined, "buildah"],
    ["auto", missing, undefined, "docker"],
    ["auto", away, undefined, "docker"],
    ["auto", away, missing, "buildah: ENGINE_UNAVAILABLE"],
    ["auto", missing, away, "docker: ENGINE_UNAVAILABLE"],
    ["auto", missing, missing, "look for an engine: neither buildah nor docker is installed"],
    ["docker", undefined, undefined, "docker"],
    ["docker", undefined, away, "docker: ENGINE_UNAVAILABLE"],
    ["buildah", missing, undefined, "buildah: ENGINE_MISSING"],
  ];
  for (const [setting, buildah, docker, expected] of cases) {
    const engines = { buildah: engine("buildah", buildah), docker: engine("docker", docker) };
    const got = await chooseEngine(setting, engines).then(
      (chosen) => chosen.name,
      (error: unknown) => (error as Error).message,
    );
    assert.equal(got, expected);
  }
});
