/** What a job of GitLab finds may be another commit's files, or another pipeline's variables. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { openRegistry, projectOf } from "./project.ts";

const registry = await openRegistry();

/** A project of two commits, whose work tree is that of the first as an earlier job left it. */
function left(t: TestContext) {
  const project = projectOf(t, { "app.docker": "FROM scratch\nENV A=1\n" });
  const first = project.run("rev-parse", "HEAD").trim();
  project.write({ "app.docker": "FROM scratch\nENV A=2\n" });
  project.commit();
  const second = project.run("rev-parse", "HEAD").trim();
  project.run("checkout", "--quiet", "--detach", first);
  const job = { CI: "true", CI_PROJECT_DIR: project.path, CI_COMMIT_SHA: second };
  const run = (command: string, env = {}) =>
    project.berth([...command.split(" "), "--registry", `${registry.host}/me/tools`], {
      ...job,
      ...env,
    });
  return { first, second, run };
}

describe("a job that has checked out another commit than its pipeline's", () => {
  test("plans, makes and promotes nothing of it", async (t) => {
    const { first, second, run } = left(t);
    for (const command of ["plan", "ensure", "promote"]) {
      const { code, stderr } = await run(command);
      assert.equal(code, 64, command);
      assert.match(stderr, RegExp(`are those of ${first}, and this pipeline is of ${second}`));
      assert.match(stderr, /\[TREE_DIRTY\]\n {2}hint: .*GIT_STRATEGY/);
    }
    assert.deepEqual([...registry.repositories.keys()], []);
  });

  const taken = [
    ["it is told to", "plan --allow-dirty", {}],
    ["a revision is named", "plan --rev HEAD", {}],
    ["the repository is another one than the pipeline's", "plan", { CI_PROJECT_DIR: "/builds/x" }],
    ["no pipeline says what its commit is", "plan", { CI_COMMIT_SHA: "" }],
  ] as const;
  for (const [when, command, env] of taken)
    test(`takes what is there where ${when}`, async (t) => {
      const { code, stderr } = await left(t).run(command, env);
      assert.equal(code, 0, stderr);
    });
});

describe("variables under names that a plan tells later jobs", () => {
  const planned = async (t: TestContext, env: Readonly<Record<string, string>>) => {
    const project = projectOf(t, {
      "app.docker": "FROM scratch\n",
      "lib.docker": "FROM scratch\n",
    });
    const at = ["plan", "--registry", `${registry.host}/me/vars`];
    const { code, stderr } = await project.berth(at, { CI: "true", ...env });
    assert.equal(code, 0, stderr);
    return stderr;
  };
  const other = "registry.example.com/other/app@sha256:1";

  test("are warned of, since GitLab lets settings and triggers win over a report", async (t) => {
    const said = await planned(t, { BERTH_IMAGE_APP: other });
    assert.match(
      said,
      /BERTH_IMAGE_APP=registry\.example\.com\/other\S+: set already, .*that wins/,
    );
    assert.doesNotMatch(said, /BERTH_IMAGE_LIB/);
    const set = { BERTH_INPUT_REFERENCE: "tag", BERTH_CONTAINER_TAG: `set2-${"a".repeat(64)}` };
    const both = await planned(t, { ...set, BERTH_CONTAINER_BASE: "registry.example.com/other" });
    assert.match(both, /BERTH_CONTAINER_BASE=\S+, BERTH_CONTAINER_TAG=set2-a+: set already/);
  });

  test("are not where they say the same, nothing, or what no plan tells, nor on a machine", async (t) => {
    const none = { BERTH_IMAGE_APP: "", BERTH_IMAGE_OTHER: other, BERTH_CONTAINER_BASE: other };
    assert.doesNotMatch(await planned(t, none), /set already/);
    assert.doesNotMatch(await planned(t, { CI: "", BERTH_IMAGE_APP: other }), /set already/);
    const mine = { BERTH_INPUT_REFERENCE: "tag", BERTH_CONTAINER_TAG: "mine" };
    assert.doesNotMatch(await planned(t, mine), /set already/);
  });
});
