import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { ownTags } from "../../src/image/key.ts";
import type { Manifest } from "../../src/oci/manifest.ts";
import { ofGeneration } from "../../src/oci/tags.ts";
import { makeRecord, type SetRecord } from "../../src/plan/record.ts";
import { dayMs } from "../../src/prune/facts.ts";
import { type Applied, judgedAgain, type PrunePlan } from "../../src/prune/plan.ts";
import { imageManifest } from "./model.ts";
import { type MemoryProject, makeProject, type ProjectOptions } from "./project.ts";

/** A project whose master has moved on from `debian: 0`, so long ago that nothing of it is young. */
function moved(options: ProjectOptions = {}): MemoryProject {
  const project = makeProject(options);
  project.push("master", { debian: 0, fedora: 0 });
  project.now += 20 * dayMs;
  project.push("master", { debian: 1, fedora: 0 });
  project.now += 20 * dayMs;
  return project;
}

function doomed({ tags }: PrunePlan): readonly string[] {
  return tags
    .filter(({ verdict }) => verdict.action === "delete")
    .map(({ repository, name }) => `${repository}:${name.slice(0, 5)}`)
    .sort();
}

function results(applied: readonly Applied[]): readonly string[] {
  return [...new Set(applied.map(({ result }) => result.kind))].sort();
}

test("what a branch has moved on from is deleted, once", async () => {
  const project = moved();
  const plan = await project.plan();
  const places = doomed(plan).map((place) => place.replace(/-.*$/, ""));
  assert.deepEqual(places, ["berth:set2", "debian:key2", "debian:set2", "fedora:set2"]);
  assert.deepEqual(results(await project.apply(plan)), ["deleted"]);
  assert.deepEqual(doomed(await project.plan()), []);
  assert.deepEqual(results(await project.apply(plan)), ["gone"]);
});

test("a tag that was put again after the list was made stays", async () => {
  const project = moved();
  const plan = await project.plan();
  const key = plan.tags.find(
    ({ what, verdict }) => what.kind === "key" && verdict.action === "delete",
  );
  assert.ok(key);
  project.model.put("debian", key.name, imageManifest("built again"), project.now);
  const applied = await project.apply(plan);
  const spared = applied.filter(({ result }) => result.kind === "spared");
  const reasons = spared.map(({ tag }) => [tag.name, tag.verdict.reason.why]);
  assert.deepEqual(reasons, [[key.name, "young"]]);
  assert.ok(project.model.repositories.get("debian")?.has(key.name));
});

test("what is told at the end is what the second look saw, so nothing that went is called kept", async () => {
  const project = moved({ sees: false });
  const looked = await project.plan();
  const plan = await project.plan(false);
  assert.ok(doomed(plan).length < doomed(looked).length);
  const end = judgedAgain(plan, await project.apply(plan));
  assert.deepEqual(doomed(end), doomed(looked));
  assert.deepEqual(end.totals, looked.totals);
});

test("what a branch goes back to after the list was made stays", async () => {
  const project = moved();
  const plan = await project.plan();
  assert.notDeepEqual(doomed(plan), []);
  assert.deepEqual(project.push("stable-1", { debian: 0, fedora: 0 }), []);
  assert.deepEqual(results(await project.apply(plan)), ["spared"]);
  assert.deepEqual(project.model.missing(project.needsOf("stable-1")), []);
});

test("what a branch goes back to while deletions run stays from the next round on", async () => {
  const project = moved();
  const plan = await project.plan();
  let asked = 0;
  project.onAsk = () => {
    // The record went in the first round, so the pipeline looks at each image.
    if (++asked === 2) project.push("stable-1", { debian: 0, fedora: 0 });
  };
  await project.apply(plan, 1);
  assert.deepEqual(project.model.missing(project.needsOf("stable-1")), []);
  assert.deepEqual(project.rerun("stable-1"), []);
});

test("a record goes before anything that it names, and keys go last", async () => {
  const order: string[] = [];
  const project = moved({
    numbered: true,
    onDelete: (repository, tag) => {
      order.push(repository === "berth" ? "record" : (/^[a-z]+/.exec(tag)?.[0] ?? tag));
      return undefined;
    },
  });
  await project.apply(await project.plan(), 1);
  assert.deepEqual([...new Set(order)], ["record", "set", "key"]);
});

