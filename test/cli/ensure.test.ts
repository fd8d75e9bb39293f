import assert from "node:assert/strict";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { machineBuildah } from "../example/engines.ts";
import { call, openStage, plan, results, type Stage, tagsOf } from "../example/stage.ts";
import { program } from "../support/programs.ts";

const file = "images/base.Dockerfile";

describe("berth ensure", () => {
  let stage: Stage;
  before(async () => {
    const others = ["scripts", "debian", "checked", "compiler", "cross", "docs"];
    stage = await openStage(machineBuildah, others);
  });
  after(() => stage?.stop());

  const clone = (name: string) => stage.project.clone(name);
  const change = async (name: string) => {
    const project = clone(name);
    project.write({ [file]: `${project.run("show", `HEAD:${file}`)}\nENV DIRTY=1\n` });
    return project;
  };

  test("refuses changed files in CI, plan included, and names them", async () => {
    const project = await change("dirty-ci");
    const env = { CI: "true" };
    for (const command of ["plan", "ensure"]) {
      const { code, stderr } = await call(stage, [command], { project, env });
      assert.equal(code, 64);
      assert.match(
        stderr,
        /: files that images are made from differ from the commit: images\/base\.Dockerfile \[TREE_DIRTY\]\n {2}hint: .*--allow-dirty/,
      );
    }
    const { code } = await call(stage, ["plan", "--allow-dirty"], { project, env });
    assert.equal(code, 0);
    assert.deepEqual(await tagsOf(stage.registry.host, "group/project/berth"), []);
  });

  test("plans changed files on a person's machine, and publishes them only when told so", async () => {
    const project = await change("dirty-here");
    const base = "dirty/project";
    assert.deepEqual((await plan(stage, { project, base })).dirty, [file]);
    const { code, stderr } = await call(stage, ["ensure"], { project, base });
    assert.equal(code, 64);
    assert.match(stderr, /images\/base\.Dockerfile \[TREE_DIRTY\]/);
    assert.deepEqual(await tagsOf(stage.registry.host, `${base}/ci/base`), []);
    const flags = ["ensure", "--allow-dirty", "--engine", "buildah", "--json"];
    const allowed = await call(stage, flags, { project, base });
    assert.equal(allowed.code, 0, allowed.stderr);
    assert.deepEqual(results(JSON.parse(allowed.stdout)), { app: "built", base: "built" });
  });

  test("takes a file that no image reads for no change at all", async () => {
    const project = clone("unrelated");
    project.write({ "notes.txt": "new\n", "app/src/main.o": "another object\n" });
    assert.deepEqual((await plan(stage, { project })).dirty, []);
  });

  test("says how to get an engine where there is none, and that before anything is built", async () => {
    const programs = join(stage.folder, "git-alone");
    await mkdir(programs);
    await symlink(program("git"), join(programs, "git"));
    const project = clone("no-engine");
    for (const engine of ["buildah", "docker", "auto"]) {
      const options = { project, base: "none/project", env: { PATH: programs } };
      const { code, stderr } = await call(stage, ["ensure", "--engine", engine], options);
      assert.equal(code, 64);
      assert.match(stderr, /\[ENGINE_MISSING\]\n {2}hint: .*apt-get install/);
    }
    assert.deepEqual(await tagsOf(stage.registry.host, "none/project/ci/base"), []);
  });
});
