import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseReference } from "../../src/oci/reference.ts";
import { forkOf, mergedFor, openRequest } from "./actor.ts";
import { projectFiles } from "./files.ts";
import { type Life, live, manifestsAsked } from "./life.ts";
import { registryAs } from "./look.ts";
import { openScene } from "./scene.ts";
import { withEmptyStore } from "./world.ts";

const { world, up, first } = await openScene();

/** What would let a protected pipeline believe somebody else: other projects, and what untrusted runs wrote. */
const foreign = (life: Life) => manifestsAsked(life, /\/v2\/(?!acme\/tools\/)|\/try\//);

/** What a plan says of one image, as it is printed. */
function reasonIn({ output }: Life, name: string): string {
  return output.split("\n").find((line) => line.startsWith(`${name} `)) ?? "";
}

async function contribution(owner: string, files: Readonly<Record<string, string>>) {
  const fork = await forkOf(world, up, owner);
  await fork.commit("topic", files);
  return { fork, request: await openRequest(world, fork, "topic", up) };
}

/** What an image says of its age. */
async function madeAt({ ran }: Life, name: string): Promise<number> {
  const registry = registryAs(world, world.gitlab.job(up.project));
  const image = `${world.gitlab.registry.host}/acme/tools/qemu/${name}@${ran[name]}`;
  const manifest = await registry.get(parseReference(image));
  return Date.parse(manifest?.content.annotations["org.opencontainers.image.created"] ?? "");
}

test("a fork's merge request leaves images below try in upstream, which nobody else ever runs in", async () => {
  const { fork, request } = await contribution("jane", { "ci/base.docker": docker("base", 2) });

  const inFork = await live(world, fork, { request, user: "jane" });
  assert.deepEqual(inFork.built, ["base", "child"]);
  assert.deepEqual(inFork.written, [
    "jane/tools/berth: set",
    "jane/tools/qemu/base: built cache key layers",
    "jane/tools/qemu/child: built cache key layers",
  ]);

  const inUpstream = await live(world, up, { request, user: "olga" });
  assert.deepEqual(inUpstream.built, ["base", "child"]);
  assert.deepEqual(inUpstream.written, [
    "acme/tools/try/base: built cache key layers",
    "acme/tools/try/berth: set",
    "acme/tools/try/child: built cache key layers",
  ]);
  for (const name of ["base", "child"])
    assert.ok(![inFork.ran[name], first.ran[name]].includes(inUpstream.ran[name] ?? ""));
  assert.deepEqual(manifestsAsked(inUpstream, /\/v2\/jane\//), []);

  await up.merge("main", { bare: fork.bare, sha: fork.head("topic") });
  const merged = await live(world, up, { user: "olga" });
  assert.deepEqual([merged.built, foreign(merged)], [["base", "child"], []]);
  for (const name of ["base", "child"])
    assert.ok(![inUpstream.ran[name], first.ran[name]].includes(merged.ran[name]));
  assert.deepEqual(merged.written, [
    "acme/tools/berth: latest set",
    "acme/tools/qemu/alone: set",
    "acme/tools/qemu/base: built cache key latest layers set",
    "acme/tools/qemu/child: built cache key latest layers set",
    "acme/tools/qemu/rust: set",
  ]);

  await fork.pull(up, "main");
  const synced = await live(world, fork, {});
  assert.deepEqual([synced.built, synced.ran, synced.written], [[], merged.ran, []]);
  assert.equal(synced.promoted, "latest: nothing to move, all images are upstream's\n");
});

test("a train, and a merged result where that is configured, builds again what was not made on the target's head", async () => {
  const { "berth.yml": plain = "" } = projectFiles(world.bases);
  const { fork, request } = await contribution("kim", {
    "ci/alone.list": "kim\n",
    "berth.yml": plain.replace("bots: [marge]", "bots: [marge], merged_results: true"),
  });
  const early = await live(world, up, { request, user: "olga" });
  assert.deepEqual(early.built, ["alone"]);
  const target = await up.commit("main", { "main.c": "/* kim */\n" });
  const at = fork.head("topic").slice(0, 12);
  const lacks = `upstream does not have it, and it was built at ${at} without ${target.slice(0, 12)} `;
  for (const [event, because, name] of [
    ["merged_result", "merged results", "merge"],
    ["merge_train", "merge train", "train"],
  ] as const) {
    const sha = await mergedFor(request, fork, up, name);
    const late = await live(world, up, { request, event, sha, user: "olga" });
    assert.match(reasonIn(late, "alone"), new RegExp(`refresh +${because}: ${lacks}`));
    assert.deepEqual(late.built, ["alone"]);
    assert.doesNotMatch(late.output, /Using cache|Cache pulled/);
    assert.notEqual(late.ran["alone"], early.ran["alone"]);
    const rest = late.written.filter((line) => line.includes("alone"));
    assert.deepEqual(rest, ["acme/tools/try/alone: built key-fresh"]);
  }

  // The same again from a branch that begins at the target's head.
  await fork.pull(up, "main");
  await fork.commit("fresh", { "ci/alone.list": "kim of today\n" }, "main");
  const today = await openRequest(world, fork, "fresh", up);
  const made = await live(world, up, { request: today, user: "olga" });
  const sha = await mergedFor(today, fork, up, "train");
  const start = { request: today, event: "merge_train", sha, user: "olga" } as const;
  const reused = await live(world, up, start);
  assert.deepEqual([made.built, reused.built, reused.ran], [["alone"], [], made.ran]);
  for (const line of reused.written) assert.equal(line, "acme/tools/try/berth: set");
  assert.match(reasonIn(reused, "alone"), /reuse +(key found|in the set record)/);
});

describe("a key that is first seen, on a machine with an empty store", () => {
  const list = (text: string) => ({ "ci/alone.list": `${text}\n` });
  const layers = (life: Life) => [
    manifestsAsked(life, /^GET .*\/manifests\/[0-9a-f]{64}$/).length > 0,
    /Using cache|Cache pulled/.test(life.output),
  ];
  const read = [true, true];
  const untouched = [false, false];

  test("is built from scratch on a train, and goes on from upstream's layers elsewhere", async () => {
    const random = "RUN cat /proc/sys/kernel/random/uuid > /made";
    const docker = `ARG BASES\nFROM $BASES/busybox:1\n${random}\nCOPY ci/alone.list /list\n`;
    await up.commit("main", { "ci/alone.docker": docker });
    assert.deepEqual((await live(world, up, { user: "olga" })).built, ["alone"]);
    const since = Date.now();

    await up.commit("as-ever", list("branch"));
    const push = { branch: "as-ever", user: "dave" };
    const branch = await live(await withEmptyStore(world, "branch"), up, push);
    assert.deepEqual([branch.built, layers(branch)], [["alone"], read]);
    // So old is the layer that it was given, though the image is of today.
    assert.ok((await madeAt(branch, "alone")) < since);

    await up.commit("first-seen", list("train"));
    const request = await openRequest(world, up, "first-seen", up);
    const sha = await mergedFor(request, up, up, "train");
    const start = { request, event: "merge_train", sha, user: "olga" } as const;
    const train = await live(await withEmptyStore(world, "train"), up, start);
    assert.match(reasonIn(train, "alone"), /build .*; from scratch: merge train/);
    assert.deepEqual([train.built, layers(train)], [["alone"], untouched]);
    assert.doesNotMatch(train.written.join(" "), /cache|layers/);
    assert.ok((await madeAt(train, "alone")) >= since);
  });
});

test("a merge bot's pipeline in the fork goes by upstream's head, not by the fork's old branch", async () => {
  const { fork, request } = await contribution("lea", { "ci/alone.list": "lea\n" });
  fork.project.members.set("marge", "developer");
  const start = { request, user: "marge" } as const;
  const early = await live(world, fork, { request, user: "lea" });
  const same = await live(world, fork, start);
  assert.deepEqual([early.built, same.built, same.ran], [["alone"], [], early.ran]);

  const target = await up.commit("main", { "main.c": "/* newer */\n" });
  const late = await live(world, fork, start);
  assert.deepEqual(late.built, ["alone"]);
  const told = new RegExp(`refresh +merge bot: .* without ${target.slice(0, 12)} `);
  assert.match(reasonIn(late, "alone"), told);
  assert.notEqual(late.ran["alone"], early.ran["alone"]);

  // Where upstream's head cannot be had, nothing shows that the image is up to date.
  const blind = await live(world, fork, { ...start, variables: { GIT_CONFIG_COUNT: "0" } });
  assert.deepEqual(blind.built, ["alone"]);
  assert.match(reasonIn(blind, "alone"), /refresh +merge bot: .* target's head is not known here/);

  // What a person starts is no merge, and what upstream has may be of any age.
  const person = await live(world, fork, { request, user: "lea" });
  assert.deepEqual([person.built, person.ran], [[], early.ran]);
  assert.equal(late.ran["base"], early.ran["base"]);
});

function docker(name: string, version: number): string {
  return `ARG BASES\nFROM $BASES/busybox:1\nRUN echo ${name} ${version} > /made\n`;
}
