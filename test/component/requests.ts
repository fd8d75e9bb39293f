/** A member's merge request, its merged result and train, and what the default branch runs in after the merge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergedFor, openRequest } from "../lives/actor.ts";
import { tagged } from "../lives/look.ts";
import { exampleProject, saying } from "../platform/coordinator/platform.ts";
import { passed, type Ran, run } from "../platform/coordinator/ran.ts";
import { platform } from "../platform/released.ts";
import type { JobOptions } from "../support/gitlab-jobs.ts";

const members = { olga: "maintainer", dave: "developer" } as const;
const tools = await exampleProject(platform, "single", "acme/tools", { members });
await tools.commit("main", { ".gitlab-ci.yml": ciFile() });
passed(await run(platform, tools.project));

/** As docs/recipes.md tells who wants merge request pipelines. */
function ciFile(): string {
  return `include:
  - component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0
.berth-gate-images:
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
test:
  extends: .berth-use
  rules: !reference [.berth-gate-images, rules]
  image: $BERTH_IMAGE_TOOLS
  script: echo "$(cat /etc/ci-image), secrets \${FOR_PROTECTED:-withheld}"
`;
}

interface Seen {
  readonly built: boolean;
  readonly image: string | undefined;
  readonly said: string | undefined;
  readonly promoted: string | undefined;
}

/** Whether a pipeline built the image, what its test ran in and printed, and what became of the promotion. */
function seen({ outputs, images, states }: Ran): Seen {
  return {
    built: /^tools +build +built/m.test(outputs["berth-images"] ?? ""),
    image: images["test"],
    said: outputs["test"],
    promoted: states["berth-promote"],
  };
}

const start = async (options: JobOptions = {}) =>
  seen(passed(await run(platform, tools.project, options)));

function latest(): string | undefined {
  return tagged(platform, "acme/tools/tools", "latest");
}

test("what a member's merge request built, merged result, train and default branch run in", async () => {
  const before = latest();
  await tools.commit("feature", { "ci/tools.docker": saying(platform, "tools 2") });
  const request = await openRequest(platform.ground, tools, "feature", tools);
  const made = await start({ request, user: "dave" });
  const said = "tools 2, secrets withheld\n";
  assert.deepEqual({ ...made, image: "" }, { built: true, image: "", said, promoted: undefined });
  assert.ok(![before, ""].includes(made.image));

  await tools.commit("main", { "README.md": "newer than the branch\n" });
  for (const [event, name] of [
    ["merged_result", "merge"],
    ["merge_train", "train"],
  ] as const) {
    const sha = await mergedFor(request, tools, tools, name);
    const again = await start({ request, event, sha, user: "olga" });
    assert.deepEqual(again, { ...made, built: false });
    if (event === "merge_train") await tools.point("main", sha);
  }
  assert.equal(latest(), before);
  const merged = await start();
  const rest = { said: "tools 2, secrets told\n", promoted: "success" };
  assert.deepEqual(merged, { built: false, image: made.image, ...rest });
  assert.equal(latest(), made.image);
});
