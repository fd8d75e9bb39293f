/** What is said of images before any build; the table holds the words and the lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { printProblem } from "../../src/errors.ts";
import { identify } from "../../src/image/identify.ts";
import type { Image } from "../../src/image/image.ts";
import { declaredImage } from "../support/keyed.ts";
import { type MemoryFile, memoryTree } from "../support/tree.ts";

type Files = Readonly<Record<string, MemoryFile>>;

interface Case {
  readonly what: string;
  readonly files: Files;
  readonly change?: Partial<Image>;
  readonly parents?: string;
  readonly says: readonly (string | RegExp)[];
}

const npm = { id: "npm", env: "NPM_TOKEN" };
const mounted = "FROM scratch\nRUN --mount=type=secret,id=npm,target=/t a\n";

const cases: readonly Case[] = [
  {
    what: "a secret that the image is not given, by id or by the file's name",
    files: { "x.docker": `${mounted}RUN --mount=type=secret,target=/run/key b\n` },
    says: [
      /^x.docker:2:1: the secret npm is not given .*`secrets`/,
      /^x.docker:3:1: the secret key /,
    ],
  },
  {
    what: "a secret that is misspelt",
    files: { "x.docker": mounted.replace("npm", "npm_tokem") },
    change: { secrets: [{ id: "npm_token", env: "NPM_TOKEN" }] },
    says: [/the secret npm_tokem is not given .*; did you mean "npm_token"\?/],
  },
  {
    what: "a secret that is given",
    files: { "x.docker": mounted },
    change: { secrets: [npm] },
    says: [],
  },
  {
    what: "a secret in a stage that the target does not need",
    files: { "x.docker": `FROM scratch AS other\nRUN --mount=type=secret,id=npm a\n${mounted}` },
    change: { secrets: [npm] },
    says: [],
  },
  {
    what: "a secret whose id only the engine knows",
    files: { "x.docker": "FROM scratch\nARG I=a\nRUN --mount=type=secret,id=$I a\n" },
    says: [],
  },
  {
    what: "an agent",
    files: { "x.docker": "FROM scratch\nRUN --mount=type=ssh git clone x\n" },
    says: [/^x.docker:2:1: berth hands no ssh agent to a build; /],
  },
  {
    what: "a short name that an image of the project has, without parents",
    files: { "x.docker": "FROM ci/base:1 AS a\nFROM scratch\nCOPY --from=ci/base /a /a\n" },
    says: [
      /^x.docker:3:1: ci\/base comes from docker.io, .* `parents: ci\/\{name\}` .* docker.io\/ci\/base here/,
    ],
  },
  {
    what: "an image of the project by its own registry, without parents",
    files: { "x.docker": "FROM registry.own/g/p/ci/base:1\n" },
    says: [
      /^x.docker:1:1: registry.own\/g\/p\/ci\/base:1 is whatever has this tag in the registry, .* `parents: registry.own\/g\/p\/ci\/\{name\}` in berth.yml to build on that$/,
    ],
  },
  {
    what: "the same name with its host, a library's, with a digest, its own, or of no image",
    files: {
      "x.docker": [
        "docker.io/ci/base",
        "registry.test/base",
        "library/base",
        `ci/base@sha256:${"0".repeat(64)}`,
        "ci/x",
        "ci/other",
      ]
        .map((name, at) => `FROM scratch AS s${at}\nCOPY --from=${name} / /\n`)
        .join("")
        .replaceAll(/FROM scratch AS s[1-9]\n/g, ""),
    },
    says: [],
  },
  {
    what: "a short name in --from= that is no stage; an image that FROM names is one",
    files: { "x.docker": "FROM debian AS a\nFROM a\nCOPY --from=a /a /\nCOPY --from=proto /b /\n" },
    says: [
      "x.docker:4:1: there is no stage proto, so docker.io/library/proto is fetched: write that if it is meant; named contexts are not supported",
    ],
  },
  {
    what: "a name that parents makes the project's own",
    files: { "x.docker": "FROM ci/base\n" },
    parents: "ci/",
    says: [],
  },
  {
    what: "a source that lies beside the Dockerfile",
    files: { "ci/x.docker": "FROM scratch\nCOPY tool lib/ /\n", "ci/tool": "", "ci/lib/a": "" },
    change: { dockerfile: "ci/x.docker" },
    says: [
      'ci/x.docker:2:1: "tool" is not in the context (the repository\'s top), but beside the Dockerfile: `context: ci`; the build will fail',
      /"lib" .*`context: ci`/,
    ],
  },
  {
    what: "a source that the ignore file hides",
    files: { "x.docker": "FROM scratch\nCOPY tool /\n", tool: "", ".dockerignore": "t*\n" },
    says: [/^x.docker:2:1: "tool" is not in the context .*: \.dockerignore leaves it out; /],
  },
  {
    what: "a source that is nowhere",
    files: { "x.docker": "FROM scratch\nCOPY tool /\n" },
    says: [
      'x.docker:2:1: "tool" is not in the context (the repository\'s top); the build will fail',
    ],
  },
];

for (const { what, files, change = {}, parents, says } of cases) {
  test(what, async () => {
    const images = [declaredImage("base"), declaredImage("x", change)];
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
}

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
