import assert from "node:assert/strict";
import { test } from "node:test";
import { forgetCommits } from "../../src/cli/executor-image.ts";
import { createRunner } from "../../src/host/run.ts";
import { makeRepository } from "../context/repository.ts";

test("the names of the oldest commits are forgotten, and never that of the job's own", async (t) => {
  const repository = makeRepository(t, {});
  const tree = repository.run("write-tree");
  const refs = [1, 2, 3, 4, 5].map((day) => {
    const facts = `tree ${tree}\ncommitter A <a> ${day * 86_400} +0000\n\n`;
    const commit = repository.hash("commit", Buffer.from(facts));
    repository.run("update-ref", `refs/berth/${commit}`, commit);
    return `refs/berth/${commit}`;
  });
  await forgetCommits(repository.path, refs[1] ?? "", createRunner().run, 2);
  const left = repository.run("for-each-ref", "--sort=committerdate", "--format=%(refname)");
  assert.deepEqual(left.split("\n"), [refs[1], refs[3], refs[4]]);
});
