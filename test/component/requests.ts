/** Merge requests of a branch and of a fork, merged results and trains, and what the default branch runs in after the merge. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { forkOf, mergedFor, openRequest } from "../lives/actor.ts";
import { tagged } from "../lives/look.ts";
import { NoPipeline } from "../platform/coordinator/making.ts";
import { exampleProject, saying } from "../platform/coordinator/platform.ts";
import { passed, type Ran, run } from "../platform/coordinator/ran.ts";
import { platform } from "../platform/released.ts";
import type { JobOptions } from "../support/gitlab-jobs.ts";

const members = { olga: "maintainer", dave: "developer" } as const;
const tools = await exampleProject(platform, "single", "acme/tools", { members });
await tools.commit("main", { ".gitlab-ci.yml": ciFile("inline") });
passed(await run(platform, tools.project));

/** As docs/recipes.md tells who wants merge request pipelines. */
function ciFile(mode: "inline" | "fan-out"): string {
  return `include:
  - component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0
    inputs: { mode: ${mode} }
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
  const output = outputs["berth build tools"] ?? outputs["berth-images"] ?? "";
  return {
    built: /^tools +(build|refresh) +built/m.test(output),
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

/** All tags that there are now, as `REPOSITORY:TAG DIGEST`. */
function tags(): readonly string[] {
  return [...platform.gitlab.registry.tags].flatMap(([path, of]) =>
    [...of].map(([tag, { digest }]) => `${path}:${tag} ${digest}`),
  );
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

test("what a fork's merge request built in upstream lies below try, and the default branch builds its own", async () => {
  const before = latest();
  const fork = await forkOf(platform.ground, tools, "jane");
  const ci = ciFile("fan-out");
  const files = { "ci/tools.docker": saying(platform, "tools 3"), ".gitlab-ci.yml": ci };
  await fork.commit("topic", files);
  const request = await openRequest(platform.ground, fork, "topic", tools);
  await assert.rejects(run(platform, tools.project, { request, user: "jane" }), NoPipeline);

  const known = new Set(tags());
  const made = await start({ request, user: "olga" });
  const said = "tools 3, secrets withheld\n";
  assert.deepEqual({ ...made, image: "" }, { built: true, image: "", said, promoted: undefined });
  const again = await start({ request, user: "olga" });
  assert.deepEqual(again, { ...made, built: false });

  // A train builds again what was not made on the target's head.
  await tools.commit("main", { "README.md": "newer than the fork\n" });
  const sha = await mergedFor(request, fork, tools, "train");
  const train = await start({ request, event: "merge_train", sha, user: "olga" });
  assert.deepEqual(train, { ...made, image: train.image });
  const written = tags().filter((tag) => !known.has(tag));
  assert.deepEqual(
    written.filter((tag) => !tag.startsWith("acme/tools/try/")),
    [],
  );
  assert.ok(written.some((tag) => tag.endsWith(` ${train.image}`)));
  assert.equal(latest(), before);

  await tools.point("main", sha);
  const asked = platform.gitlab.registry.log.length;
  const merged = await start();
  const rest = { said: "tools 3, secrets told\n", promoted: "success" };
  assert.deepEqual(merged, { built: true, image: latest(), ...rest });
  assert.ok(![before, made.image, train.image].includes(merged.image));
  const requests = platform.gitlab.registry.log.slice(asked);
  const foreign = requests.filter((line) => line.includes("/try/") || line.includes("/jane/"));
  assert.deepEqual(foreign, []);
});
