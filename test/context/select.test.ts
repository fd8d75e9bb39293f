import assert from "node:assert/strict";
import { test } from "node:test";
import { describeContext } from "../../src/context/context.ts";
import type { ContextSource } from "../../src/context/source.ts";
import type { Tree } from "../../src/context/tree.ts";
import { BerthError } from "../../src/errors.ts";
import { type MemoryFile, memoryTree } from "../support/tree.ts";

const files: Readonly<Record<string, MemoryFile>> = {
  "readme.md": "r",
  "src/a.c": "a",
  "src/a.h": "h",
  "src/deep/b.c": "b",
  "src/deep/to-readme": { link: "../../readme.md" },
  "srv/x": "x",
  "run.sh": { exec: "#!/bin/sh" },
  "[x]": "brackets",
  "star*": "star",
  "links/file": { link: "../readme.md" },
  "links/folder": { link: "../src/deep" },
  "links/absolute": { link: "/srv" },
  "links/chain": { link: "file" },
  "links/escape": { link: "../../../../../readme.md" },
  "links/dangling": { link: "nowhere" },
  "links/up": { link: "folder/.." },
  "links/to-secret": { link: "../secret/key" },
  "loop/a": { link: "b" },
  "loop/b": { link: "a" },
  "secret/key": "k",
  "secret/public": "p",
  "docs/only.md": "ignored below",
  ".dockerignore": "secret\n!secret/public\ndocs/*.md\n",
};

const deep = "src/deep/b.c src/deep/to-readme";
const subtree = `src/a.c src/a.h ${deep}`;

/** What sources take; behind that stands what of them is missing. */
const cases: readonly (readonly [name: string, string, taken: string, missing?: string])[] = [
  ["a file", "readme.md", "readme.md"],
  ["a folder takes all that is below it, and not what begins like it", "src", subtree],
  ["leading slashes and dots do not count", "/readme.md ./src/a.c", "readme.md src/a.c"],
  ["two dots stop at the root", "../../readme.md src/../srv", "readme.md srv/x"],
  ["a slash at the end does not count", "src/deep/", deep],
  ["a wildcard stays within one element", "src/*.c", "src/a.c"],
  ["a wildcard takes folders whole", "sr?", `${subtree} srv/x`],
  ["a wildcard in the middle", "src/*/b.[a-c]", "src/deep/b.c"],
  ["a negated class", "src/a.[^h]", "src/a.c"],
  ["an escaped wildcard is a name", "star\\* \\[x]", "[x] star*"],
  ["without wildcards every character is itself", "=star* =[x]", "[x] star*"],
  ["a wildcard that takes nothing is no mistake", "*.nope nope*/x", ""],
  ["a name that is not there is missing", "nope readme.md", "readme.md", "nope"],
  ["names are case-sensitive", "README.md", "", "README.md"],
  ["a path through a file is missing", "readme.md/x", "", "readme.md/x"],
  ["what is ignored is not there", "secret/key", "", "secret/key"],
  ["an exception is", "secret", "secret/public"],
  ["a folder is there though all in it is ignored", "docs", "docs/"],
  ["a link and where it leads", "links/file", "links/file readme.md"],
  ["a link to a folder", "links/folder", `links/folder ${deep}`],
  ["a link on the way", "links/folder/b.c", "links/folder src/deep/b.c"],
  ["an absolute link begins at the context", "links/absolute/x", "links/absolute srv/x"],
  ["links that lead to links", "links/chain", "links/chain links/file readme.md"],
  ["a link stops at the root", "links/escape", "links/escape readme.md"],
  ["two dots after a link mean where the link led", "links/up", `links/folder links/up ${subtree}`],
  ["a link that leads nowhere", "links/dangling", "links/dangling", "links/dangling"],
  ["a link to what is ignored", "links/to-secret", "links/to-secret", "links/to-secret"],
  ["links inside a folder are not followed", "src/deep", deep],
  ["links that a wildcard takes are followed", "links/f*e", "links/file readme.md"],
  ["overlapping sources take everything once", "src src/a.c *.md", `readme.md ${subtree}`],
];

