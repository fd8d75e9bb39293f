import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BerthError, type Problem } from "../../src/errors.ts";
import { identify } from "../../src/image/identify.ts";
import type { Image } from "../../src/image/image.ts";
import { setIdOf } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { declaredImage } from "../support/keyed.ts";
import { type MemoryFile, memoryTree } from "../support/tree.ts";

type Files = Readonly<Record<string, MemoryFile>>;

const parentOf = (reference: string): string | undefined =>
  /^qemu\/([a-z0-9-]+)$/.exec(reference)?.[1];

async function keysOf(files: Files, images: readonly Image[]): Promise<Record<string, string>> {
  const found = await identify(images, memoryTree(files), { parentOf });
  return Object.fromEntries(found.images.map(({ name, key }) => [name, key]));
}

async function keyOf(files: Files, change: Partial<Image> = {}): Promise<string> {
  return (await keysOf(files, [declaredImage("x", change)]))["x"] ?? "";
}

const dockerfile = [
  "ARG BASE=debian:13-slim",
  "FROM ${BASE}",
  "ARG USER",
  "COPY scripts/ /opt/scripts/",
  "RUN apt-get update && apt-get install -y gcc",
  "",
].join("\n");
const files: Files = {
  "x.docker": dockerfile,
  "scripts/build.sh": { exec: "#!/bin/sh\nmake\n" },
  "scripts/notes": "notes\n",
  "scripts/link": { link: "build.sh" },
  "README.md": "readme\n",
};

describe("golden keys: another value is another release, for it rebuilds the world once", () => {
  const bound =
    "FROM debian:13\nRUN --mount=source=scripts,target=/s --mount=from=tools:1,target=/t make\n";
  const staged = "FROM debian:13 AS a\nRUN --mount=type=secret,id=npm make\nFROM a\n";
  const npm = { secrets: [{ id: "npm", env: "NPM" }], epoch: "2026-11" };
  const ofBase = { "base.docker": "FROM scratch\n" };
  const golden: readonly (readonly [
    string,
    text: string,
    change: Partial<Image>,
    key: string,
    Files?,
  ])[] = [
    [
      "one instruction",
      "FROM scratch\n",
      {},
      "b04fe8dde73b5a14a664068698c7dc5d5e4a3f44e8993fdf696dd005dbcfd316",
    ],
    [
      "args, a context with a link and an executable file",
      dockerfile,
      { args: { USER: "root" } },
      "63abe2ded8980ca34fd5d0afdc684694ccc3fd508c6ba63cd86cd720f91bc9f6",
      files,
    ],
    [
      "target, platform, secrets and epoch",
      staged,
      { target: "a", platform: "linux/arm64", ...npm },
      "cead4429f69a9bd9c69fd236db2be0f9e5d300b562d5768671b5a472ed5ee21e",
    ],
    [
      "a heredoc",
      "FROM debian:13\nRUN <<EOF\nset -e\n# counts\nmake\nEOF\n",
      {},
      "b46696a323933b108daa5fae7c7d55a7c0c1c10cf08af3f1382c55f0dfcb5cf0",
    ],
    [
      "directives, and comments inside an instruction",
      "# escape=`\n# check=skip=all\n# c\nFROM debian:13\nRUN a `\n  # b\n  c\n",
      {},
      "a9ab70e04c66c0930891737208b008bb8a0560e0e0f3073509a407c61e214db9",
    ],
    [
      "a foreign frontend",
      "# syntax=example.com/frontend\n\n# c\nFROM debian:13\n",
      {},
      "67eb9a517d1ba57c9d19241b2cbceb9450da7f641c08bbac9dc4aaf84b4c245a",
    ],
    [
      "a stage by its number among those that count",
      "FROM a\nFROM b\nRUN c\nFROM d\nCOPY --from=1 x y\n",
      {},
      "b4ce70e75c6f274470a991ba19219466ab8b055f4a026f82e84041375c44c7af",
    ],
    [
      "a global ARG with its default, and a proxy",
      "ARG V=13\nARG UNUSED=1\nFROM debian:${V}\nRUN make\n",
      { args: { HTTPS_PROXY: "http://proxy" } },
      "f8996491cfe96b4390e511aaa713a346b44aedb7617545fec6963bd1ee7fb0bd",
    ],
    [
      "carriage returns and characters of other scripts",
      '\ufeffFROM debian:13\r\nLABEL a="grün"\r\n',
      {},
      "aa4fe6ce7cd080cdfd8b64dc46a2194694e950961c454dc0bd469710cb69eeb3",
    ],
    [
      "bind mounts, of the context and of an image",
      bound,
      {},
      "d669032cd29ca4abd50b85eac3e044dc24a1cea7d97186c1dede768b60521b81",
      { "scripts/a": "a\n" },
    ],
    [
      "a base with triggers",
      dockerfile,
      { onbuild: true, args: { USER: "root", ANY: "1" } },
      "eb7d777608383b94d92508fc6427f66b9363316b922c0dd70f822a53c8b11bcc",
      files,
    ],
    [
      "a parent's key, under the reference as written",
      "FROM qemu/base\nCOPY --from=qemu/base a b\n",
      {},
      "ad61270f41dbf5e225afe2726021ec1a5b3d93339777cafb3099949da785943a",
      ofBase,
    ],
  ];
  for (const [what, text, change, expected, more = {}] of golden)
    test(what, async () => {
      const images = [declaredImage("x", change)];
      if ("base.docker" in more) images.push(declaredImage("base"));
      assert.equal((await keysOf({ ...more, "x.docker": text }, images))["x"], expected);
    });

  test("a set", async () => {
    const images = [declaredImage("base"), declaredImage("child")];
    const tree = { "base.docker": "FROM scratch\n", "child.docker": "FROM qemu/base\n" };
    const keys = await identify(images, memoryTree(tree), { parentOf });
    const place = { repository: "{name}", upstream: undefined };
    const id = setIdOf(keys.images, place);
    assert.equal(id, "cf0bc0a34335eb48cbb11fdca72096249ab04fd8ee46e69413f80a863eea194b");
    assert.equal(setIdOf([...keys.images].reverse(), place), id);
    const upstream = parseRepository("r.example/up");
    for (const other of [{ repository: "ci/{name}" }, { upstream }])
      assert.notEqual(setIdOf(keys.images, { ...place, ...other }), id);
  });
});

