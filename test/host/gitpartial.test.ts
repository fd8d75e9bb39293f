import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openGit } from "../../src/host/git.ts";
import { makeRepository, temporary } from "../context/repository.ts";

const files = { a: "1\n", b: "2\n" };

/** A clone without any blob, the names of its blobs, and how many fetches have brought it something. */
function partialClone(t: TestContext) {
  const repository = makeRepository(t, files);
  const commit = repository.commit();
  const { path } = repository;
  const clone = join(temporary(t), "clone");
  const git = (cwd: string, ...args: readonly string[]) =>
    execFileSync("git", ["-C", cwd, ...args], { encoding: "utf8" });
  git(path, "config", "uploadpack.allowFilter", "true");
  git(path, "config", "uploadpack.allowAnySHA1InWant", "true");
  const flags = ["--quiet", "--no-checkout", "--filter=blob:none"];
  git(path, "clone", ...flags, `file://${path}`, clone);
  const packs = () => readdirSync(join(clone, ".git/objects/pack"));
  const fetches = () => packs().filter((name) => name.endsWith(".promisor")).length;
  const blobs = Object.keys(files).map((name) => git(path, "rev-parse", `HEAD:${name}`).trim());
  return { clone, commit, blobs, fetches };
}

test("blobs that are asked for in one turn come in one fetch, and are there for the next", async (t) => {
  const { clone, commit, blobs, fetches } = partialClone(t);
  const before = fetches();
  const git = await openGit(clone, { partial: commit });
  for (let time = 0; time < 2; time++) {
    const read = await Promise.all(blobs.map((id) => git.object(id)));
    const texts = read.map((object) => object?.bytes.toString());
    assert.deepEqual(texts, Object.values(files));
    assert.equal(fetches() - before, 1);
  }
  await git.close();
});

test("what cannot be fetched is told by the read", async (t) => {
  const { clone, commit, blobs } = partialClone(t);
  const git = await openGit(clone, { partial: commit });
  execFileSync("git", ["-C", clone, "remote", "set-url", "origin", "/nowhere"]);
  await assert.rejects(Promise.all(blobs.map((id) => git.object(id))), { code: "GIT_FAILED" });
  await git.close();
});
