import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { declareImages } from "../../src/config/discover.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { BerthError, printProblem } from "../../src/errors.ts";
import { memoryTree, treeOf } from "../support/tree.ts";

const parse = (text: string) => parseConfig(text, "berth.yml");

async function listed(text: string, ...paths: readonly string[]) {
  const { images } = await declareImages(parse(text), treeOf(...paths));
  return images.map(({ name, dockerfile, context }) => `${name} ${dockerfile} [${context}]`);
}

async function refused(text: string, ...paths: readonly string[]) {
  try {
    await declareImages(parse(text), treeOf(...paths));
  } catch (error) {
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, "CONFIG_INVALID");
    return [error.message, ...error.problems.map(printProblem)];
  }
  return assert.fail("the images were accepted");
}

test("an image that is found has the defaults of every other setting", async () => {
  const {
    images: [image],
  } = await declareImages(defaultConfig, treeOf("ci/fedora.docker"));
  assert.deepEqual(image, {
    name: "fedora",
    dockerfile: "ci/fedora.docker",
    context: "",
    args: {},
    target: undefined,
    platform: "linux/amd64",
    secrets: [],
    epoch: undefined,
    optional: false,
    onbuild: false,
    allowAdd: [],
  });
});

test("a symlink to a Dockerfile is not found as a second image", async () => {
  const tree = memoryTree({ "a/Dockerfile": "", "a/Containerfile": { link: "x" } });
  const { images } = await declareImages(defaultConfig, tree);
  assert.deepEqual(
    images.map(({ dockerfile }) => dockerfile),
    ["a/Dockerfile"],
  );
});

const globbed = ["ci/a.docker", "ci/b.docker", "ci/old/c.docker", "ci/Dockerfile", "d.docker"];

test("a glob finds what it matches and nothing below", async () => {
  assert.deepEqual(await listed("images: ci/*.docker", ...globbed), [
    "a ci/a.docker []",
    "b ci/b.docker []",
  ]);
});

test("a glob without a folder looks everywhere", async () => {
  assert.deepEqual(await listed('images: "**/{c,d}.docker"', ...globbed), [
    "c ci/old/c.docker []",
    "d d.docker []",
  ]);
});

test("two globs and an object that find one Dockerfile give one image, the object's", async () => {
  const text = "images: [ci/*.docker, ci/a.*, { dockerfile: ci/a.docker, optional: true }]";
  const { images } = await declareImages(parse(text), treeOf(...globbed));
  assert.deepEqual(
    images.map(({ name, optional }) => [name, optional]),
    [
      ["a", true],
      ["b", false],
    ],
  );
});

test("one Dockerfile gives two images of different names", async () => {
  const text = "images: { one: ci/a.docker, two: { dockerfile: ci/a.docker, args: { V: 2 } } }";
  assert.deepEqual(await listed(text, ...globbed), ["one ci/a.docker []", "two ci/a.docker []"]);
});

test("exclude leaves out names and paths, but nothing that is declared by its path", async () => {
  const text = 'exclude: [a, "ci/old/**", b]\nimages: ["ci/**/*.docker", d.docker, ci/b.docker]';
  assert.deepEqual(await listed(text, ...globbed), ["b ci/b.docker []", "d d.docker []"]);
});

test("what exclude names in vain is told with what was meant", async () => {
  const text =
    'exclude: [debain, "ci/old/**", "third/**", ci, b]\nimages: ["**/*.docker", b.docker, "*/ci/Dockerfile"]';
  const tree = treeOf("debian.docker", "b.docker", "third/ci/Dockerfile", "y/ci/Dockerfile");
  const { images, warnings } = await declareImages(parse(text), tree);
  assert.deepEqual(
    images.map(({ name }) => name),
    ["b", "debian"],
  );
  const told = "exclude: no Dockerfile that is found without being named fits";
  assert.deepEqual(warnings.map(printProblem), [
    `berth.yml:1:19: ${told} ci/old/**`,
    `berth.yml:1:11: ${told} debain; did you mean "debian"?`,
    `berth.yml:1:48: ${told} b`,
  ]);
});

test("an excluded path does not lengthen the name of another", async () => {
  const text = "exclude: [third_party/**]";
  assert.deepEqual(await listed(text, "third_party/x/ci/Dockerfile", "y/ci/Dockerfile"), [
    "ci y/ci/Dockerfile [y/ci]",
  ]);
});

test("a name that is made gives way to one that is given", async () => {
  const text = "images: [ci/*.docker, { name: a, dockerfile: d.docker }]";
  assert.deepEqual(await listed(text, ...globbed), [
    "a d.docker []",
    "b ci/b.docker []",
    "ci-a ci/a.docker []",
  ]);
});

test("defaults hold for what is found", async () => {
  const text = "defaults: { context: ci, args: { A: 1 } }";
  const {
    images: [image],
  } = await declareImages(parse(text), treeOf("ci/a.docker"));
  assert.deepEqual([image?.context, image?.args], ["ci", { A: "1" }]);
});

test("paths and globs that name nothing are all reported, with the nearest file", async () => {
  const text = `images:
  - ci/debain.docker
  - dockerfile: docker/fedora.docker
    context: nowhere
  - other/*.docker
  - dockerfile: ci/fedora.docker
    context: nowhere
`;
  assert.deepEqual(await refused(text, "ci/debian.docker", "ci/fedora.docker"), [
    "declare the images of the tree in memory: 4 problems",
    "berth.yml:2:5: ci/debain.docker: there is no such file in the tree in memory; the nearest is ci/debian.docker",
    "berth.yml:3:17: docker/fedora.docker: there is no such file in the tree in memory; the nearest is ci/fedora.docker",
    "berth.yml:5:5: other/*.docker: matches no file in the tree in memory; the nearest is ci/debian.docker",
    "berth.yml:7:14: context nowhere of image fedora: there is no such folder in the tree in memory",
  ]);
});