describe("a key does not change with", () => {
  const commented = dockerfile.replace("ARG USER", "  # why\n\nARG USER");
  const besides = dockerfile.replace("FROM", "FROM unused AS unused\nRUN true\nFROM");
  const same: readonly [string, Files, Partial<Image>?][] = [
    ["a comment and blank lines between instructions", { "x.docker": commented }],
    ["a BOM", { "x.docker": `\ufeff${dockerfile}` }],
    ["the Dockerfile's path", { "elsewhere/y": dockerfile }, { dockerfile: "elsewhere/y" }],
    ["a file that no instruction reaches", { "README.md": "other\n" }],
    ["a stage that the target does not need", { "x.docker": besides }],
    ["an image's name", {}, { name: "y" }],
    ["a value of an undeclared arg", {}, { args: { OTHER: "1" } }],
  ];
  for (const [what, more, change] of same)
    test(what, async () => {
      const keys = await keysOf({ ...files, ...more }, [declaredImage("x", change)]);
      assert.deepEqual(Object.values(keys), [await keyOf(files)]);
    });

  test("files that an ignore file leaves out", async () => {
    const ignoring = { ...files, ".dockerignore": "scripts/notes\n" };
    assert.equal(await keyOf(ignoring), await keyOf({ ...ignoring, "scripts/notes": "other\n" }));
    assert.notEqual(await keyOf(ignoring), await keyOf(files));
  });

  test("the order of configured args and of images", async () => {
    const text = { "x.docker": "FROM debian:13\nARG A\nARG B\nRUN make\n" };
    const expected = await keyOf(text, { args: { A: "1", B: "2", C: "3" } });
    for (const args of [
      { C: "3", A: "1", B: "2" },
      { B: "2", C: "3", A: "1" },
    ])
      assert.equal(await keyOf(text, { args }), expected);
  });
});

