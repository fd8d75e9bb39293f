/** A project with one image, built and run by the real runner. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Actor } from "../lives/actor.ts";
import {
  exampleProject,
  openPlatform,
  type Platform,
  releaseComponent,
} from "../platform/coordinator/platform.ts";
import { passed, run } from "../platform/coordinator/ran.ts";

let platform: Platform;
let tools: Actor;
before(async () => {
  platform = await openPlatform();
  await releaseComponent(platform);
  tools = await exampleProject(platform, "single", "acme/tools", {
    members: { olga: "maintainer" },
  });
});
after(() => platform.stop());

/** Where a tag of the image leads to. */
function digestAt(tag: string): string | undefined {
  return platform.gitlab.registry.tags.get("acme/tools/tools")?.get(tag)?.digest;
}

test("one job builds the image, the test runs in it, and latest leads to it", async () => {
  const { outputs, images } = passed(await run(platform, tools.project));
  assert.match(outputs["berth-images"] ?? "", /^tools +build +built/m);
  assert.equal(outputs["test"], "tools 1\n");
  assert.match(outputs["berth-promote"] ?? "", /latest: moved on 1 image/);
  assert.match(images["test"] ?? "", /^sha256:/);
  assert.equal(digestAt("latest"), images["test"]);
});

test("where nothing changed nothing is built, and the test runs in the same image", async () => {
  const before = digestAt("latest");
  await tools.commit("main", { "README.md": "another\n" });
  const { outputs, images } = passed(await run(platform, tools.project));
  assert.match(outputs["berth-images"] ?? "", /nothing to do/);
  assert.equal(outputs["test"], "tools 1\n");
  assert.equal(images["test"], before);
});
