/**
 * Whatever state a repository is in, the keys of its work tree and of its HEAD are the same, or one of them is an
 * error, or git itself calls the work tree changed (which in CI is an error too).
 */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { dirtyPaths } from "../../src/context/dirty.ts";
import { revisionTrees } from "../../src/context/revision.ts";
import type { Tree } from "../../src/context/tree.ts";
import { workTree } from "../../src/context/worktree.ts";
import { BerthError } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { keysOf } from "./keys.ts";
import { committed, copyOf, makeRepository, type Repository } from "./repository.ts";

const files = {
  Dockerfile: "FROM scratch\nCOPY --chmod=644 all /\nCOPY only/this /x\n",
  ".dockerignore": "*.o\n",
  "all/lf.txt": "one\ntwo\n",
  "all/crlf.bin": "one\r\ntwo\r\n",
  "all/id.c": "$Id$ and more\n",
  "all/ünicode.enc": "größe\n",
  "all/deep/lf.txt": "three\n",
  "all/tool": { exec: "#!/bin/sh\n" },
  "all/link": { link: "deep/lf.txt" },
  "only/this": "this\n",
  "only/that": "that\n",
  "other/file": "other\n",
};

const original = makeRepository({ after }, files);
const first = original.commit();
const libraryOfAll = committed({ after }, { "lib.txt": "lib\n" });

/** Checks everything out again, as a new clone would. */
function again({ run }: Repository): void {
  run("rm", "-rq", "--cached", ".");
  run("reset", "-q", "--hard");
}

/** Another repository, made when it is asked for. */
type Library = () => Repository;
type Step = (repository: Repository, library: Library) => unknown;

const git =
  (line: string): Step =>
  ({ run }) =>
    run(...line.split(" "));
const write =
  (files: Parameters<Repository["write"]>[0]): Step =>
  (repository) =>
    repository.write(files);
const remove =
  (path: string): Step =>
  (repository) =>
    rmSync(join(repository.path, path), { recursive: true });
const commit: Step = (repository) => repository.commit();
const inLibrary =
  (...steps: readonly Step[]): Step =>
  (_, library) => {
    for (const step of steps) step(library(), library);
  };

const attributes =
  (text: string, place = ".gitattributes"): Step =>
  (repository) => {
    repository.write({ [place]: text });
    repository.commit();
    again(repository);
  };

const settings =
  (...pairs: readonly string[]): Step =>
  (repository) => {
    for (const pair of pairs) repository.run("config", ...pair.split("="));
    again(repository);
  };

const addSubmodule =
  (place = "all/sub"): Step =>
  (repository, library) => {
    repository.run("submodule", "add", "-q", library().path, place);
    repository.commit();
  };
const withoutSubmodules: readonly Step[] = [
  git("submodule deinit -q -f --all"),
  remove(".git/modules"),
];

const unix16: Step = ({ path }) =>
  writeFileSync(join(path, "all/ünicode.enc"), Buffer.from("\ufeffgröße\n", "utf16le"));
/** A filter that turns letters round at both ends. */
const turns = "tr a-mn-z n-za-m";
const dos = "*.txt eol=crlf\n";

const skip = git("update-index --skip-worktree all/lf.txt");
const assume = (path: string) => git(`update-index --assume-unchanged ${path}`);

