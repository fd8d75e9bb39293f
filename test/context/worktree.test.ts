import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dirtyPaths } from "../../src/context/dirty.ts";
import { entriesBelow } from "../../src/context/tree.ts";
import { workTree } from "../../src/context/worktree.ts";
import { realFiles } from "../../src/host/files.ts";
import type { Git } from "../../src/world.ts";
import { committed, makeRepository, type Repository, repositoryAt } from "./repository.ts";

const files = realFiles();

async function openTree(repository: Repository) {
  return workTree(await repository.open(), files);
}

async function dirty(repository: Repository, paths: readonly string[]) {
  const git = await repository.open();
  return dirtyPaths(git, workTree(git, files), paths);
}

async function names(repository: Repository, folder = ""): Promise<string[]> {
  const entries = await entriesBelow(await openTree(repository), folder);
  return entries.map(({ path, kind, executable }) => `${path} ${kind}${executable ? " x" : ""}`);
}

test("the tree holds what git tracks and what is new, not what is ignored, deleted, or berth's own", async (t) => {
  const repository = committed(t, {
    ".gitignore": "*.log\n",
    "a.txt": "a",
    "gone.txt": "g",
    "tool.sh": { exec: "#!/bin/sh" },
    link: { link: "a.txt" },
  });
  const own = { "noise.log": "x", ".berth/plan.json": "{}" };
  repository.write({ ...own, "new.txt": "n", "a.txt": "changed" });
  rmSync(join(repository.path, "gone.txt"));
  const all = [".gitignore file", "a.txt file", "link symlink", "new.txt file", "tool.sh file x"];
  assert.deepEqual(await names(repository), all);
  const tree = await openTree(repository);
  assert.equal((await tree.read("a.txt"))?.toString(), "changed");
  assert.equal((await tree.read("link"))?.toString(), "a.txt");
  for (const path of ["noise.log", "gone.txt", ".berth/plan.json", ".git/config", "a.txt/x", ""]) {
    assert.equal(await tree.read(path), undefined, path);
    assert.equal(await tree.entry(path), undefined, path);
  }
});

test("paths come in the order of their bytes", async (t) => {
  const repository = makeRepository(t, { "a/b": "", "a-b": "", "a.b": "", ﬀ: "", "😀": "", B: "" });
  const inOrder = ["B", "a-b", "a.b", "a/b", "ﬀ", "😀"].map((path) => `${path} file`);
  assert.deepEqual(await names(repository), inOrder);
});

test("a folder's list holds what is below it and nothing beside", async (t) => {
  const repository = makeRepository(t, { "d/x": "", "d/e/y": "", "dd/z": "", "d*/w": "", d2: "" });
  assert.deepEqual(await names(repository, "d"), ["d/e/y file", "d/x file"]);
  assert.deepEqual(await names(repository, "d*"), ["d*/w file"]);
  assert.deepEqual(await names(repository, "nope"), []);
});

test("a folder is there as long as a file is in it", async (t) => {
  const repository = committed(t, { "d/e/a": "", "d/e/b": "", "f/a": "" });
  rmSync(join(repository.path, "d/e/a"));
  const before = await (await openTree(repository)).folder("d");
  assert.deepEqual([...before.keys()], ["e"]);
  rmSync(join(repository.path, "d/e/b"));
  const after = await (await openTree(repository)).folder("");
  assert.deepEqual([...after.keys()], ["f"]);
});

test("find looks at the last element in every folder", async (t) => {
  const repository = makeRepository(t, {
    Dockerfile: "",
    "a/Dockerfile": "",
    "a/b/x.docker": "",
    "a/Dockerfile.txt": "",
    "a/[x].docker": "",
    ".gitignore": "ignored",
    "ignored/Dockerfile": "",
  });
  const tree = await openTree(repository);
  const found = ["Dockerfile", "a/Dockerfile", "a/[x].docker", "a/b/x.docker"];
  assert.deepEqual(await tree.find(["Dockerfile", "*.docker"]), found);
  assert.deepEqual(await tree.find(["[x].docker"]), ["a/[x].docker"]);
  assert.deepEqual(await tree.find([]), []);
});

test("a conflict lists its file once", async (t) => {
  const repository = committed(t, { f: "0" });
  repository.run("checkout", "-q", "-b", "other");
  repository.write({ f: "1" });
  repository.commit();
  repository.run("checkout", "-q", "-");
  repository.write({ f: "2" });
  repository.commit();
  assert.throws(() => repository.run("merge", "other"));
  assert.deepEqual(await names(repository), ["f file"]);
});

test("a folder that became a link hides the files that git knows in it", async (t) => {
  const repository = committed(t, { "a/x": "inside", "b/x": "other" });
  repository.write({ a: { link: "b" } });
  assert.deepEqual(await names(repository), ["a symlink", "b/x file"]);
  assert.equal(await (await openTree(repository)).read("a/x"), undefined);
});

test("where the file system has no modes, the index says what is executable", async (t) => {
  const repository = committed(t, { plain: "", tool: { exec: "" } });
  repository.run("config", "core.fileMode", "false");
  repository.write({ plain: { exec: "" }, tool: "" });
  assert.deepEqual(await names(repository), ["plain file", "tool file x"]);
  repository.run("config", "core.fileMode", "true");
  assert.deepEqual(await names(repository), ["plain file x", "tool file"]);
});

test("a name that is not UTF-8 is an error where it is listed, and only there", async (t) => {
  const repository = makeRepository(t, { "good/x": "", "bad/y": "" });
  writeFileSync(Buffer.concat([Buffer.from(`${repository.path}/bad/caf`), Buffer.of(0xe9)]), "");
  const tree = await openTree(repository);
  assert.equal((await entriesBelow(tree, "good")).length, 1);
  const message = /the name bad\/caf\ufffd is not UTF-8/;
  await assert.rejects(entriesBelow(tree, "bad"), { code: "CONTEXT_INVALID", message });
  assert.deepEqual(await tree.find(["x", "y"]), ["bad/y", "good/x"]);
});