test("a revision that lacks files gives the images that it has, if that is wanted", async () => {
  const config = parse("images: [ci/a.docker, ci/b.docker, other/*.docker]");
  const { images } = await declareImages(config, treeOf("ci/b.docker"), { missing: "skip" });
  assert.deepEqual(
    images.map(({ name }) => name),
    ["b"],
  );
  assert.deepEqual(await declareImages(config, treeOf("README"), { missing: "skip" }), {
    images: [],
    warnings: [],
  });
});

test("names that give the same CI variable are refused, both named", async () => {
  const text = "images:\n  a-b: x.docker\n  a_b: y.docker\n";
  assert.deepEqual(await refused(text, "x.docker", "y.docker"), [
    "declare the images of the tree in memory: a problem",
    "berth.yml:3:3: images a-b and a_b: their CI variables would have the same name; give one another name",
  ]);
});

test("files that no part of their path tells apart are refused, both named", async () => {
  const error = await declareImages(defaultConfig, treeOf("ci/a.docker", "ci/a.Dockerfile")).catch(
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof BerthError);
  assert.deepEqual(error.problems.map(printProblem), [
    "ci/a.docker:1:1: image ci-a: both ci/a.Dockerfile and ci/a.docker have this name; give one another name",
  ]);
  assert.match(error.hint ?? "", /berth\.yml/);
});

test("a symlink and a folder are no Dockerfiles", async () => {
  const tree = memoryTree({ "a.docker": { link: "x" }, "b/Dockerfile": "" });
  const error = await declareImages(parse("images: [a.docker, b]"), tree).catch(
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof BerthError);
  assert.deepEqual(error.problems.map(printProblem), [
    "berth.yml:1:10: a.docker: it is a symlink, not a file in the tree in memory",
    "berth.yml:1:20: b: there is no such file in the tree in memory; the nearest is b/Dockerfile",
  ]);
});

test("a tree without images is refused with what to do", async () => {
  const error = await declareImages(defaultConfig, treeOf("README")).catch(
    (caught: unknown) => caught,
  );
  assert.ok(error instanceof BerthError);
  assert.equal(error.message, "declare the images of the tree in memory: there is none");
  assert.match(error.hint ?? "", /add a Dockerfile/);
  assert.match((await refused("images: []", "a.docker"))[0] ?? "", /there is none$/);
});

const discoveries: readonly (readonly [
  what: string,
  paths: readonly string[],
  images: string[],
])[] = [
  [
    "every usual name",
    [
      "a.docker",
      "b.Dockerfile",
      "c.Containerfile",
      "ci/Dockerfile.d",
      "ci/Containerfile.e",
      "Dockerfile-f",
      "g.dockerfile",
    ],
    [
      "a a.docker []",
      "b b.Dockerfile []",
      "c c.Containerfile []",
      "d ci/Dockerfile.d []",
      "e ci/Containerfile.e []",
      "f Dockerfile-f []",
      "g g.dockerfile []",
    ],
  ],
  [
    "plain names after their folder, with it as context",
    ["Dockerfile", "ci/fedora/Dockerfile", "ci/debian/Containerfile"],
    [
      "debian ci/debian/Containerfile [ci/debian]",
      "fedora ci/fedora/Dockerfile [ci/fedora]",
      "image Dockerfile []",
    ],
  ],
  [
    "no templates, notes and ignore files",
    [
      "a.docker",
      "Dockerfile.in",
      "Dockerfile.j2",
      "Dockerfile-template",
      "x/Dockerfile.dockerignore",
    ],
    ["a a.docker []"],
  ],
  [
    "longer names for both where two are the same",
    ["a/ci/Dockerfile", "b/ci/Dockerfile", "c/Dockerfile"],
    ["a-ci a/ci/Dockerfile [a/ci]", "b-ci b/ci/Dockerfile [b/ci]", "c c/Dockerfile [c]"],
  ],
  [
    "names as long as it takes",
    ["a/x/ci/Dockerfile", "b/x/ci/Dockerfile", "ci/Dockerfile"],
    [
      "a-x-ci a/x/ci/Dockerfile [a/x/ci]",
      "b-x-ci b/x/ci/Dockerfile [b/x/ci]",
      "ci ci/Dockerfile [ci]",
    ],
  ],
  [
    "longer names where CI variables would be the same",
    ["x/a-b.docker", "y/a_b.docker"],
    ["x-a-b x/a-b.docker []", "y-a_b y/a_b.docker []"],
  ],
  [
    "names that a repository can have",
    ["ci/Fedora 40 (x86).docker", "ci/_a..b__c--d.docker", "Été/Dockerfile", "v1.2/Dockerfile"],
    [
      "a-b__c--d ci/_a..b__c--d.docker []",
      "fedora-40-x86 ci/Fedora 40 (x86).docker []",
      "t Été/Dockerfile [Été]",
      "v1.2 v1.2/Dockerfile [v1.2]",
    ],
  ],
  [
    "a longer name instead of the reserved one",
    ["docker/berth/Dockerfile"],
    ["docker-berth docker/berth/Dockerfile [docker/berth]"],
  ],
];

for (const [what, paths, expected] of discoveries) {
  test(`without a configuration the images are ${what}`, async () => {
    assert.deepEqual(await listed("", ...paths), expected);
  });
}