test("a protected tag is reported and the rest is deleted", async () => {
  const project = moved({
    onDelete: (_repository, tag) =>
      tag.startsWith(ownTags.key("")) ? { kind: "refused", why: "403 protected" } : undefined,
  });
  assert.deepEqual(results(await project.apply(await project.plan())), ["deleted", "refused"]);
});

test("a token without any right ends the work with what it lacks", async () => {
  const project = makeProject({ onDelete: () => ({ kind: "refused", why: "403 Forbidden" }) });
  for (let content = 0; content < 5; content++) {
    project.push("master", { debian: content });
    project.now += 20 * dayMs;
  }
  await assert.rejects(
    project.plan().then((plan) => project.apply(plan)),
    (error: BerthError) => error.code === "REGISTRY_DENIED" && /Developer/.test(error.hint ?? ""),
  );
});

test("an outage in the middle is told, and the next run finishes the work", async () => {
  let calls = 0;
  const project = moved({
    onDelete: () => {
      if (++calls === 2) throw new BerthError("REGISTRY_UNAVAILABLE", "delete tag: 503");
      return undefined;
    },
  });
  const plan = await project.plan();
  await assert.rejects(project.apply(plan), { code: "REGISTRY_UNAVAILABLE" });
  assert.notDeepEqual(doomed(await project.plan()), []);
  await project.apply(await project.plan());
  assert.deepEqual(doomed(await project.plan()), []);
});

test("a branch that cannot be read keeps all keys, and says so", async () => {
  const project = moved({ numbered: true });
  project.push("stable-1", { debian: 7 });
  project.now += 20 * dayMs;
  project.push("topic", { debian: 7 });
  project.unreadable = "stable-1";
  const plan = await project.plan();
  assert.deepEqual(plan.doubts, [{ about: "stable-1", why: "read stable-1: no such commit" }]);
  const kinds = new Set(
    plan.tags.filter(({ verdict }) => verdict.action === "delete").map(({ what }) => what.kind),
  );
  assert.deepEqual([...kinds], ["pipeline"]);
});

test("a branch that becomes unreadable after the list was made stops the deletions", async () => {
  const project = moved();
  const plan = await project.plan();
  assert.deepEqual(plan.doubts, []);
  project.unreadable = "master";
  assert.deepEqual(results(await project.apply(plan)), ["spared"]);
});

test("a list of branches without the default branch stops the deletions", async () => {
  const project = moved();
  project.push("stable-1", { debian: 1 });
  project.remove("master");
  const plan = await project.plan();
  const told = { about: "master", why: "it is not among the branches that were listed" };
  assert.deepEqual(plan.doubts, [told]);
  assert.deepEqual(doomed(plan), []);
});

test("what a young record promises stays, however old it is", async () => {
  const project = moved({ sees: false });
  project.push("topic", { debian: 0, alpine: 0 });
  const needs = project.needsOf("topic");
  project.remove("topic");
  project.now += 2 * dayMs;
  await project.apply(await project.plan());
  assert.deepEqual(project.model.missing(needs), []);
  project.now += 20 * dayMs;
  await project.apply(await project.plan());
  assert.notDeepEqual(project.model.missing(needs), []);
});

test("records that this run computes otherwise stop the deletions", async () => {
  const project = makeProject();
  project.push("master", { debian: 0 });
  // As if the pipelines had run with another configuration: same commits, other sets.
  const [[tag, stored] = []] = project.model.repositories.get("berth") ?? [];
  assert.ok(tag !== undefined && stored !== undefined);
  const records = project.model.repositories.get("berth");
  records?.clear();
  records?.set(ownTags.set("0".repeat(64)), stored);
  project.now += 20 * dayMs;
  const { doubts } = await project.plan();
  assert.equal(doubts.length, 1);
  assert.match(doubts[0]?.why ?? "", /same configuration/);
});

/** A record as it is written now, of a set that no commit of the project has where nothing else is said. */
function recordOf({ now }: MemoryProject, change: Partial<SetRecord> = {}): Manifest {
  const nothing = { tag: undefined, images: new Map(), revision: undefined, pipeline: "1" };
  return makeRecord({ setId: "0".repeat(64), ...nothing, ...change }, new Date(now));
}