/** States by what comes of them; an error stands for the one that either of the two gives. */
const states: Readonly<Record<string, Readonly<Record<string, readonly Step[]>>>> = {
  same: {
    "as committed": [],
    "eol=crlf": [attributes("*.txt text eol=crlf\n")],
    "eol by a macro in a folder": [
      write({ ".gitattributes": "[attr]dos text eol=crlf\n" }),
      attributes("lf.txt dos\n", "all/deep/.gitattributes"),
    ],
    ident: [attributes("*.c ident\n")],
    "working-tree-encoding": [
      unix16,
      attributes("*.enc text working-tree-encoding=UTF-16LE-BOM\n"),
      ({ run }) => assert.equal(run("show", "HEAD:all/ünicode.enc"), "größe"),
    ],
    "a filter": [
      settings(`filter.rot.clean=${turns}`, `filter.rot.smudge=${turns}`),
      attributes("*.txt filter=rot\n"),
    ],
    "a filter that nobody configured": [attributes("*.txt filter=rot\n")],
    "core.autocrlf": [settings("core.autocrlf=true")],
    "core.autocrlf=input": [settings("core.autocrlf=input")],
    "core.eol with text=auto": [git("config core.eol crlf"), attributes("* text=auto\n")],
    "attributes beside the repository": [write({ ".git/info/attributes": dos }), again],
    "attributes of the user": [
      write({ ".git/mine": dos }),
      (repository) =>
        settings(`core.attributesFile=${repository.path}/.git/mine`)(repository, none),
    ],
    "core.symlinks=false": [settings("core.symlinks=false")],
    "core.fileMode=false": [
      git("config core.fileMode false"),
      write({ "all/tool": "#!/bin/sh\n" }),
    ],
    "a sparse checkout with all that is reached": [git("sparse-checkout set all only")],
    "skip-worktree, unchanged": [git("update-index --skip-worktree all/lf.txt all/link")],
    "assume-unchanged, unchanged": [git("update-index --assume-unchanged only/this")],
    "a submodule that is checked out": [addSubmodule()],
    "attributes inside a submodule": [
      inLibrary(write({ ".gitattributes": dos }), commit),
      addSubmodule(),
    ],
    "a submodule at another commit that nothing copies": [
      addSubmodule("other/sub"),
      git("-C other/sub commit -q --allow-empty -m newer"),
    ],
  },
  dirty: {
    changed: [write({ "only/this": "mine\n" })],
    "a submodule at another commit": [
      addSubmodule(),
      inLibrary(write({ "lib.txt": "newer\n" }), commit),
      git("-C all/sub pull -q"),
    ],
  },
  TREE_DIRTY: {
    "attributes that came after the checkout": [write({ ".gitattributes": dos }), commit],
    "autocrlf that came after the checkout": [git("config core.autocrlf true")],
    "an editor's CRLF that a commit takes away": [
      attributes("* text=auto\n"),
      write({ "all/lf.txt": "one\r\ntwo\r\n" }),
      commit,
    ],
  },
  CONTEXT_ABSENT: {
    "one without a folder that is reached": [git("sparse-checkout set only")],
    "a sparse checkout without a Dockerfile": [
      write({ "more/Dockerfile": "FROM scratch\nENV A=1\n" }),
      commit,
      git("sparse-checkout set all only"),
    ],
    "a sparse checkout without an ignore file": [
      git("sparse-checkout set --no-cone /* !/.dockerignore"),
    ],
    "skip-worktree, changed": [skip, write({ "all/lf.txt": "mine\n" })],
    "skip-worktree, deleted": [skip, remove("all/lf.txt")],
    "assume-unchanged, changed": [assume("only/this"), write({ "only/this": "mine\n" })],
    "assume-unchanged, deleted": [assume("all/lf.txt"), remove("all/lf.txt")],
    "one that is not checked out": [addSubmodule(), ...withoutSubmodules],
    "a submodule that is not checked out, in a copy of everything": [
      write({ Dockerfile: "FROM scratch\nCOPY . /\n" }),
      addSubmodule(),
      ...withoutSubmodules,
    ],
    "a submodule whose recorded commit is nowhere": [
      addSubmodule(),
      git(`update-index --cacheinfo 160000,${"1".repeat(40)},all/sub`),
      git("commit -q -m nowhere"),
    ],
  },
  GIT_FAILED: {
    "a required filter that fails": [
      attributes("*.txt filter=bad\n"),
      git("config filter.bad.smudge false"),
      git("config filter.bad.required true"),
    ],
  },
};

function none(): never {
  return assert.fail("no library is needed");
}

/** The keys, or the code of the error. */
async function keyed(tree: Promise<Tree>) {
  try {
    const { images, covered } = await keysOf(await tree);
    return { keys: images.map(({ name, key }) => `${name} ${key}`), covered };
  } catch (error) {
    if (error instanceof BerthError) return error.code;
    throw error;
  }
}

const all = Object.entries(states).flatMap(([expected, named]) =>
  Object.entries(named).map(([name, steps]) => ({ name, expected, steps })),
);
for (const { name, expected, steps } of all)
  test(`work tree and HEAD have one key, or one says why not: ${name}`, async (t) => {
    const repository = copyOf(t, original);
    let library: Repository | undefined;
    for (const step of steps)
      step(repository, () => {
        library ??= copyOf(t, libraryOfAll);
        return library;
      });
    const opened = await repository.open();
    const tree = workTree(opened, realFiles());
    const work = await keyed(Promise.resolve(tree));
    const head = await keyed(revisionTrees(opened)("HEAD"));
    const codes = [work, head].filter((one) => typeof one === "string");
    if (expected !== "same" && expected !== "dirty") {
      const isTold = codes.some((code) => code === expected);
      assert.ok(isTold, `${JSON.stringify([work, head])}`);
      return;
    }
    assert.ok(typeof work !== "string" && typeof head !== "string", codes.join());
    const { files: covered, folders } = work.covered;
    const dirty = await dirtyPaths(opened, tree, [...covered, ...folders]);
    assert.equal(dirty.length > 0, expected === "dirty", dirty.join());
    if (expected === "same") assert.deepEqual(work.keys, head.keys);
  });

test("where a conversion holds, the key is of what a checkout writes", async (t) => {
  const repository = copyOf(t, original);
  const before = await keyed(revisionTrees(await repository.open())("HEAD"));
  attributes("*.txt text eol=crlf\n")(repository, none);
  const tree = await revisionTrees(await repository.open())("HEAD");
  const both = ["all/lf.txt", "only/this"];
  for (const read of [await Promise.all(both.map(tree.read)), await tree.readMany(both)])
    assert.deepEqual(read.map(String), ["one\r\ntwo\r\n", "this\n"]);
  assert.notDeepEqual(await keyed(Promise.resolve(tree)), before);
});

test("a revision's own attributes decide, not those of the checkout", async (t) => {
  const repository = copyOf(t, original);
  attributes("*.txt text eol=crlf\n")(repository, none);
  const converted = repository.run("rev-parse", "HEAD");
  for (const checkout of [first, converted]) {
    repository.run("checkout", "-q", checkout);
    again(repository);
    const read = async (rev: string) =>
      (await (await revisionTrees(await repository.open())(rev)).read("all/lf.txt"))?.toString();
    assert.deepEqual([await read(first), await read(converted)], ["one\ntwo\n", "one\r\ntwo\r\n"]);
  }
});
