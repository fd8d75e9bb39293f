import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { asUntrusted } from "../../src/plan/situation.ts";
import { ownerOf, refuseStolen } from "../../src/publish/promote.ts";
import { digestOf, type Flow, run } from "../support/flow.ts";
import { config, situation } from "../support/keyed.ts";
import { type Move, openProjects } from "../support/projects.ts";

describe("promote", async () => {
  const projects = await openProjects();
  const { memory, job, promote, tagged, puts } = projects;

  const project = "qemu-project/qemu";
  const ensure = (revision: string, text: string): Promise<Flow> => {
    const dockerfiles = { base: "FROM scratch\n", child: `FROM qemu/base\nRUN ${text}\n` };
    return run(job(project, { dockerfiles, revision }));
  };
  const move = (flow: Flow, how?: Move) => promote(project, flow, how);
  const latest = (name: string) => tagged(`${project}/${name}`, "latest");

  test("points the tag at the whole set, and moves only what changed the next time", async () => {
    const first = await ensure("c1", "one");
    assert.deepEqual(await move(first), { kind: "promoted", tag: "latest", images: 2 });
    const second = await ensure("c2", "two");
    assert.deepEqual(await move(second), { kind: "promoted", tag: "latest", images: 1 });
    assert.equal(latest("base"), digestOf(first, "base"));
    assert.equal(latest("child"), digestOf(second, "child"));
  });

  test("leaves a tag that is named after a branch to that branch", async () => {
    const first = await ensure("c1", "one");
    const tag = "staging-9-2";
    await move(first, { tag, owner: "staging-9.2" });
    const second = await ensure("c2", "two");
    await assert.rejects(move(second, { tag, owner: "staging-9-2" }), {
      code: "TAG_TAKEN",
      message: /from the branch staging-9-2: this tag belongs to the branch staging-9\.2/,
    });
    const kind = (await move(second, { tag, owner: "staging-9.2" })).kind;
    assert.equal(kind, "promoted");
  });

  test("never goes back to an older commit", async () => {
    const first = await ensure("c1", "one");
    const second = await ensure("c2", "two");
    await move(second);
    memory.log.length = 0;
    assert.deepEqual(await move(first), { kind: "older", tag: "latest", promoted: "c2" });
    assert.equal(latest("child"), digestOf(second, "child"));
    assert.deepEqual(puts(), []);
  });

  test("goes back on purpose, where the record is deleted", async () => {
    const [first, second] = [await ensure("c1", "one"), await ensure("c2", "two")];
    await move(second);
    memory.repositories.get(`${project}/berth`)?.tags.delete("latest");
    assert.equal((await move(first)).kind, "promoted");
    assert.equal(latest("child"), digestOf(first, "child"));
  });

  test("does nothing when it is run again", async () => {
    const flow = await ensure("c1", "one");
    await move(flow);
    memory.log.length = 0;
    assert.deepEqual(await move(flow), { kind: "unchanged", tag: "latest" });
    assert.deepEqual(puts(), []);
  });

  test("moves on where the same commit has another set by now", async () => {
    await move(await ensure("c1", "one"));
    const other = await ensure("c1", "two");
    assert.deepEqual(await move(other), { kind: "promoted", tag: "latest", images: 1 });
    assert.equal(latest("child"), digestOf(other, "child"));
  });

  test("moves no tag where the clone cannot compare the commits", async () => {
    await move(await ensure("c1", "one"));
    const second = await ensure("c2", "two");
    const blind = { isAncestor: async () => undefined };
    await assert.rejects(move(second, blind), { code: "GIT_FAILED", hint: /GIT_DEPTH/ });
    assert.notEqual(latest("child"), digestOf(second, "child"));
  });

  test("needs no list of tags and no right to delete them, but a registry that answers", async () => {
    const answers = (status: number, asked: RegExp) => (method: string, path: string) =>
      asked.test(`${method} ${path}`)
        ? ({ kind: "answer", answer: () => ({ status }) } as const)
        : undefined;
    const [first, second] = [await ensure("c1", "one"), await ensure("c2", "two")];
    projects.fault = answers(403, /^DELETE|\/tags\/list$/);
    assert.equal((await move(first)).kind, "promoted");
    assert.equal((await move(second)).kind, "promoted");
    assert.equal(latest("child"), digestOf(second, "child"));
    const third = await ensure("c3", "three");
    projects.fault = answers(503, /^GET .*\/manifests\/latest$/);
    await assert.rejects(move(third), { code: "REGISTRY_UNAVAILABLE" });
  });

  test("needs the set's record", async () => {
    const flow = await ensure("c1", "one");
    memory.repositories.delete(`${project}/berth`);
    await assert.rejects(move(flow), { code: "SET_INCOMPLETE", hint: /berth ensure/ });
  });

  test("says how to rebuild where a recorded image is gone", async () => {
    const flow = await ensure("c1", "one");
    memory.repositories.get(`${project}/child`)?.manifests.clear();
    const hint = /delete the tag \S+\/berth:set2-\w+, which is believed .* run the pipeline again/;
    await assert.rejects(move(flow), { code: "SET_INCOMPLETE", hint });
  });
});

describe("a branch whose slug is a tag that it may not move", () => {
  const publish = [
    { branch: "{default}", tag: "latest" },
    { branch: "stable-*", tag: "stable" },
    { branch: "*", tag: "{slug}" },
  ];
  const refuse = (branch: string, env: Record<string, string> = {}) =>
    refuseStolen(
      config({ publish }),
      situation("acme/tools", { publish }, { CI_COMMIT_BRANCH: branch, ...env }),
    );
  const cases = [
    ["latest", /^promote latest from the branch latest: it is moved by the branch \{default\}$/],
    ["Stable", /^promote stable from the branch Stable: it is moved by the branch stable-\*$/],
    ["cache2", /^promote cache2 from the branch cache2: it is one of berth's own$/],
    ["名", /^promote {2}from the branch 名: "" is no tag$/],
  ] as const;
  for (const [branch, message] of cases)
    test(`${branch} is refused`, () =>
      assert.throws(() => refuse(branch), { code: "TAG_TAKEN", message, hint: /rename/ }));
  for (const branch of ["master", "stable-1", "topic", "p7"])
    test(`${branch} is not`, () => refuse(branch));

  test("the default branch may be called latest", () =>
    refuse("latest", { CI_DEFAULT_BRANCH: "latest" }));
});

describe("ownerOf", () => {
  const rules = {
    publish: [
      { branch: "staging", tag: "latest" },
      { branch: "staging-*", tag: "{slug}" },
      { branch: "fixed", tag: "fixed" },
    ],
  };
  const cases = [
    ["latest", "staging", undefined],
    ["staging-9-2", "staging-9.2", "staging-9.2"],
    ["fixed", "fixed", undefined],
    ["other", "staging-9.2", undefined],
  ] as const;
  for (const [tag, branch, owner] of cases)
    test(`${tag} promoted from ${branch} belongs to ${owner ?? "nobody alone"}`, () => {
      const here = situation("acme/tools", {}, { CI_COMMIT_BRANCH: branch });
      assert.equal(ownerOf(tag, rules, here), owner);
      assert.equal(ownerOf(tag, rules, asUntrusted(here, "it may not push")), undefined);
    });
});
