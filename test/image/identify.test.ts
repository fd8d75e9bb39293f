import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { BerthError } from "../../src/errors.ts";
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
  const golden: readonly [string, Files, Partial<Image>, string][] = [
    [
      "one instruction",
      { "x.docker": "FROM scratch\n" },
      {},
      "b04fe8dde73b5a14a664068698c7dc5d5e4a3f44e8993fdf696dd005dbcfd316",
    ],
    [
      "args, a context with a link and an executable file",
      files,
      { args: { USER: "root" } },
      "63abe2ded8980ca34fd5d0afdc684694ccc3fd508c6ba63cd86cd720f91bc9f6",
    ],
    [
      "target, platform, secrets and epoch",
      { "x.docker": "FROM debian:13 AS a\nRUN --mount=type=secret,id=npm make\nFROM a\n" },
      {
        target: "a",
        platform: "linux/arm64",
        secrets: [{ id: "npm", env: "NPM" }],
        epoch: "2026-11",
      },
      "cead4429f69a9bd9c69fd236db2be0f9e5d300b562d5768671b5a472ed5ee21e",
    ],
    [
      "a heredoc",
      { "x.docker": "FROM debian:13\nRUN <<EOF\nset -e\n# counts\nmake\nEOF\n" },
      {},
      "b46696a323933b108daa5fae7c7d55a7c0c1c10cf08af3f1382c55f0dfcb5cf0",
    ],
    [
      "directives, and comments inside an instruction",
      { "x.docker": "# escape=`\n# check=skip=all\n# c\nFROM debian:13\nRUN a `\n  # b\n  c\n" },
      {},
      "a9ab70e04c66c0930891737208b008bb8a0560e0e0f3073509a407c61e214db9",
    ],
    [
      "a foreign frontend",
      { "x.docker": "# syntax=example.com/frontend\n\n# c\nFROM debian:13\n" },
      {},
      "67eb9a517d1ba57c9d19241b2cbceb9450da7f641c08bbac9dc4aaf84b4c245a",
    ],
    [
      "a stage by its number among those that count",
      { "x.docker": "FROM a\nFROM b\nRUN c\nFROM d\nCOPY --from=1 x y\n" },
      {},
      "b4ce70e75c6f274470a991ba19219466ab8b055f4a026f82e84041375c44c7af",
    ],
    [
      "a global ARG with its default, and a proxy",
      { "x.docker": "ARG V=13\nARG UNUSED=1\nFROM debian:${V}\nRUN make\n" },
      { args: { HTTPS_PROXY: "http://proxy" } },
      "f8996491cfe96b4390e511aaa713a346b44aedb7617545fec6963bd1ee7fb0bd",
    ],
    [
      "carriage returns and characters of other scripts",
      { "x.docker": '\ufeffFROM debian:13\r\nLABEL a="grün"\r\n' },
      {},
      "aa4fe6ce7cd080cdfd8b64dc46a2194694e950961c454dc0bd469710cb69eeb3",
    ],
    [
      "bind mounts, of the context and of an image",
      {
        "x.docker":
          "FROM debian:13\nRUN --mount=source=scripts,target=/s --mount=from=tools:1,target=/t make\n",
        "scripts/a": "a\n",
      },
      {},
      "d669032cd29ca4abd50b85eac3e044dc24a1cea7d97186c1dede768b60521b81",
    ],
    [
      "a base with triggers",
      files,
      { onbuild: true, args: { USER: "root", ANY: "1" } },
      "eb7d777608383b94d92508fc6427f66b9363316b922c0dd70f822a53c8b11bcc",
    ],
    [
      "a parent's key, under the reference as written",
      {
        "x.docker": "FROM qemu/base\nCOPY --from=qemu/base a b\n",
        "base.docker": "FROM scratch\n",
      },
      {},
      "ad61270f41dbf5e225afe2726021ec1a5b3d93339777cafb3099949da785943a",
    ],
  ];
  for (const [what, tree, change, expected] of golden) {
    test(what, async () => {
      const images = [declaredImage("x", change)];
      if ("base.docker" in tree) images.push(declaredImage("base"));
      assert.equal((await keysOf(tree, images))["x"], expected);
    });
  }

  test("a set", async () => {
    const images = [declaredImage("base"), declaredImage("child")];
    const keys = await identify(
      images,
      memoryTree({ "base.docker": "FROM scratch\n", "child.docker": "FROM qemu/base\n" }),
      { parentOf },
    );
    const place = { repository: "{name}", upstream: undefined };
    assert.equal(
      setIdOf(keys.images, place),
      "cf0bc0a34335eb48cbb11fdca72096249ab04fd8ee46e69413f80a863eea194b",
    );
    assert.equal(setIdOf([...keys.images].reverse(), place), setIdOf(keys.images, place));
    const upstream = parseRepository("r.example/up");
    const others = [
      { ...place, repository: "ci/{name}" },
      { ...place, upstream },
    ];
    for (const other of others)
      assert.notEqual(setIdOf(keys.images, other), setIdOf(keys.images, place));
  });
});