test("a record that nobody can read is a doubt, not the end", async () => {
  const project = moved();
  const tag = ownTags.set("0".repeat(64));
  const good = recordOf(project);
  const { content } = good;
  const annotations = { ...content.annotations, "berth.image.x": "not/a reference@" };
  project.model.put("berth", tag, { ...good, content: { ...content, annotations } }, project.now);
  const { doubts } = await project.plan();
  assert.ok(
    doubts.some(({ about, why }) => about === `the record ${tag}` && /cannot be read/.test(why)),
  );
});

test("what a record calls its commit is none where it could be an option of git", async () => {
  const project = moved();
  const tag = ownTags.set("0".repeat(64));
  const odd = recordOf(project, { revision: "--upload-pack=touch x" });
  project.model.put("berth", tag, odd, project.now);
  const { doubts } = await project.plan();
  const why = "it names no commit";
  assert.deepEqual(doubts, [{ about: `the record ${tag}`, why }]);
});

test("a young record of another configuration keeps what only that one may need", async () => {
  const project = moved();
  const others = recordOf(project, { revision: "f".repeat(40), prefix: "ARM" });
  project.model.put("berth", ownTags.set("0".repeat(64)), others, project.now);
  const { doubts, tags } = await project.plan();
  assert.ok(doubts.some(({ why }) => /prefix ARM keeps its images/.test(why)));
  const keys = tags.filter(({ name }) => name.startsWith(ownTags.key("")));
  assert.deepEqual(new Set(keys.map(({ verdict }) => verdict.action)), new Set(["keep"]));
});

test("only tags that could go are looked at, each once", async () => {
  const project = moved({ sees: false });
  const plan = await project.plan();
  const { model } = project;
  // A record tells its own time.
  assert.equal(model.calls.look, doomed(plan).length - 1);
  model.calls.look = 0;
  await project.apply(plan);
  assert.equal(model.calls.look, doomed(plan).length);
  assert.equal(model.calls.deleteTag, doomed(plan).length);
});

test("a set has the generation of its own record, whatever other generations have theirs", async () => {
  const project = makeProject();
  const setId = "5".repeat(64);
  const tagOf = (generation: string) => ofGeneration(ownTags.set(setId), generation);
  const put = (name: string, tag: string) =>
    project.model.put("berth", name, recordOf(project, { setId, tag }), project.now);
  for (const generation of ["r9", "r10", "r11"]) put(tagOf(generation), tagOf(generation));
  const written = project.now;
  project.now += dayMs;
  put(ownTags.set(setId), tagOf("r10"));
  project.model.put("debian", tagOf("r9"), imageManifest("of the ninth"), project.now);
  const { records, tags } = await project.plan();
  const generation = { pipeline: 10, since: written };
  assert.deepEqual([...records.generations.values()], [generation]);
  const ninth = tags.find(
    ({ repository, name }) => repository === "debian" && name === tagOf("r9"),
  );
  assert.deepEqual(ninth?.generation, generation);
});

test("a record goes by the time that it tells itself, where a look tells none", async () => {
  const project = moved({ tells: "digest", sees: false });
  const plan = await project.plan();
  assert.deepEqual(doomed(plan), ["berth:set2-"]);
  const applied = await project.apply(plan);
  const deleted = applied.filter(({ result }) => result.kind === "deleted");
  const kinds = deleted.map(({ tag }) => tag.what.kind);
  assert.deepEqual(kinds, ["record"]);
});

test("every branch counts where pipelines and merge requests are not known", async () => {
  const project = moved({ sees: false });
  project.push("topic", { debian: 7 });
  project.now += 20 * dayMs;
  await project.apply(await project.plan());
  assert.deepEqual(project.model.missing(project.needsOf("topic")), []);
});

test("the last sign that a repository is an image's stays as long as anything else of it", async () => {
  const project = makeProject({ sees: false, numbered: true, prune: { days: 0 } });
  project.push("master", { debian: 0, alpine: 0 });
  project.now += 20 * dayMs;
  project.rerun("master");
  project.now += dayMs;
  project.push("master", { debian: 0 });
  project.now += dayMs;
  const left = () => [...(project.model.repositories.get("alpine")?.keys() ?? [])];
  await project.apply(await project.plan());
  assert.ok(left().some((tag) => tag.endsWith("-r2")));
  assert.ok(left().some((tag) => tag.startsWith(ownTags.key(""))));
  // What somebody else put there is no reason.
  project.model.put("alpine", "theirs", imageManifest("theirs"), project.now);
  project.now += 20 * dayMs;
  await project.apply(await project.plan());
  assert.deepEqual(left(), ["theirs"]);
});
