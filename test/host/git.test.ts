import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dirtyPaths } from "../../src/context/dirty.ts";
import { listArgs } from "../../src/context/listing.ts";
import { revisionTrees } from "../../src/context/revision.ts";
import { entriesBelow } from "../../src/context/tree.ts";
import { workTree } from "../../src/context/worktree.ts";
import { BerthError } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { openGit } from "../../src/host/git.ts";
import { batchParser, endedParser } from "../../src/host/gitbatch.ts";
import { committed, makeRepository, temporary } from "../context/repository.ts";
import { until } from "../support/processes.ts";

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

test("what is asked first is asked wherever one stands, answered as at the top, and asked anew after that", async (t) => {
  const repository = makeRepository(t, { "a/b/c": "x", top: "x" });
  const git = await openGit(join(repository.path, "a/b"), { first: listArgs });
  const paths = async () => (await git.run(listArgs)).toString().match(/[^\t\0 ]+(?=\0)/g);
  assert.deepEqual(await paths(), ["a/b/c", "top"]);
  writeFileSync(join(repository.path, "new"), "x");
  assert.deepEqual(await paths(), ["a/b/c", "new", "top"]);
});

test("outside a repository the hint says where to go", (t) =>
  assert.rejects(openGit(temporary(t)), failsWith(/not a git repository/, /inside/)));

test("a remote that is not there, and one that cannot be read, have hints of their own", async (t) => {
  const git = await makeRepository(t, { a: "x" }).open();
  const list = (remote: string) => git.run(["ls-remote", remote]);
  await assert.rejects(list("origin"), failsWith(/'origin' does not/, /git remote add origin/));
  await assert.rejects(list("http://127.0.0.1:1/x"), failsWith(/unable to access/, /reached/));
});

test("in a bare repository the hint asks for a checkout", async (t) => {
  const bare = makeRepository(t, {}, ["--bare"]);
  await assert.rejects(openGit(bare.path), failsWith(/work tree/, /checkout/));
});

test("that no more files can be opened is told, by the first question and by the reader of objects", (t) => {
  const { path } = committed(t, { a: "x" });
  const module = JSON.stringify(join(import.meta.dirname, "../../src/host/git.ts"));
  const script = `const { openSync } = await import("node:fs");
    const { openGit } = await import(${module});
    const git = await openGit(".");
    for (;;) try { openSync("/dev/null") } catch { break }
    const failures = [openGit("."), git.object("HEAD")];
    const [...ends] = await Promise.allSettled(failures);
    process.stdout.write(ends.map(({ reason }) => \`\${reason.code} \${reason.message}\n\`).join(""));
    await git.close();`;
  const shell = `ulimit -n 64; "$0" --input-type=module -e "$1"`;
  const args = ["-c", shell, process.execPath, script];
  const told = execFileSync("sh", args, { cwd: path }).toString();
  assert.match(told, /^GIT_FAILED find .*: EMFILE\nGIT_FAILED read .*EMFILE\n$/);
});

test("a folder that does not exist is told from git that is missing", () =>
  assert.rejects(openGit("/proc/gone"), failsWith(/ENOENT/, /gone exists/)));

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
  const output = execFileSync(process.execPath, args, { cwd: repository.path, timeout: 600_000 });
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

test("no variable of a caller changes what berth's questions mean", async (t) => {
  const repository = makeRepository(t, { "a/b.txt": "1", "a/B.c": "2", "[x]": "3" });
  repository.commit();
  repository.write({ "a/b.txt": "changed" });
  const answers = async () => {
    const git = await openGit(repository.path);
    const tree = workTree(git, realFiles());
    const found = [
      await tree.folder("a"),
      await entriesBelow(tree, "[x]"),
      await tree.find(["*.c"]),
      await tree.entry("[x]"),
      await dirtyPaths(git, tree, ["a/b.txt"]),
      await (await revisionTrees(git)("HEAD")).read("a/b.txt"),
    ];
    await git.close();
    return found;
  };
  const plain = await answers();
  const attributes = repository.run("rev-parse", "HEAD");
  const variables = {
    GIT_LITERAL_PATHSPECS: "1",
    GIT_GLOB_PATHSPECS: "1",
    GIT_NOGLOB_PATHSPECS: "1",
    GIT_ICASE_PATHSPECS: "1",
    GIT_ATTR_SOURCE: attributes,
    GIT_CONFIG: "/dev/null",
    GIT_FLUSH: "0",
    GIT_EXTERNAL_DIFF: "false",
    GIT_DIFF_OPTS: "-u0",
    GIT_INTERNAL_SUPER_PREFIX: "up/",
    GIT_REPLACE_REF_BASE: "refs/elsewhere/",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_GRAFT_FILE: "/nonexistent",
    GIT_OPTIONAL_LOCKS: "1",
    LC_ALL: "de_DE.UTF-8",
  };
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    try {
      assert.deepEqual(await answers(), plain, name);
    } finally {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    }
  }
});

test("of many lists of attributes the last eight are at hand, and others are read anew", async (t) => {
  const count = 10;
  const names = Array.from({ length: count }, (_, at) => `d${at}`);
  const attributes = names.map((name) => [`${name}/.gitattributes`, "*.txt text eol=crlf\n"]);
  const files = names.map((name) => [`${name}/a.txt`, `${name}\r\n`]);
  const repository = committed(t, Object.fromEntries([...attributes, ...files]));
  const place = temporary(t);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = place;
  t.after(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  const git = await repository.open();
  const idOf = (path: string) => repository.run("rev-parse", `HEAD:${path}`);
  const read = async (name: string) => {
    const path = `${name}/.gitattributes`;
    const given = [{ path, id: idOf(path) }];
    return (await git.checkedOut(idOf(`${name}/a.txt`), `${name}/a.txt`, given))?.toString();
  };
  const open = () =>
    readdirSync(place)
      .filter((name) => name.startsWith("berth-attributes-"))
      .sort();
  for (const name of names) assert.equal(await read(name), `${name}\r\n`);
  await until(() => open().length <= 8);
  const [first = "", second = ""] = names.slice(2);
  const kept = open();
  assert.deepEqual([kept.length, await read(first), open()], [8, `${first}\r\n`, kept]);
  assert.equal(await read("d0"), "d0\r\n");
  await until(() => open().length <= 8);
  // The one that was not used for longest has gone, not the one that began first.
  const now = open();
  await read(first);
  assert.deepEqual(open(), now);
  assert.equal(await read(second), `${second}\r\n`);
  await git.close();
  assert.deepEqual(open(), []);
});

test("answers whose length git tells wrong are taken up to their end, however they arrive", () => {
  const end = "\n:nonce missing\n";
  const id = "0".repeat(40);
  const bodies = ["", "a", "\n:nonce missin", "x".repeat(300)];
  const output = Buffer.from(
    [...bodies.map((body) => `${id} blob 1\n${body}${end}`), `${id} a missing${end}`].join(""),
  );
  for (const size of [1, 2, 7, 16, 17, 1000]) {
    const seen: string[] = [];
    const parse = endedParser(Buffer.from(end), (answer) =>
      seen.push(answer.kind === "object" ? answer.object.bytes.toString() : answer.kind),
    );
    for (let at = 0; at < output.length; at += size) parse(output.subarray(at, at + size));
    assert.deepEqual(seen, [...bodies, "missing"], `in pieces of ${size}`);
  }
});
