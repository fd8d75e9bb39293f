import assert from "node:assert/strict";
import { chmodSync, lstatSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describeContext } from "../../src/context/context.ts";
import { revisionTrees } from "../../src/context/revision.ts";
import type { ContextSource } from "../../src/context/source.ts";
import { packContext } from "../../src/context/tar.ts";
import type { Tree } from "../../src/context/tree.ts";
import { workTree } from "../../src/context/worktree.ts";
import { realFiles } from "../../src/host/files.ts";
import { type MemoryFile, memoryTree } from "../support/tree.ts";
import { committed, type Repository, repositoryAt, temporary } from "./repository.ts";

const everything: readonly ContextSource[] = [{ kind: "everything", line: 1 }];
type Files = Readonly<Record<string, MemoryFile>>;

async function digest(tree: Tree, context = ""): Promise<string> {
  const request = { dockerfile: "Dockerfile", context, sources: everything };
  const { entries } = await describeContext(tree, request);
  return (await packContext(tree, context, entries)).digest;
}

async function workDigest(repository: Repository, context = ""): Promise<string> {
  return digest(workTree(await repository.open(), realFiles()), context);
}

const files: Files = {
  "ctx/Dockerfile": "FROM x\nCOPY . .\n",
  "ctx/.dockerignore": "*.md\n",
  "ctx/readme.md": "ignored",
  "ctx/tool": { exec: "#!/bin/sh\n" },
  "ctx/deep/é": "text",
  "ctx/link": { link: "deep/é" },
  "ctx/only/x.md": "ignored",
  "ctx/only/y.md": "ignored",
  other: "not in the context",
};

test("a revision, its checkouts under any umask, and touched files give one digest", async (t) => {
  const repository = committed(t, files);
  const expected = await digest(memoryTree(files), "ctx");
  assert.equal(await digest(await revisionTrees(await repository.open())("HEAD"), "ctx"), expected);
  for (const umask of [0o000, 0o022, 0o077]) {
    const before = process.umask(umask);
    const clone = temporary(t);
    repository.run("clone", "-q", repository.path, clone);
    process.umask(before);
    const mode = lstatSync(join(clone, "ctx/deep/é")).mode & 0o777;
    assert.equal(mode, 0o666 & ~umask);
    assert.equal(await workDigest(repositoryAt(t, clone), "ctx"), expected, umask.toString(8));
  }
  utimesSync(join(repository.path, "ctx/tool"), 1, 1);
  chmodSync(join(repository.path, "ctx/tool"), 0o710);
  assert.equal(await workDigest(repository, "ctx"), expected);
});

test("files that git or the ignore file leave out do not count, nor does the context's own name", async (t) => {
  const repository = committed(t, { ...files, ".gitignore": "*.log\nbuild/\n" });
  const expected = await workDigest(repository, "ctx");
  const [x, changed] = ["x", "changed"];
  repository.write({ "ctx/noise.log": x, "ctx/build/out": x });
  repository.write({ "ctx/readme.md": changed, other: changed });
  assert.equal(await workDigest(repository, "ctx"), expected);
  repository.run("add", "-A");
  repository.run("mv", "ctx", "renamed");
  // git leaves the ignored files where they were.
  assert.equal(await workDigest(repository, "renamed"), expected);
});

const changes: readonly (readonly [name: string, change: Files])[] = [
  ["a new folder of ignored files", { "ctx/fresh/x.md": "" }],
  ["a rule that ignores less", { "ctx/.dockerignore": "readme.md\n" }],
];

for (const [name, change] of changes)
  test(`${name} changes the digest`, async () => {
    const before = await digest(memoryTree(files), "ctx");
    assert.notEqual(await digest(memoryTree({ ...files, ...change }), "ctx"), before);
  });

const name = fc.constantFrom("a", "b", "a b", "é", "x.y", "n".repeat(60), "😀");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
const content = fc.string({ maxLength: 20 });
const file: fc.Arbitrary<MemoryFile> = fc.oneof(
  content,
  content.map((exec) => ({ exec })),
  fc.constantFrom("a", "../b", "/a/b", "nowhere").map((link) => ({ link })),
);
/** Trees in which no file stands where another needs a folder. */
const tree: fc.Arbitrary<Files> = fc.dictionary(path, file, { maxKeys: 8 }).map((entries) => {
  const isFolder = (path: string) => Object.keys(entries).some((one) => one.startsWith(`${path}/`));
  return Object.fromEntries(Object.entries(entries).filter(([one]) => !isFolder(one)));
});

test("two trees have one digest only where they are the same tree", async () =>
  await fc.assert(
    fc.asyncProperty(tree, tree, async (one, other) => {
      const same = isDeepStrictEqual({ ...one }, { ...other });
      const digests = [await digest(memoryTree(one)), await digest(memoryTree(other))];
      assert.equal(digests[0] === digests[1], same);
    }),
    { numRuns: 150 },
  ));

test("a byte moved from one file to the next changes the digest", async () =>
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1, maxLength: 40 }), fc.nat(), async (text, at) => {
      const cut = at % text.length;
      const halves = (end: number): Files => ({ a: text.slice(0, end), b: text.slice(end) });
      const [before, after] = [memoryTree(halves(cut)), memoryTree(halves(cut + 1))];
      assert.notEqual(await digest(before), await digest(after));
    }),
    { numRuns: 50 },
  ));

test("whatever the tree, a commit and its checkout agree", async (t) =>
  await fc.assert(
    fc.asyncProperty(tree, async (files) => {
      const repository = committed(t, files);
      const expected = await digest(memoryTree(files));
      const git = await repository.open();
      assert.equal(await digest(await revisionTrees(git)("HEAD")), expected);
      assert.equal(await digest(workTree(git, realFiles())), expected);
    }),
    { numRuns: 15 },
  ));