describe("a key changes with", () => {
  const written = (from: string, to: string) => ({ "x.docker": dockerfile.replace(from, to) });
  const inForce = { args: { BASE: "debian:13-slim" } };
  const other: readonly [string, Files, Partial<Image>?][] = [
    ["the layout of an instruction", written("ARG USER", "ARG  USER")],
    ["a default in force, even if configured", written("debian:13-slim", "other"), inForce],
    ["a byte of an instruction", written("gcc", "g++")],
    ["a syntax directive", written("ARG BASE", "# syntax=docker/dockerfile:1\nARG BASE")],
    ["the base", {}, { args: { BASE: "debian:12" } }],
    ["a declared arg, even if no instruction names it", {}, { args: { USER: "x" } }],
    ["an arg that is empty instead of unset", {}, { args: { USER: "" } }],
    ["a byte of a file", { "scripts/notes": "notes!\n" }],
    ["an executable bit", { "scripts/notes": { exec: "notes\n" } }],
    ["a symlink's target", { "scripts/link": { link: "notes" } }],
    ["a link that becomes a file of the same bytes", { "scripts/link": "build.sh" }],
    ["a file's name", { "scripts/notes": "", "scripts/notes2": "notes\n" }],
    ["bytes that move to the next file", { "scripts/notes": "note", "scripts/notes2": "s\n" }],
    ["the platform", {}, { platform: "linux/arm64" }],
    ["an epoch", {}, { epoch: "1" }],
    ["a secret's id", {}, { secrets: [{ id: "a", env: "A" }] }],
    ["ONBUILD in the base, declared", {}, { onbuild: true }],
  ];
  for (const [what, more, change] of other)
    test(what, async () =>
      assert.notEqual(await keyOf({ ...files, ...more }, change), await keyOf(files)),
    );

  test("its parent's key, and that of its parent's parent", async () => {
    const images = [declaredImage("a"), declaredImage("b"), declaredImage("c"), declaredImage("d")];
    const set = {
      "a.docker": "FROM debian:13\nRUN one\n",
      "b.docker": "FROM qemu/a\n",
      "c.docker": "FROM debian\nCOPY --from=qemu/b /x /x\n",
      "d.docker": "FROM debian\n",
    };
    const before = await keysOf(set, images);
    const after = await keysOf({ ...set, "a.docker": "FROM debian:13\nRUN two\n" }, images);
    const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
    assert.deepEqual(changed, ["a", "b", "c"]);
  });

  test("which of two parents stands where, though both are the same two", async () => {
    const images = ["a", "b", "x"].map((name) => declaredImage(name));
    const anyOf = (reference: string): string | undefined =>
      ({ "one/a": "a", "two/a": "b", "one/b": "b", "two/b": "a" })[reference];
    const keyWith = async (text: string): Promise<string | undefined> => {
      const tree = { "a.docker": "FROM p\n", "b.docker": "FROM q\n", "x.docker": text };
      const found = await identify(images, memoryTree(tree), { parentOf: anyOf });
      return found.images.find(({ name }) => name === "x")?.key;
    };
    const text = "FROM one/a\nCOPY --from=two/a x y\n";
    assert.notEqual(await keyWith(text), await keyWith(text.replaceAll("/a", "/b")));
  });

  test("no value of a secret is in what the key was made from", async () => {
    const image = declaredImage("x", { secrets: [{ id: "npm", env: "NPM_TOKEN" }] });
    const found = await identify([image], memoryTree(files), { parentOf });
    assert.deepEqual(found.images[0]?.inputs.secrets, ["npm"]);
    assert.doesNotMatch(JSON.stringify(found.images[0]?.inputs), /NPM_TOKEN/);
  });

  test("any file of the context where a parent of the set has ONBUILD", async () => {
    const images = [declaredImage("a"), declaredImage("b")];
    const set = {
      "a.docker": "FROM debian:13\nONBUILD COPY . /src\n",
      "b.docker": "FROM qemu/a\n",
      "some/file": "1",
    };
    const before = await keysOf(set, images);
    const after = await keysOf({ ...set, "some/file": "2" }, images);
    assert.equal(before["a"], after["a"]);
    assert.notEqual(before["b"], after["b"]);
  });
});

