/** What is said of images before any build; the table holds the words and the lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { printProblem } from "../../src/errors.ts";
import { identify } from "../../src/image/identify.ts";
import type { Image } from "../../src/image/image.ts";
import { declaredImage } from "../support/keyed.ts";
import { type MemoryFile, memoryTree } from "../support/tree.ts";

const npm = { secrets: [{ id: "npm", env: "NPM_TOKEN" }] };
const token = { secrets: [{ id: "npm_token", env: "NPM_TOKEN" }] };
const mounted = "FROM scratch\nRUN --mount=type=secret,id=npm,target=/t a\n";
const copying = "FROM scratch\nCOPY tool /\n";
const own = "registry.own/g/p/ci/base:1";
const fine = [
  "docker.io/ci/base",
  "registry.test/base",
  "library/base",
  `ci/base@sha256:${"0".repeat(64)}`,
  "ci/x",
  "ci/other",
];

/** The Dockerfile's text, or all files. */
type Given = string | Readonly<Record<string, MemoryFile>>;

type Case = readonly [given: Given, says: readonly (string | RegExp)[], Partial<Image>?, string?];

/** By what is said of: the files, what is said, what else the image says, and what parents are called. */
const cases: Readonly<Record<string, Case>> = {
  "a secret that the image is not given, by id or by the file's name": [
    `${mounted}RUN --mount=type=secret,target=/run/key b\n`,
    [/^x.docker:2:1: the secret npm is not given .*`secrets`/, /^x.docker:3:1: the secret key /],
  ],
  "a secret that is misspelt": [
    mounted.replace("npm", "npm_tokem"),
    [/the secret npm_tokem is not given .*; did you mean "npm_token"\?/],
    token,
  ],
  "a secret that is given": [mounted, [], npm],
  "one of another stage": [`${mounted.replace("scratch", "scratch AS other")}${mounted}`, [], npm],
  "a secret whose id only the engine knows": [
    "FROM scratch\nARG I=a\nRUN --mount=type=secret,id=$I a\n",
    [],
  ],
  "an agent": [
    "FROM scratch\nRUN --mount=type=ssh git clone x\n",
    [/^x.docker:2:1: berth hands no ssh agent to a build; /],
  ],
  "a build arg that no ARG declares": [
    "FROM scratch\nARG B\n",
    ["x.docker:1:1: no ARG declares the build arg A"],
    { args: { A: "1", B: "1" } },
  ],
  "a short name that an image of the project has, without parents": [
    "FROM ci/base:1 AS a\nFROM scratch\nCOPY --from=ci/base /a /a\n",
    [
      /^x.docker:3:1: ci\/base comes from docker.io, .* `parents: ci\/\{name\}` .* docker.io\/ci\/base here/,
    ],
  ],
  "an image of the project by its own registry, without parents": [
    `FROM ${own}\n`,
    [
      /^x.docker:1:1: registry.own\/g\/p\/ci\/base:1 is whatever has this tag in the registry, .* `parents: registry.own\/g\/p\/ci\/\{name\}` in berth.yml to build on that$/,
    ],
  ],
  "the same name with its host, a library's, with a digest, its own, or of no image": [
    `FROM scratch\n${fine.map((name) => `COPY --from=${name} / /\n`).join("")}`,
    [],
  ],
  "a short name in --from= that is no stage; an image that FROM names is one": [
    "FROM debian AS a\nFROM a\nCOPY --from=a /a /\nCOPY --from=proto /b /\n",
    [
      "x.docker:4:1: there is no stage proto, so docker.io/library/proto is fetched: write that if it is meant; named contexts are not supported",
    ],
  ],
  "a base of another platform, of the target alone": [
    "FROM --platform=linux/s390x a AS b\nRUN x\nFROM --platform=linux/arm64/v8 c\nCOPY --from=b /x /\n",
    [
      "x.docker:3:1: the image is built upon linux/arm64/v8 and will say that it is for linux/amd64: name its platform under `platforms` in berth.yml",
    ],
  ],
  "a base of the same platform, of the machine's, or of one in other words": [
    {
      "x.docker": "FROM --platform=$BUILDPLATFORM a\n",
      "base.docker": "FROM --platform=amd64 a\n",
    },
    [],
  ],
  "a short name from which the image that has it is built": [
    { "x.docker": "FROM nvidia/base:12\n", "base.docker": "FROM nvidia/base:13\n" },
    [],
  ],
  "a name that parents makes the project's own": ["FROM ci/base\n", [], {}, "ci/"],
  "a source that lies beside the Dockerfile": [
    { "ci/x.docker": copying.replace("tool", "tool lib/"), "ci/tool": "", "ci/lib/a": "" },
    [
      'ci/x.docker:2:1: "tool" is not in the context (the repository\'s top), but beside the Dockerfile: `context: ci`; the build will fail',
      /"lib" .*`context: ci`/,
    ],
    { dockerfile: "ci/x.docker" },
  ],
  "a source that the ignore file hides": [
    { "x.docker": copying, tool: "", ".dockerignore": "t*\n" },
    [/^x.docker:2:1: "tool" is not in the context .*: \.dockerignore leaves it out; /],
  ],
  "a source that is nowhere": [
    copying,
    ['x.docker:2:1: "tool" is not in the context (the repository\'s top); the build will fail'],
  ],
};

for (const [what, [given, says, change = {}, parents]] of Object.entries(cases))
  test(what, async () => {
    const images = [declaredImage("base"), declaredImage("x", change)];
    const files = typeof given === "string" ? { "x.docker": given } : given;
    const { warnings } = await identify(
      images,
      memoryTree({ "base.docker": "FROM scratch\n", ...files }),
      {
        parentOf: (name) => (name === `${parents}base` ? "base" : undefined),
        registry: "registry.own/g/p",
      },
    );
    const said = warnings.map(printProblem);
    assert.equal(said.length, says.length, said.join("\n"));
    for (const [at, wanted] of says.entries())
      if (typeof wanted === "string") assert.equal(said[at], wanted);
      else assert.match(said[at] ?? "", wanted);
  });

test("a circle of images is told with the line of each step", async () => {
  const files = {
    "a.docker": "FROM scratch AS s\nFROM my/b\n",
    "b.docker": "FROM scratch\nCOPY --from=my/a / /\n",
  };
  const images = [declaredImage("a"), declaredImage("b")];
  const parentOf = (name: string) => /^my\/(.)$/.exec(name)?.[1];
  await assert.rejects(identify(images, memoryTree(files), { parentOf }), {
    code: "IMAGE_CYCLE",
    problems: [
      { file: "a.docker", line: 2, column: 1, message: "built from my/b" },
      { file: "b.docker", line: 2, column: 1, message: "built from my/a" },
    ],
  });
});
