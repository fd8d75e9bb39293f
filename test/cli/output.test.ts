/** The output folder holds what this run's jobs say, and nothing that a commit or an earlier run left there. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { makeRepository, temporary } from "../context/repository.ts";
import { seed, testImage } from "../registry/clients.ts";
import { openRegistry, type Project, projectOf } from "./project.ts";

const registry = await openRegistry();

describe("the output folder", () => {
  const project = (t: TestContext) => projectOf(t, { "app.docker": "FROM scratch\nENV A=1\n" });
  const run = ({ berth }: Project, args: readonly string[], env = {}) =>
    berth([...args, "--registry", `${registry.host}/me/tools`], env);

  test("is refused by every command where the commit has files in it", async (t) => {
    const repository = project(t);
    repository.write({ ".berth/outcome/app.json": "{}\n" });
    repository.run("add", "--force", ".berth");
    repository.commit();
    const commands = ["plan", "ensure", "build app", "publish", "report", "promote"];
    for (const command of commands) {
      const { code, stderr } = await run(repository, command.split(" "));
      assert.match(
        stderr,
        /the commit has \.berth\/outcome\/app\.json \[OUTPUT_INVALID\]\n {2}hint: /,
      );
      assert.equal(code, 64, command);
    }
    assert.deepEqual(readdirSync(join(repository.path, ".berth")), ["outcome"]);
  });

  test("is refused where the commit has a submodule there, and taken where only the index knows of it", async (t) => {
    const repository = project(t);
    const head = repository.run("rev-parse", "HEAD").trim();
    repository.run("update-index", "--add", "--cacheinfo", `160000,${head},.berth`);
    mkdirSync(join(repository.path, ".berth"));
    const before = await run(repository, ["plan"]);
    assert.equal(before.code, 0, before.stderr);
    repository.run("commit", "-qm", "x");
    const after = await run(repository, ["plan"]);
    assert.match(after.stderr, /the commit has \.berth \[OUTPUT_INVALID\]/);
    assert.equal(after.code, 64);
  });

  const links: readonly (readonly [what: string, link: string, output: string])[] = [
    ["is a link", ".berth", ".berth"],
    ["lies below a link", "ci", "ci/out"],
    ["holds a link", ".berth/outcome", ".berth"],
  ];
  for (const [what, link, output] of links)
    test(`is refused where it ${what}, and nothing is written or removed there`, async (t) => {
      const repository = project(t);
      const victim = makeRepository(t, { "app.json": "mine\n" }, ["--bare"]).path;
      const before = readdirSync(victim);
      mkdirSync(join(repository.path, link, ".."), { recursive: true });
      symlinkSync(victim, join(repository.path, link));
      const { code, stderr } = await run(repository, ["plan", "--output", output]);
      assert.match(stderr, /is a symlink, not a folder \[OUTPUT_INVALID\]/);
      assert.equal(code, 64);
      assert.deepEqual(readdirSync(victim), before);
    });

  test("is refused outside of the repository where it is a link itself, and taken where it is none", async (t) => {
    const repository = project(t);
    const away = temporary(t);
    symlinkSync(temporary(t), join(away, "link"));
    const plan = (output: string) => run(repository, ["plan", "--output", join(away, output)]);
    assert.match((await plan("link")).stderr, /\[OUTPUT_INVALID\]/);
    const { code, stderr } = await plan("folder");
    assert.equal(code, 0, stderr);
    assert.ok(existsSync(join(away, "folder/plan.json")));
  });

  test("is emptied of outcomes by a plan", async (t) => {
    const repository = project(t);
    for (const command of ["plan", "ensure --no-build"]) {
      repository.write({ ".berth/outcome/app.json": "{}\n", ".berth/.gitignore": "*\n" });
      await run(repository, command.split(" "));
      assert.ok(!existsSync(join(repository.path, ".berth/outcome/app.json")), command);
    }
  });

  test("gives no outcome of another pipeline, key or decision", async (t) => {
    const repository = project(t);
    const { berth, write, path, keyTags } = repository;
    const [key = ""] = (await keyTags()).values();
    seed(registry, "me/tools/app", testImage("a"), key);
    const built = await run(repository, ["ensure"], { CI: "true", CI_PIPELINE_ID: "7" });
    assert.equal(built.code, 0, built.stderr);
    const outcome = readFileSync(join(path, ".berth/outcome/app.json"), "utf8");
    const summary = async (text: string) => {
      write({ ".berth/outcome/app.json": text });
      const { code, stderr } = await berth(["report"]);
      assert.equal(code, 0, stderr);
      return readFileSync(join(path, ".berth/summary.md"), "utf8");
    };
    const told = await summary(outcome);
    for (const [own, other] of [
      ['"pipeline": "7"', '"pipeline": "6"'],
      [/"key": "[0-9a-f]{64}"/, `"key": "${"0".repeat(64)}"`],
      ['"decision": "reuse"', '"decision": "build"'],
    ] as const) {
      const forged = outcome.replace(own, other);
      assert.notEqual(forged, outcome);
      assert.notEqual(await summary(forged), told);
    }
  });

  test("gives promote no plan of another pipeline of the commit", async (t) => {
    const repository = project(t);
    const [key = ""] = (await repository.keyTags()).values();
    seed(registry, "me/tools/app", testImage("a"), key);
    const of = (pipeline: string) => {
      const branch = { CI_COMMIT_BRANCH: "main", CI_DEFAULT_BRANCH: "main" };
      return { CI: "true", CI_PIPELINE_ID: pipeline, ...branch };
    };
    const built = await run(repository, ["ensure"], of("7"));
    assert.equal(built.code, 0, built.stderr);
    registry.log.length = 0;
    const { code, stderr } = await run(repository, ["promote"], of("8"));
    assert.equal(code, 0, stderr);
    const generations = registry.log.flatMap((line) => /-r\d+$/.exec(line) ?? []);
    assert.deepEqual(generations, ["-r8"]);
  });
});