describe("a key does not change with", () => {
  const same: readonly [string, Files, Partial<Image>?][] = [
    [
      "a comment and blank lines between instructions",
      { ...files, "x.docker": dockerfile.replace("ARG USER", "  # why\n\nARG USER") },
    ],
    ["a BOM", { ...files, "x.docker": `\ufeff${dockerfile}` }],
    [
      "the Dockerfile's path",
      { ...files, "elsewhere/y": dockerfile },
      { dockerfile: "elsewhere/y" },
    ],
    ["a file that no instruction reaches", { ...files, "README.md": "other\n" }],
    [
      "a stage that the target does not need",
      {
        ...files,
        "x.docker":
          `FROM unused AS unused\nRUN true\n${dockerfile.replace("ARG BASE=debian:13-slim\n", "")}`.replace(
            "FROM unused",
            "ARG BASE=debian:13-slim\nFROM unused",
          ),
      },
    ],
    ["an image's name", files],
  ];
  for (const [what, tree, change] of same) {
    test(what, async () => assert.equal(await keyOf(tree, change), await keyOf(files)));
  }

  test("files that an ignore file leaves out", async () => {
    const ignoring = { ...files, ".dockerignore": "scripts/notes\n" };
    assert.equal(await keyOf(ignoring), await keyOf({ ...ignoring, "scripts/notes": "other\n" }));
    assert.notEqual(await keyOf(ignoring), await keyOf(files));
  });

  test("the order of configured args and of images", async () => {
    const text = { "x.docker": "FROM debian:13\nARG A\nARG B\nRUN make\n" };
    const pairs = fc.uniqueArray(fc.constantFrom(["A", "1"], ["B", "2"], ["C", "3"]), {
      minLength: 3,
      maxLength: 3,
    });
    const expected = await keyOf(text, { args: { A: "1", B: "2", C: "3" } });
    await fc.assert(
      fc.asyncProperty(
        pairs,
        async (args) => (await keyOf(text, { args: Object.fromEntries(args) })) === expected,
      ),
    );
  });

  test("a value of an undeclared arg", async () => {
    assert.equal(await keyOf(files, { args: { OTHER: "1" } }), await keyOf(files));
  });
});

