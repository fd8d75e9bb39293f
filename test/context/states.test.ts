/**
 * Whatever state a repository is in, the keys of its work tree and of its HEAD are the same, or one of them is an
 * error, or git itself calls the work tree changed (which in CI is an error too).
 */
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { dirtyPaths } from "../../src/context/dirty.ts";
import { revisionTree } from "../../src/context/revision.ts";
import type { Tree } from "../../src/context/tree.ts";
import { workTree } from "../../src/context/worktree.ts";
import { BerthError, type ErrorCode } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { keysOf } from "./keys.ts";
import { copyOf, makeRepository, type Repository } from "./repository.ts";

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

const committed = makeRepository({ after }, files);
const first = committed.commit();
const libraryOfAll = makeRepository({ after }, { "lib.txt": "lib\n" });
libraryOfAll.commit();

/** Checks everything out again, as a new clone would. */
function again(repository: Repository): void {
  repository.run("rm", "-rq", "--cached", ".");
  repository.run("reset", "-q", "--hard");
}

function attributes(text: string, place = ".gitattributes") {
  return (repository: Repository): void => {
    repository.write({ [place]: text });
    repository.commit();
    again(repository);
  };
}

function settings(...pairs: readonly (readonly [string, string])[]) {
  return (repository: Repository): void => {
    for (const [name, value] of pairs) repository.run("config", name, value);
    again(repository);
  };
}

/** A filter that turns letters round at both ends. */
const rot = [
  ["filter.rot.clean", "tr a-mn-z n-za-m"],
  ["filter.rot.smudge", "tr a-mn-z n-za-m"],
] as const;

/** Another repository, made when it is asked for. */
type Library = () => Repository;

function submodule(repository: Repository, library: Library): void {
  repository.run("submodule", "add", "-q", library().path, "all/sub");
  repository.commit();
}

type Expected = "same" | "dirty" | ErrorCode;

interface State {
  readonly name: string;
  readonly enter: (repository: Repository, library: Library) => void;
  /** What comes of it; an error stands for the one that either of the two gives. */
  readonly expected: Expected;
}

