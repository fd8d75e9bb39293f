/** In a job the files are the pipeline's commit's, or nothing is planned of them. */
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
