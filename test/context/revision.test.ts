import assert from "node:assert/strict";
import { test } from "node:test";
import { revisionTrees } from "../../src/context/revision.ts";
import { entriesBelow } from "../../src/context/tree.ts";
import { workTree } from "../../src/context/worktree.ts";
import { realFiles } from "../../src/host/files.ts";
import { committed, makeRepository, repositoryAt, temporary } from "./repository.ts";

const files = {
  "a/b": "1",
  "a-b": "2",
  "a.b": { exec: "3" },
  "a/c/Dockerfile": "FROM x",
  "x.docker": "FROM y",
  link: { link: "a/b" },
  ﬀ: "",
  "😀": "",
  ".berth/plan.json": "{}",
};

for (const format of ["sha1", "sha256"])
  test(`a revision of a ${format} repository is the tree that its checkout is`, async (t) => {
    const repository = makeRepository(t, files, [`--object-format=${format}`]);
    const commit = repository.commit();
    const git = await repository.open();
    const [work, revision] = [workTree(git, realFiles()), await revisionTrees(git)("HEAD")];
    assert.equal(revision.label, `revision ${commit.slice(0, 12)}`);
    for (const folder of ["", "a", "nope", "link", "a/b"]) {
      const expected = (await entriesBelow(work, folder)).map(({ size: _, ...entry }) => entry);
      assert.deepEqual(await entriesBelow(revision, folder), expected, folder);
      const paths = expected.map(({ path }) => path);
      const contents = await Promise.all(paths.map(work.read));
      assert.deepEqual(await Promise.all(paths.map(revision.read)), contents);
      assert.deepEqual(await revision.readMany?.(paths), contents);
    }
    for (const tree of [work, revision]) {
      const kinds = [...(await tree.folder("a"))].map(([name, { kind }]) => `${name} ${kind}`);
      assert.deepEqual(kinds.sort(), ["b file", "c folder"]);
    }
    const names = ["Dockerfile", "*.docker", "link"];
    assert.deepEqual(await revision.find(names), ["a/c/Dockerfile", "link", "x.docker"]);
    assert.deepEqual(await revision.find(names), await work.find(names));
    for (const path of ["a", "a/b/c", "", "nope", ".berth/plan.json"]) {
      assert.equal(await revision.entry(path), undefined, path);
      const [one, none] = (await revision.readMany?.(["a-b", path])) ?? [];
      assert.deepEqual([one?.toString(), none], ["2", undefined], path);
      assert.equal(await revision.read(path), undefined, path);
    }
  });

test("revisions are read by any name and see their own state", async (t) => {
  const repository = makeRepository(t, { "d/f": "old", "d/g": "same" });
  const first = repository.commit();
  repository.write({ "d/f": "new", "d/h.docker": "" });
  repository.commit();
  repository.run("tag", "-a", "-m", "x", "v1");
  const at = revisionTrees(await repository.open());
  const read = async (rev: string) => (await (await at(rev)).read("d/f"))?.toString();
  const states = await Promise.all([first, first.slice(0, 8), "HEAD~1", "v1", "HEAD"].map(read));
  assert.deepEqual(states, ["old", "old", "old", "new", "new"]);
  assert.deepEqual(await (await at("HEAD~1")).find(["*.docker"]), []);
  assert.deepEqual(await (await at("HEAD")).find(["*.docker"]), ["d/h.docker"]);
});

test("an unknown revision says what to do, also in a shallow clone", async (t) => {
  const repository = committed(t, { f: "" });
  repository.write({ f: "2" });
  repository.commit();
  const reject = async (path: string, rev: string, hint: RegExp) => {
    const git = await repositoryAt(t, path).open();
    await assert.rejects(revisionTrees(git)(rev), { code: "GIT_FAILED", hint });
  };
  await reject(repository.path, "no such", /git fetch/);
  await reject(repository.path, "HEAD:f", /git fetch/);
  const shallow = temporary(t);
  repository.run("clone", "-q", "--depth=1", `file://${repository.path}`, shallow);
  await reject(shallow, "HEAD~1", /GIT_DEPTH: 0/);
});

test("a submodule of a revision is its files where it is checked out and has the commit", async (t) => {
  const library = committed(t, { "lib/x": "old" });
  const repository = makeRepository(t, { a: "", "sub.c": "" });
  repository.run("submodule", "add", "-q", library.path, "sub");
  repository.commit();
  library.write({ "lib/x": "new" });
  library.commit();
  repository.run("-C", "sub", "pull", "-q");
  repository.commit();
  const paths = async (rev: string) => {
    const tree = await revisionTrees(await repository.open())(rev);
    const listed = (await entriesBelow(tree, "")).map(({ path, kind }) => `${path} ${kind}`);
    return [...listed.slice(2), (await tree.read("sub/lib/x"))?.toString()];
  };
  assert.deepEqual(await paths("HEAD"), ["sub.c file", "sub/lib/x file", "new"]);
  assert.deepEqual(await paths("HEAD~1"), ["sub.c file", "sub/lib/x file", "old"]);
  const clone = temporary(t);
  repository.run("clone", "-q", repository.path, clone);
  const bare = await revisionTrees(await repositoryAt(t, clone).open())("HEAD");
  assert.equal((await bare.entry("sub"))?.kind, "submodule");
  const isAbsent = { code: "CONTEXT_ABSENT", hint: /git submodule update --init sub/ };
  await assert.rejects(bare.read("sub/lib/x"), isAbsent);
  const listed = await entriesBelow(bare, "");
  assert.equal(listed.map(({ path }) => path).join(" "), ".gitmodules a sub sub.c");
  assert.match(listed[2]?.absent ?? "", /^submodule sub at [0-9a-f]{12}, which is not here/);
});

test("a name that is not UTF-8 is an error where it is listed, and only there", async (t) => {
  const repository = committed(t, { "good/x": "", x: "" });
  const idOf = (path: string) => Buffer.from(repository.run("rev-parse", `HEAD:${path}`), "hex");
  const tree = (...parts: readonly (string | Buffer)[]) =>
    repository.hash("tree", Buffer.concat(parts.map((part) => Buffer.from(part as string))));
  const at = tree("100644 caf", Buffer.of(0xe9, 0), idOf("x"));
  const top = tree("40000 bad\0", Buffer.from(at, "hex"), "40000 good\0", idOf("good"));
  const commit = repository.run("commit-tree", "-m", "x", top);
  const revision = await revisionTrees(await repository.open())(commit);
  assert.equal((await entriesBelow(revision, "good")).length, 1);
  await assert.rejects(entriesBelow(revision, ""), /the name bad\/caf\ufffd is not UTF-8/);
  assert.deepEqual(await revision.find(["*"]), ["good/x"]);
});

test("a tree object with a path for a name is refused", async (t) => {
  const repository = committed(t, { x: "" });
  const blob = Buffer.from(repository.run("rev-parse", "HEAD:x"), "hex");
  for (const name of ["..", "../x", "."]) {
    const tree = repository.hash("tree", Buffer.concat([Buffer.from(`100644 ${name}\0`), blob]));
    const commit = repository.run("commit-tree", "-m", "x", tree);
    const revision = await revisionTrees(await repository.open())(commit);
    await assert.rejects(entriesBelow(revision, ""), /malformed/, name);
  }
});