describe("a key changes with", () => {
  const other: readonly [string, Files, Partial<Image>?][] = [
    [
      "the layout of an instruction",
      { ...files, "x.docker": dockerfile.replace("ARG USER", "ARG  USER") },
    ],
    [
      "a default in force, even if it is configured",
      { ...files, "x.docker": dockerfile.replace("debian:13-slim", "other") },
      { args: { BASE: "debian:13-slim" } },
    ],
    ["a byte of an instruction", { ...files, "x.docker": dockerfile.replace("gcc", "g++") }],
    ["the base", files, { args: { BASE: "debian:12" } }],
    ["a declared arg, even if no instruction names it", files, { args: { USER: "x" } }],
    ["an arg that is empty instead of unset", files, { args: { USER: "" } }],
    ["a byte of a file", { ...files, "scripts/notes": "notes!\n" }],
    ["an executable bit", { ...files, "scripts/notes": { exec: "notes\n" } }],
    ["a symlink's target", { ...files, "scripts/link": { link: "notes" } }],
    ["a link that becomes a file of the same bytes", { ...files, "scripts/link": "build.sh" }],
    ["a file's name", { ...files, "scripts/notes": "", "scripts/notes2": "notes\n" }],
    [
      "bytes that move from one file to the next",
      { ...files, "scripts/notes": "note", "scripts/notes2": "s\n" },
    ],
    ["the platform", files, { platform: "linux/arm64" }],
    ["an epoch", files, { epoch: "1" }],
    ["a secret's id", files, { secrets: [{ id: "a", env: "A" }] }],
    ["a syntax directive", { ...files, "x.docker": `# syntax=docker/dockerfile:1\n${dockerfile}` }],
    ["ONBUILD in the base, declared", files, { onbuild: true }],
  ];
  for (const [what, tree, change] of other) {
    test(what, async () => assert.notEqual(await keyOf(tree, change), await keyOf(files)));
  }

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
    const found = await identify(
      [declaredImage("x", { secrets: [{ id: "npm", env: "NPM_TOKEN" }] })],
      memoryTree(files),
      { parentOf },
    );
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
    try {
      await keysOf(
        set,
        names.map((name) => declaredImage(name)),
      );
    } catch (error) {
      assert.ok(error instanceof BerthError);
      return error;
    }
    throw new assert.AssertionError({ message: "it was keyed" });
  };

  test("a cycle is named as a path", async () => {
    const error = await failure(
      {
        "a.docker": "FROM qemu/b\n",
        "b.docker": "FROM qemu/c\n",
        "c.docker": "FROM debian\nCOPY --from=qemu/a /x /\n",
      },
      ["a", "b", "c"],
    );
    assert.equal(error.code, "IMAGE_CYCLE");
    assert.match(error.message, /a -> b -> c -> a/);
  });

  test("the mistakes of all images come at once, with file and line", async () => {
    const error = await failure(
      {
        "a.docker": "FROM debian\nADD https://example.com/x /x\nFOO\n",
        "b.docker": "\nRUN make\n",
      },
      ["a", "b"],
    );
    assert.deepEqual(
      error.problems.map(({ file, line }) => `${file}:${line}`),
      ["a.docker:2", "a.docker:3", "b.docker:1", "b.docker:2"],
    );
  });

  test("so do those of all contexts, and any other failure is thrown as it is", async () => {
    const set = {
      "a.docker": "FROM debian\nCOPY . /\n",
      "a.docker.dockerignore": "[\n",
      "b.docker": "FROM debian\nCOPY . /\n",
      "b.docker.dockerignore": "ok\n[\n",
    };
    const { problems } = await failure(set, ["a", "b"]);
    assert.deepEqual(
      problems.map(({ file, line }) => `${file}:${line}`),
      ["a.docker.dockerignore:1", "b.docker.dockerignore:2"],
    );
    const broken = new BerthError("GIT_FAILED", "run git ls-files: broken");
    const reject = () => Promise.reject(broken);
    const tree = { ...memoryTree(files), folder: reject, entry: reject };
    await assert.rejects(identify([declaredImage("x")], tree, { parentOf }), broken);
  });

  test("a pointer of Git LFS is not the file itself, and is told with the line that reaches it", async () => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n";
    const set = {
      "a.docker": "FROM debian\nCOPY ok /\nCOPY d /d\n",
      ok: "1",
      "d/big.bin": pointer,
    };
    const { code, problems } = await failure(set, ["a"]);
    assert.equal(code, "CONTEXT_ABSENT");
    assert.deepEqual(
      problems.map(({ file, line }) => `${file}:${line}`),
      ["a.docker:3"],
    );
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
    assert.deepEqual(
      found.images.map(({ name }) => name),
      ["a", "b"],
    );
  });

  test("a source that is not there is a warning with its line", async () => {
    const found = await identify(
      [declaredImage("x")],
      memoryTree({ "x.docker": "FROM debian\nCOPY gone /\n" }),
      { parentOf },
    );
    assert.deepEqual(
      found.warnings.map(({ file, line }) => `${file}:${line}`),
      ["x.docker:2"],
    );
  });
});
