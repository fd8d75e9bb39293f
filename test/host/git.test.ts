import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { openGit } from "../../src/host/git.ts";
import { batchParser } from "../../src/host/gitbatch.ts";
import { makeRepository, temporary } from "../context/repository.ts";

function failsWith(message: RegExp, hint: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, "GIT_FAILED");
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
    return true;
  };
}

test("git opens at the top of the work tree, wherever in it one stands", async (t) => {
  const repository = makeRepository(t, { "a/b/c": "x" });
  const git = await openGit(join(repository.path, "a/b"));
  assert.equal(git.root, repository.path);
});

test("outside a repository the hint says where to go", async (t) => {
  await assert.rejects(openGit(temporary(t)), failsWith(/not a git repository/, /inside/));
});

test("in a bare repository the hint asks for a checkout", async (t) => {
  const bare = makeRepository(t, {}, ["--bare"]);
  await assert.rejects(openGit(bare.path), failsWith(/work tree/, /checkout/));
});

test("a folder that does not exist is told from git that is missing", async () => {
  await assert.rejects(openGit("/nonexistent"), failsWith(/ENOENT/, /nonexistent exists/));
});

test("a repository of another owner comes with the command that trusts it", async (t) => {
  const repository = makeRepository(t, {});
  // git's own switch for its own tests of this.
  process.env["GIT_TEST_ASSUME_DIFFERENT_OWNER"] = "1";
  t.after(() => delete process.env["GIT_TEST_ASSUME_DIFFERENT_OWNER"]);
  const hint = new RegExp(`git config --global --add safe.directory ${repository.path}$`);
  await assert.rejects(openGit(repository.path), failsWith(/dubious ownership/, hint));
});

test("run gives output and test gives the answer, failures carry git's own words", async (t) => {
  const repository = makeRepository(t, { a: "1" });
  repository.commit();
  const git = await repository.open();
  assert.equal((await git.run(["show", "HEAD:a"])).toString(), "1");
  assert.equal(await git.test(["diff", "--quiet", "HEAD"]), true);
  repository.write({ a: "2" });
  assert.equal(await git.test(["diff", "--quiet", "HEAD"]), false);
  await assert.rejects(git.run(["show", "HEAD:b"]), /run git show: fatal: path 'b'/);
  await assert.rejects(git.test(["rev-parse", "--verify", "nope"]), /run git rev-parse: fatal/);
});

test("a login in a remote's address stays out of the message", async (t) => {
  const git = await makeRepository(t, {}).open();
  const fetch = git.run(["fetch", "https://user:hunter2@127.0.0.1:1/x.git"]);
  await assert.rejects(fetch, (error: Error) => {
    assert.match(error.message, /127\.0\.0\.1/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});

test("objects are answered in order, absent ones as undefined", async (t) => {
  const big = "x".repeat(300_000);
  const repository = makeRepository(t, { a: "1", "b c": big, empty: "" });
  const commit = repository.commit();
  const git = await repository.open();
  const names = ["HEAD:a", "HEAD:nope", "HEAD:b c", "HEAD:empty", "HEAD^{commit}", "nope missing"];
  const objects = await Promise.all(names.map((name) => git.object(name)));
  const seen = objects.map((object) => object && `${object.type} ${object.bytes.length}`);
  assert.deepEqual(seen.slice(0, 4), ["blob 1", undefined, "blob 300000", "blob 0"]);
  assert.equal(objects[2]?.bytes.toString(), big);
  assert.equal(objects[4]?.id, commit);
  assert.equal(objects[5], undefined);
});

test("a name with a line break is refused and the next one still works", async (t) => {
  const repository = makeRepository(t, { a: "1" });
  repository.commit();
  const git = await repository.open();
  await assert.rejects(git.object("HEAD:a\nHEAD:b"), /not a name of an object/);
  assert.equal((await git.object("HEAD:a"))?.bytes.toString(), "1");
});

test("objects can be read again after close, and in a folder that is missing they fail", async (t) => {
  const repository = makeRepository(t, { a: "1" });
  repository.commit();
  const git = await repository.open();
  assert.equal((await git.object("HEAD:a"))?.bytes.toString(), "1");
  await git.close();
  assert.equal((await git.object("HEAD:a"))?.bytes.toString(), "1");
  await assert.rejects(git.inside("missing").object("HEAD"), /GIT_FAILED|read git object/);
});

test("an idle reader does not keep the process alive", (t) => {
  const repository = makeRepository(t, { a: "1" });
  repository.commit();
  const module = join(import.meta.dirname, "../../src/host/git.ts");
  const script = `const { openGit } = await import(${JSON.stringify(module)});
    const git = await openGit(process.cwd());
    console.log((await git.object("HEAD:a")).bytes.toString());`;
  const args = ["--input-type=module", "-e", script];
  const output = execFileSync(process.execPath, args, { cwd: repository.path, timeout: 20_000 });
  assert.equal(output.toString(), "1\n");
});

test("the batch parser does not mind where its input is cut", () => {
  const id = "a".repeat(40);
  const input = Buffer.from(`${id} blob 3\nx\ny\nname missing\n${id} tree 0\n\nab ambiguous\n`);
  for (const size of [1, 2, 7, 1000]) {
    const kinds: string[] = [];
    const parse = batchParser((answer) =>
      kinds.push(
        answer.kind === "object" ? JSON.stringify(answer.object.bytes.toString()) : answer.kind,
      ),
    );
    for (let at = 0; at < input.length; at += size) parse(input.subarray(at, at + size));
    assert.deepEqual(kinds, ['"x\\ny"', "missing", '""', "broken"], `pieces of ${size}`);
  }
});