/** `=` before a source turns its wildcards off. */
function sourcesOf(text: string): ContextSource[] {
  return text.split(" ").map((word, index) => ({
    kind: "path",
    pattern: word.replace(/^=/, ""),
    wildcards: !word.startsWith("="),
    line: index + 1,
  }));
}

/** Folders have a slash at their end. */
async function describe(
  tree: Tree,
  sources: readonly ContextSource[],
  context = "",
  dockerfile = "Dockerfile",
) {
  const found = await describeContext(tree, { dockerfile, context, sources });
  const missing = found.missing.map((source) => (source.kind === "path" ? source.pattern : "*"));
  const entries = found.entries.map(({ path, kind }) => (kind === "folder" ? `${path}/` : path));
  return { ...found, entries, missing: missing.join(" ") };
}

for (const [name, sources, taken, missing = ""] of cases)
  test(`sources: ${name}`, async () => {
    const found = await describe(memoryTree(files), sourcesOf(sources));
    assert.equal(found.entries.join(" "), taken);
    assert.equal(found.missing, missing);
    assert.equal(found.ignoreFile, ".dockerignore");
  });

test("everything is everything that is not ignored, loops of links included", async () => {
  const all = Object.keys(files).filter((path) => path !== "secret/key" && path !== "docs/only.md");
  for (const source of [{ kind: "everything", line: 1 } as const, ...sourcesOf(". / ..")]) {
    const found = await describe(memoryTree(files), [source]);
    assert.deepEqual(found.entries, [...all, "docs/"].sort());
  }
});

test("of the context no more is read than the sources and their links lead to", async () => {
  const read = new Set<string>();
  const tree = memoryTree(files);
  const folder: Tree["folder"] = (path) => tree.folder(read.add(path) && path);
  await describe({ ...tree, folder }, sourcesOf("src/deep links/absolute"));
  assert.deepEqual([...read].sort(), ["", "links", "src", "src/deep", "srv"]);
});

test("entries are those below the context's folder, by the patterns of its ignore file", async () => {
  const plain = { "c/.dockerignore": "x\n", "c/x": "", "c/d/x": "", x: "" };
  const tree = memoryTree({ ...plain, "c/d/up": { link: "/../d/x" } });
  const found = await describe(tree, sourcesOf("* d/up"), "c");
  assert.deepEqual(found.entries, ["c/.dockerignore", "c/d/up", "c/d/x"]);
  assert.equal(found.ignoreFile, "c/.dockerignore");
});

test("what links below a followed folder lead to is taken too, over several links and no loop", async () => {
  const tree = memoryTree({
    "s/l": { link: "../t" },
    "s/deep/up": { link: "../.." },
    "s/loop": { link: "loop" },
    "t/x": "",
    "t/again": { link: "../u/y" },
    "u/y": "",
    "u/z": "",
  });
  const taken = async (pattern: string, follow?: true) => {
    const source = { kind: "path", pattern, wildcards: false, follow, line: 1 } as const;
    return (await describe(tree, [source])).entries;
  };
  assert.deepEqual(await taken("s"), ["s/deep/up", "s/l", "s/loop"]);
  const all = ["s/deep/up", "s/l", "s/loop", "t/again", "t/x", "u/y", "u/z"];
  assert.deepEqual(await taken("s", true), all);
  assert.deepEqual(await taken("t", true), ["t/again", "t/x", "u/y"]);
});

/** The names are single letters, and what is ignored is the name that stands in the file. */
const ignoreFiles: readonly (readonly [files: Readonly<Record<string, string>>, used: string])[] = [
  [{ "D.dockerignore": "a", "D.containerignore": "b", ".containerignore": "c" }, "D.dockerignore"],
  [{ "D.containerignore": "b", ".containerignore": "c" }, "D.containerignore"],
  [{ "D.containerignore": "b", ".dockerignore": "b" }, "D.containerignore"],
  [{ "D.containerignore": "b", ".dockerignore": "d" }, "refused"],
  [{ ".containerignore": "c" }, ".containerignore"],
  [{ ".containerignore": "c", ".dockerignore": "c" }, ".containerignore"],
  [{ ".containerignore": "c", ".dockerignore": "d" }, "refused"],
  [{ ".dockerignore": "d" }, ".dockerignore"],
];