test("git lists a repository once, and an error stays with who asked for it", async (t) => {
  const folders = Array.from({ length: 30 }, (_, index) => `größe${index}`);
  const paths = folders.flatMap((folder) => [`${folder}/x`, `${folder}/deep/y`]);
  const repository = committed(t, Object.fromEntries(paths.map((path) => [path, ""])));
  writeFileSync(Buffer.concat([Buffer.from(`${repository.path}/größe7/caf`), Buffer.of(0xe9)]), "");
  const git = await repository.open();
  let runs = 0;
  const run: Git["run"] = (...args) => {
    runs++;
    return git.run(...args);
  };
  const tree = workTree({ ...git, run }, files);
  const lists = await Promise.allSettled(folders.map((folder) => entriesBelow(tree, folder)));
  assert.equal(runs, 1);
  for (const [index, list] of lists.entries()) {
    const listed = list.status === "fulfilled" && list.value.map(({ path }) => path);
    const both = [`größe${index}/deep/y`, `größe${index}/x`];
    assert.deepEqual(listed, index === 7 ? false : both);
  }
  assert.equal((await tree.folder("größe7/deep")).size, 1);
  assert.equal(runs, 1);
});

test("a submodule is its files where it is checked out, one entry where it is not", async (t) => {
  const inner = committed(t, { deep: "d" });
  const library = makeRepository(t, { "lib/x": "1", Dockerfile: "FROM x" });
  library.run("submodule", "add", "-q", inner.path, "inner");
  library.commit();
  const repository = makeRepository(t, { a: "" });
  repository.run("submodule", "add", "-q", library.path, "sub");
  repository.commit();
  const [modules, dockerfile] = ["sub/.gitmodules file", "sub/Dockerfile file"];
  const without = [modules, dockerfile, "sub/inner submodule", "sub/lib/x file"];
  assert.deepEqual(await names(repository), [".gitmodules file", "a file", ...without]);
  repository.run("submodule", "update", "-q", "--init", "--recursive");
  repository.write({ "sub/new": "n" });
  const all = [modules, dockerfile, "sub/inner/deep file", "sub/lib/x file", "sub/new file"];
  assert.deepEqual(await names(repository, "sub"), all);
  assert.deepEqual(await names(repository, "sub/lib"), ["sub/lib/x file"]);
  const tree = await openTree(repository);
  assert.equal((await tree.read("sub/inner/deep"))?.toString(), "d");
  assert.deepEqual(await tree.find(["Dockerfile"]), []);
  assert.deepEqual(await dirty(repository, ["sub/lib/x"]), ["sub"]);
  repository.run("submodule", "deinit", "-q", "-f", "--all");
  assert.deepEqual(await names(repository), [".gitmodules file", "a file", "sub submodule"]);
  const entry = { path: "sub", kind: "submodule", executable: false };
  assert.deepEqual(await (await openTree(repository)).entry("sub"), entry);
});

test("a repository that stands in this one is its files, unless git ignores it", async (t) => {
  const repository = committed(t, { a: "", ".gitignore": "build/\n" });
  for (const place of ["vendor/lib", "build/lib"]) {
    repository.write({ [`${place}/x`]: "1" });
    const inner = repositoryAt(t, join(repository.path, place));
    inner.run("init", "-q");
    inner.commit();
  }
  assert.deepEqual(await names(repository), [".gitignore file", "a file", "vendor/lib/x file"]);
  assert.deepEqual(await names(repository, "vendor/lib"), ["vendor/lib/x file"]);
  assert.deepEqual(await names(repository, "build/lib"), []);
  assert.deepEqual(await dirty(repository, ["vendor/lib/x", "a"]), ["vendor/lib/"]);
});

test("dirty paths are the changed ones among those that matter", async (t) => {
  const repository = committed(t, {
    ...{ ".gitignore": "*.log\n", same: "1", changed: "1", gone: "1", mode: "1" },
    ...{ "folder/changed": "1", "folder*": "1" },
  });
  assert.deepEqual(await dirty(repository, [""]), []);
  repository.write({ changed: "2", new: "1", staged: "1", "folder/changed": "2" });
  repository.write({ mode: { exec: "1" }, "noise.log": "", ".berth/x": "" });
  repository.run("add", "staged");
  rmSync(join(repository.path, "gone"));
  const all = ["changed", "folder/changed", "gone", "mode", "new", "staged"];
  const many = Array.from({ length: 600 }, (_, i) => `none${i}`);
  for (const [paths, expected] of [
    [[""], all],
    [["same", "folder*", "absent", "noise.log"], []],
    [
      ["same", "changed", "new"],
      ["changed", "new"],
    ],
    [["folder"], ["folder/changed"]],
    [[...many, "gone"], ["gone"]],
    [[], []],
  ])
    assert.deepEqual(await dirty(repository, paths!), expected);
});

test("the rule is named by which git leaves a path out", async (t) => {
  const ignoring = { ".gitignore": "*.log\n!kept.log\n", "deep/.gitignore": "\nout/\n" };
  const repository = committed(t, { ...ignoring, "kept.log": "", tracked: "" });
  repository.write({ "deep/out/a": "" });
  const tree = workTree(await repository.open(), files);
  const rules = ["a.log", "deep/out/a", "kept.log", "tracked", "nowhere"].map((path) =>
    tree.ruledOut?.(path),
  );
  const wanted = [".gitignore:1", "deep/.gitignore:2", undefined, undefined, undefined];
  assert.deepEqual(await Promise.all(rules), wanted);
});