describe("what cannot be keyed", () => {
  const failure = async (set: Files, names: readonly string[]): Promise<BerthError> => {
    const keyed = keysOf(
      set,
      names.map((name) => declaredImage(name)),
    );
    const error: unknown = await keyed.catch((reason: unknown) => reason);
    assert.ok(error instanceof BerthError, "it was keyed");
    return error;
  };

  test("a cycle is named as a path", async () => {
    const copying = "FROM debian\nCOPY --from=qemu/a /x /\n";
    const set = { "a.docker": "FROM qemu/b\n", "b.docker": "FROM qemu/c\n", "c.docker": copying };
    const error = await failure(set, ["a", "b", "c"]);
    assert.equal(error.code, "IMAGE_CYCLE");
    assert.match(error.message, /a -> b -> c -> a/);
  });

  const placesOf = (problems: readonly Problem[]) =>
    problems.map(({ file, line }) => `${file}:${line}`).join(" ");

  test("the mistakes of all images come at once, with file and line", async () => {
    const wrong = "FROM debian\nADD https://example.com/x /x\nFOO\n";
    const long = `FROM debian\n${"#\n".repeat(600_000)}`;
    const set = { "a.docker": wrong, "b.docker": "\nRUN make\n", "c.docker": long };
    const { problems } = await failure(set, ["a", "b", "c"]);
    const places = "a.docker:2 a.docker:3 b.docker:1 b.docker:2 c.docker:1";
    assert.equal(placesOf(problems), places);
  });

  test("a file that goes away meanwhile is told alone, and by its name", async () => {
    const { message } = await failure({}, ["a", "b"]);
    assert.match(message, /read the Dockerfile of a: a\.docker is not in the tree in memory/);
  });

  test("so do those of all contexts, and any other failure is thrown as it is", async () => {
    const text = "FROM debian\nCOPY . /\n";
    const set = { "a.docker": text, "b.docker": text };
    const ignores = { "a.docker.dockerignore": "[\n", "b.docker.dockerignore": "ok\n[\n" };
    const { problems } = await failure({ ...set, ...ignores }, ["a", "b"]);
    assert.equal(placesOf(problems), "a.docker.dockerignore:1 b.docker.dockerignore:2");
    const broken = new BerthError("GIT_FAILED", "run git ls-files: broken");
    const reject = () => Promise.reject(broken);
    const tree = { ...memoryTree(files), folder: reject, entry: reject };
    await assert.rejects(identify([declaredImage("x")], tree, { parentOf }), broken);
  });

  test("a pointer of Git LFS is not the file itself, and is told with the line that reaches it", async () => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    const text = "FROM debian\nCOPY ok /\nCOPY d /d\n";
    const { code, problems } = await failure({ "a.docker": text, ok: "1", "d/big.bin": pointer }, [
      "a",
    ]);
    assert.deepEqual([code, placesOf(problems)], ["CONTEXT_ABSENT", "a.docker:3"]);
    assert.match(problems[0]?.message ?? "", /^reaches d\/big\.bin, .*: git lfs pull$/);
  });

  test("only what was asked for is read", async () => {
    const set = {
      "a.docker": "FROM qemu/b\n",
      "b.docker": "FROM debian\n",
      "broken.docker": "FOO\n",
    };
    const images = ["a", "b", "broken"].map((name) => declaredImage(name));
    const found = await identify(images, memoryTree(set), { parentOf, names: ["a"] });
    assert.equal(found.images.map(({ name }) => name).join(), "a,b");
  });

  test("between two Dockerfiles the event loop has its turn, so that a request goes on meanwhile", async () => {
    const names = ["a", "b", "c", "d"];
    const files = Object.fromEntries(names.map((name) => [`${name}.docker`, "FROM debian\n"]));
    let turns = 0;
    let done = false;
    const count = (): unknown => done || (++turns && setImmediate(count));
    setImmediate(count);
    await keysOf(
      files,
      names.map((name) => declaredImage(name)),
    );
    done = true;
    assert.ok(turns >= names.length, `${turns} turns`);
  });

  test("a source that is not there is a warning with its line, and where it would be is covered", async () => {
    for (const [text, context, warned, folders] of [
      ["FROM debian\nCOPY gone /\n", "", "x.docker:2", "gone"],
      ["FROM scratch\nCOPY a/b*/c [d] /\n", "e", "", "e/a e"],
      ["FROM debian\nCOPY $UNKNOWN /\n", "e", "", "e"],
    ] as const) {
      const image = declaredImage("x", { context });
      const { warnings, covered } = await identify([image], memoryTree({ "x.docker": text }), {
        parentOf,
      });
      assert.deepEqual([placesOf(warnings), covered.folders.join(" ")], [warned, folders]);
      assert.ok(covered.files.includes("x.docker"));
    }
  });
});