const states: readonly State[] = [
  { name: "as committed", enter: () => undefined, expected: "same" },
  { name: "eol=crlf", enter: attributes("*.txt text eol=crlf\n"), expected: "same" },
  { name: "eol=lf", enter: attributes("*.txt text eol=lf\n"), expected: "same" },
  { name: "text=auto eol=crlf", enter: attributes("* text=auto eol=crlf\n"), expected: "same" },
  {
    name: "eol by a macro in a folder",
    enter: (repository) => {
      repository.write({ ".gitattributes": "[attr]dos text eol=crlf\n" });
      attributes("lf.txt dos\n", "all/deep/.gitattributes")(repository);
    },
    expected: "same",
  },
  { name: "ident", enter: attributes("*.c ident\n"), expected: "same" },
  {
    name: "working-tree-encoding",
    enter: (repository) => {
      const text = Buffer.from("\ufeffgröße\n", "utf16le");
      writeFileSync(join(repository.path, "all/ünicode.enc"), text);
      attributes("*.enc text working-tree-encoding=UTF-16LE-BOM\n")(repository);
      assert.equal(repository.run("show", "HEAD:all/ünicode.enc"), "größe");
    },
    expected: "same",
  },
  {
    name: "a filter",
    enter: (repository) => {
      settings(...rot)(repository);
      attributes("*.txt filter=rot\n")(repository);
    },
    expected: "same",
  },
  {
    name: "a filter that nobody configured",
    enter: attributes("*.txt filter=rot\n"),
    expected: "same",
  },
  {
    name: "a required filter that fails",
    enter: (repository) => {
      attributes("*.txt filter=bad\n")(repository);
      repository.run("config", "filter.bad.smudge", "false");
      repository.run("config", "filter.bad.required", "true");
    },
    expected: "GIT_FAILED",
  },
  { name: "core.autocrlf", enter: settings(["core.autocrlf", "true"]), expected: "same" },
  { name: "core.autocrlf=input", enter: settings(["core.autocrlf", "input"]), expected: "same" },
  {
    name: "core.eol=crlf with text=auto",
    enter: (repository) => {
      repository.run("config", "core.eol", "crlf");
      attributes("* text=auto\n")(repository);
    },
    expected: "same",
  },
  {
    name: "attributes beside the repository",
    enter: (repository) => {
      repository.write({ ".git/info/attributes": "*.txt eol=crlf\n" });
      again(repository);
    },
    expected: "same",
  },
  {
    name: "attributes of the user",
    enter: (repository) => {
      repository.write({ ".git/mine": "*.txt eol=crlf\n" });
      settings(["core.attributesFile", join(repository.path, ".git/mine")])(repository);
    },
    expected: "same",
  },
  {
    name: "attributes that came after the checkout",
    enter: (repository) => {
      repository.write({ ".gitattributes": "*.txt eol=crlf\n" });
      repository.commit();
    },
    expected: "TREE_DIRTY",
  },
  {
    name: "core.autocrlf that came after the checkout",
    enter: (repository) => repository.run("config", "core.autocrlf", "true"),
    expected: "TREE_DIRTY",
  },
  {
    name: "an editor's CRLF that a commit takes away",
    enter: (repository) => {
      attributes("* text=auto\n")(repository);
      repository.write({ "all/lf.txt": "one\r\ntwo\r\n" });
      repository.commit();
    },
    expected: "TREE_DIRTY",
  },
  {
    name: "core.symlinks=false",
    enter: settings(["core.symlinks", "false"]),
    expected: "same",
  },
  {
    name: "core.fileMode=false",
    enter: (repository) => {
      repository.run("config", "core.fileMode", "false");
      repository.write({ "all/tool": "#!/bin/sh\n" });
    },
    expected: "same",
  },
  {
    name: "a sparse checkout with all that images reach",
    enter: (repository) => repository.run("sparse-checkout", "set", "all", "only"),
    expected: "same",
  },
  {
    name: "a sparse checkout without a folder that an image reaches",
    enter: (repository) => repository.run("sparse-checkout", "set", "only"),
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "a sparse checkout without a Dockerfile",
    enter: (repository) => {
      repository.write({ "more/Dockerfile": "FROM scratch\nENV A=1\n" });
      repository.commit();
      repository.run("sparse-checkout", "set", "all", "only");
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "a sparse checkout without an ignore file",
    enter: (repository) => {
      repository.run("sparse-checkout", "set", "--no-cone", "/*", "!/.dockerignore");
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "skip-worktree, changed",
    enter: (repository) => {
      repository.run("update-index", "--skip-worktree", "all/lf.txt");
      repository.write({ "all/lf.txt": "mine\n" });
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "skip-worktree, unchanged",
    enter: (repository) =>
      repository.run("update-index", "--skip-worktree", "all/lf.txt", "all/link"),
    expected: "same",
  },
  {
    name: "skip-worktree, deleted",
    enter: (repository) => {
      repository.run("update-index", "--skip-worktree", "all/lf.txt");
      rmSync(join(repository.path, "all/lf.txt"));
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "assume-unchanged, changed",
    enter: (repository) => {
      repository.run("update-index", "--assume-unchanged", "only/this");
      repository.write({ "only/this": "mine\n" });
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "assume-unchanged, deleted",
    enter: (repository) => {
      repository.run("update-index", "--assume-unchanged", "all/lf.txt");
      rmSync(join(repository.path, "all/lf.txt"));
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "assume-unchanged, unchanged",
    enter: (repository) => repository.run("update-index", "--assume-unchanged", "only/this"),
    expected: "same",
  },
  {
    name: "changed",
    enter: (repository) => repository.write({ "only/this": "mine\n" }),
    expected: "dirty",
  },
  { name: "a submodule that is checked out", enter: submodule, expected: "same" },
  {
    name: "attributes inside a submodule",
    enter: (repository, library) => {
      library().write({ ".gitattributes": "*.txt eol=crlf\n" });
      library().commit();
      submodule(repository, library);
    },
    expected: "same",
  },
  {
    name: "a submodule that is not checked out",
    enter: (repository, library) => {
      submodule(repository, library);
      repository.run("submodule", "deinit", "-q", "-f", "--all");
      rmSync(join(repository.path, ".git/modules"), { recursive: true });
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "a submodule that is not checked out, in a copy of everything",
    enter: (repository, library) => {
      repository.write({ Dockerfile: "FROM scratch\nCOPY . /\n" });
      submodule(repository, library);
      repository.run("submodule", "deinit", "-q", "-f", "--all");
      rmSync(join(repository.path, ".git/modules"), { recursive: true });
    },
    expected: "CONTEXT_ABSENT",
  },
  {
    name: "a submodule at another commit",
    enter: (repository, library) => {
      submodule(repository, library);
      library().write({ "lib.txt": "newer\n" });
      library().commit();
      repository.run("-C", "all/sub", "pull", "-q");
    },
    expected: "dirty",
  },
  {
    name: "a submodule at another commit that nothing copies",
    enter: (repository, library) => {
      repository.run("submodule", "add", "-q", library().path, "other/sub");
      repository.commit();
      repository.run("-C", "other/sub", "commit", "-q", "--allow-empty", "-m", "newer");
    },
    expected: "same",
  },
  {
    name: "a submodule whose recorded commit is nowhere",
    enter: (repository, library) => {
      submodule(repository, library);
      const nowhere = "1".repeat(40);
      repository.run("update-index", "--cacheinfo", `160000,${nowhere},all/sub`);
      repository.run("commit", "-q", "-m", "nowhere");
    },
    expected: "CONTEXT_ABSENT",
  },
];

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

for (const { name, enter, expected } of states) {
  test(`work tree and HEAD have one key, or one says why not: ${name}`, async (t) => {
    const repository = copyOf(t, committed);
    let library: Repository | undefined;
    enter(repository, () => {
      library ??= copyOf(t, libraryOfAll);
      return library;
    });
    const git = await repository.open();
    const work = await keyed(Promise.resolve(workTree(git, realFiles())));
    const head = await keyed(revisionTree(git, "HEAD"));
    const codes = [work, head].filter((one) => typeof one === "string");
    if (expected !== "same" && expected !== "dirty") {
      assert.ok(codes.includes(expected), `${JSON.stringify([work, head])}`);
      return;
    }
    assert.ok(typeof work !== "string" && typeof head !== "string", codes.join());
    const { files: covered, folders } = work.covered;
    const dirty = await dirtyPaths(git, [...covered, ...folders]);
    assert.equal(dirty.length > 0, expected === "dirty", dirty.join());
    if (expected === "same") assert.deepEqual(work.keys, head.keys);
  });
}

test("where a conversion holds, the key is of what a checkout writes", async (t) => {
  const repository = copyOf(t, committed);
  const before = await keyed(revisionTree(await repository.open(), "HEAD"));
  attributes("*.txt text eol=crlf\n")(repository);
  const tree = await revisionTree(await repository.open(), "HEAD");
  assert.equal((await tree.read("all/lf.txt"))?.toString(), "one\r\ntwo\r\n");
  assert.equal((await tree.read("only/this"))?.toString(), "this\n");
  assert.notDeepEqual(await keyed(Promise.resolve(tree)), before);
});

test("a revision's own attributes decide, not those of the checkout", async (t) => {
  const repository = copyOf(t, committed);
  attributes("*.txt text eol=crlf\n")(repository);
  const dos = repository.run("rev-parse", "HEAD");
  for (const checkout of [first, dos]) {
    repository.run("checkout", "-q", checkout);
    again(repository);
    const read = async (rev: string) =>
      (await (await revisionTree(await repository.open(), rev)).read("all/lf.txt"))?.toString();
    assert.deepEqual([await read(first), await read(dos)], ["one\ntwo\n", "one\r\ntwo\r\n"]);
  }
});
