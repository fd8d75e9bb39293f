/** The threats of docs/trust.md, tried by jobs that a runner runs; each test has the name of its row there. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { protectedPaths } from "../../src/doctor/protect.ts";
import { ownTags } from "../../src/image/key.ts";
import { type Actor, forkOf, openRequest } from "../lives/actor.ts";
import { exampleProject } from "./coordinator/platform.ts";
import { passed, run } from "./coordinator/ran.ts";
import { platform } from "./released.ts";

const tags = () => platform.gitlab.registry.tags.get("acme/tools/tools");
const latest = () => tags()?.get("latest")?.digest;

const code = await readFile(join(import.meta.dirname, "attack.mjs"), "utf8");
const members = { olga: "maintainer", dave: "developer" } as const;
const up = await exampleProject(platform, "single", "acme/tools", { members });
for (const pattern of protectedPaths("acme/tools", { repository: "{name}" }, ["tools"]))
  up.project.repositoryRules.push({ pattern, push: "maintainer" });
/** Upstream's first pipeline, and the tag of its image's key. */
const first = passed(await run(platform, up.project, { user: "olga" }));
const key = [...(tags()?.keys() ?? [])].find((tag) => tag.startsWith(ownTags.key(""))) ?? "";
assert.ok(key !== "" && latest() !== undefined);
await attackOn(up, "feature");
const fork = await forkOf(platform.ground, up, "mallory");
await attackOn(fork, "topic");
const request = await openRequest(platform.ground, fork, "topic", up);

/** Commits a pipeline whose one job is the attacker's. */
async function attackOn(actor: Actor, branch: string): Promise<void> {
  const image = { name: "$CI_REGISTRY/berth-ci/berth/tool:0.1.0", entrypoint: [""] };
  const attack = { image, script: "node attack.mjs", rules: [{ when: "always" }] };
  const files = { ".gitlab-ci.yml": JSON.stringify({ attack }), "attack.mjs": code };
  await actor.commit(branch, files, "main");
}

/** What upstream's pipelines believe: key, promoted tag, layer caches of either engine, and set record. */
function believed(base: string): readonly string[] {
  const own = [key, "latest", ownTags.cache, "a".repeat(64)].map((tag) => `${base}/tools:${tag}`);
  return [...own, `${base}/berth:${ownTags.set("b".repeat(64))}`];
}

/** The targets that the registry took, of all that the attacker's lines tell of. */
async function taken(
  actor: Actor,
  targets: readonly string[],
  start: NonNullable<Parameters<typeof run>[2]>,
): Promise<readonly string[]> {
  const variables = { TARGETS: targets.join(" ") };
  const ran = passed(await run(platform, actor.project, { ...start, variables }));
  return takenOf(ran.outputs["attack"] ?? "", targets);
}

function takenOf(output: string, targets: readonly string[]): readonly string[] {
  const said = targets.map((target) => {
    const line = output.split("\n").find((each) => each.startsWith(`${target} `));
    assert.match(line ?? "", / (?:201|401|403)$/, output);
    return line ?? "";
  });
  return said.filter((line) => line.endsWith(" 201")).map((line) => line.slice(0, -" 201".length));
}

const upstreams = () => [...believed("acme/tools"), ...believed("acme/tools/try")];

test("stranger with a fork", async () => {
  const own = believed("mallory/tools");
  const got = await taken(fork, [...own, ...upstreams()], { branch: "topic", user: "mallory" });
  assert.deepEqual(got, own);
});

test("stranger whose merge request a Developer runs in upstream", async () => {
  const got = await taken(up, upstreams(), { request, user: "dave" });
  assert.deepEqual(got, believed("acme/tools/try"));
});

test("the same, run by a Maintainer", async () => {
  const harmless = `acme/tools/tools:${ownTags.key("0".repeat(64))}`;
  assert.deepEqual(await taken(up, [harmless], { request, user: "olga" }), [harmless]);
});

test("Developer of upstream", async () => {
  const got = await taken(up, upstreams(), { branch: "feature", user: "dave" });
  assert.deepEqual(got, believed("acme/tools/try"));
});

test("who may set variables", async () => {
  const text = Buffer.from(code).toString("base64");
  const variables = {
    TARGETS: believed("acme/tools").join(" "),
    NODE_OPTIONS: `--import=data:text/javascript;base64,${text}`,
    CI_COMMIT_REF_PROTECTED: "true",
    CI_PROJECT_PATH: "mallory/tools",
  };
  const { outputs } = await run(platform, up.project, { user: "dave", variables });
  assert.deepEqual(takenOf(outputs["berth-images"] ?? "", believed("acme/tools")), []);
});

test("who poisons a layer cache", async () => {
  const cached = (base: string) => [`${base}:${ownTags.cache}`, `${base}:${"c".repeat(64)}`];
  const [open, closed] = [cached("acme/tools/try/tools"), cached("acme/tools/tools")];
  const got = await taken(up, [...closed, ...open], { branch: "feature", user: "dave" });
  assert.deepEqual(got, open);
});

test("who gives a tag that another has", async () => {
  const before = latest();
  const variables = { BERTH_CONTAINER_TAG: "latest" };
  const { states, outputs } = await run(platform, up.project, { user: "dave", variables });
  assert.equal(states["berth-images"], "failed");
  assert.match(outputs["berth-images"] ?? "", /latest is moved by `promote` alone/);
  assert.equal(latest(), before);
});

test("who writes a commit", async () => {
  const plan = { ".berth/plan.json": "{}", ".berth/outcome/tools.json": "{}" };
  await up.commit("planted", plan, "main");
  const { states, outputs } = await run(platform, up.project, { branch: "planted", user: "olga" });
  assert.equal(states["berth-images"], "failed");
  assert.match(outputs["berth-images"] ?? "", /as the output folder/);
});

test("after all of it upstream's next pipeline builds nothing, and runs in the image that it built first", async () => {
  const next = passed(await run(platform, up.project, { user: "olga" }));
  assert.match(next.outputs["berth-images"] ?? "", /nothing to do/);
  assert.equal(next.images["test"], first.images["test"]);
  assert.equal(latest(), first.images["test"]);
});