for (const [files, used] of ignoreFiles)
  test(`of ${Object.keys(files).join(" and ")} ${used} is what counts`, async () => {
    const tree = memoryTree({ ...files, a: "", b: "", c: "", d: "" });
    const described = describe(tree, sourcesOf("[abcd]"), "", "D");
    if (used === "refused") {
      const problems = await problemsOf(described);
      assert.match(problems.join(), /containerignore:1 .*\.dockerignore says otherwise/);
      return;
    }
    const { entries, ignoreFile } = await described;
    assert.equal(ignoreFile, used);
    const left = ["a", "b", "c", "d"].filter((name) => name !== files[used]);
    assert.deepEqual(entries, left);
  });

test("the Dockerfile's own ignore file wins over the context's", async () => {
  const tree = memoryTree({
    "c/.dockerignore": "a\n",
    "c/a": "",
    "c/b": "",
    "d/x.docker": "",
    "d/x.docker.dockerignore": { link: "../rules" },
    rules: "b\n.dockerignore\n",
  });
  const own = await describe(tree, sourcesOf("*"), "c", "d/x.docker");
  assert.deepEqual([own.ignoreFile, own.entries], ["d/x.docker.dockerignore", ["c/a"]]);
  const other = await describe(tree, sourcesOf("*"), "c", "d/y.docker");
  assert.equal(other.ignoreFile, "c/.dockerignore");
});

async function problemsOf(promise: Promise<unknown>): Promise<string[]> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  assert.ok(error instanceof BerthError && error.code === "CONTEXT_INVALID");
  return error.problems.map(({ file, line, message }) => `${file}:${line} ${message}`);
}

test("all that cannot be built from is named at once, with the Dockerfile's lines", async () => {
  const lib = { "lib/sub": { submodule: true }, "lib/ok": "1" } as const;
  const tree = memoryTree({ ...lib, "loop/a": { link: "b" }, "loop/b": { link: "a" } });
  const [loop, sub, pattern, ...more] = await problemsOf(
    describe(tree, sourcesOf("loop/a lib [ lib/sub/x")),
  );
  assert.match(loop ?? "", /^Dockerfile:1 loop\/a: loop\/. is a loop of links$/);
  assert.match(sub ?? "", /^Dockerfile:2 .*lib\/sub.*git submodule update --init lib\/sub$/);
  assert.match(pattern ?? "", /^Dockerfile:3 \[: /);
  assert.deepEqual(more, []);
  const ignoring = memoryTree({ ...lib, ".dockerignore": "lib/sub" });
  assert.deepEqual((await describe(ignoring, sourcesOf("lib"))).entries, ["lib/ok"]);
});

test("of what one line reaches and is not here the first eight are told, and how many more", async () => {
  const subs = Array.from({ length: 12 }, (_, n) => [`lib/${n}`, { submodule: true }] as const);
  const tree = memoryTree({ ...Object.fromEntries(subs), "loop/a": { link: "a" } });
  const said = await problemsOf(describe(tree, sourcesOf("lib loop/a")));
  const told = ["reaches 4 more that are not here", "loop/a: loop/a is a loop of links"];
  assert.deepEqual(said.slice(8), [`Dockerfile:1 ${told[0]}`, `Dockerfile:2 ${told[1]}`]);
});

test("a copy of the whole context has submodules that are not checked out as empty folders", async () => {
  const subs = { "lib/sub": { submodule: true }, roms: { submodule: true } } as const;
  const tree = memoryTree({ Dockerfile: "", ...subs });
  const whole = { kind: "path", pattern: "", wildcards: false, line: 2 } as const;
  const { emptied, entries } = await describe(tree, [whole]);
  assert.deepEqual(emptied, ["lib/sub", "roms"]);
  assert.deepEqual(entries, ["Dockerfile", "lib/sub/", "roms/"]);
  const message =
    "reaches submodule lib/sub, which is not checked out: git submodule update --init lib/sub";
  await assert.rejects(describe(tree, [whole, { ...whole, pattern: "lib", line: 3 }]), {
    code: "CONTEXT_ABSENT",
    problems: [{ file: "Dockerfile", line: 2, column: 1, message }],
  });
});
