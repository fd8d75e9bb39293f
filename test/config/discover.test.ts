import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { declareImages } from "../../src/config/discover.ts";
import { findGlob } from "../../src/config/find.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { revisionTrees } from "../../src/context/revision.ts";
import type { Tree } from "../../src/context/tree.ts";
import { workTree } from "../../src/context/worktree.ts";
import { BerthError, printProblem } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { committed, makeRepository } from "../context/repository.ts";
import { memoryTree, treeOf } from "../support/tree.ts";

const parse = (text: string) => parseConfig(text, "berth.yml");

async function listed(text: string, ...paths: readonly string[]) {
  const { images } = await declareImages(parse(text), treeOf(...paths));
  return images.map(({ name, dockerfile, context }) => `${name} ${dockerfile} [${context}]`);
}

/** What is wrong, told and one by one, and what to do. */
async function refused(text: string | undefined, tree: Tree) {
  const config = text === undefined ? defaultConfig : parse(text);
  const error: unknown = await declareImages(config, tree).catch((caught: unknown) => caught);
  assert.ok(error instanceof BerthError && error.code === "CONFIG_INVALID");
  const told = error.message.replace("declare the images of the tree in memory: ", "");
  return { told: [told, ...error.problems.map(printProblem)], hint: error.hint ?? "" };
}

test("an image that is found has the defaults of every other setting", async () => {
  const { images } = await declareImages(defaultConfig, treeOf("ci/fedora.docker"));
  const made = { name: "fedora", dockerfile: "ci/fedora.docker", context: "", args: {} };
  const usual = { target: undefined, platform: "linux/amd64", secrets: [], epoch: undefined };
  const rest = { optional: false, onbuild: false, allowAdd: [] };
  assert.deepEqual(images, [{ ...made, ...usual, ...rest }]);
  const text = "defaults: { context: ci, args: { A: 1 } }";
  const [image] = (await declareImages(parse(text), treeOf("ci/a.docker"))).images;
  assert.deepEqual([image?.context, image?.args], ["ci", { A: "1" }]);
});

test("a symlink to a Dockerfile is not found as a second image", async () => {
  const tree = memoryTree({ "a/Dockerfile": "", "a/Containerfile": { link: "x" } });
  const { images } = await declareImages(defaultConfig, tree);
  assert.equal(images.map(({ dockerfile }) => dockerfile).join(), "a/Dockerfile");
});

const globbed = ["ci/a.docker", "ci/b.docker", "ci/old/c.docker", "ci/Dockerfile", "d.docker"];

const two = "images: { one: ci/a.docker, two: { dockerfile: ci/a.docker, args: { V: 2 } } }";
const but = 'exclude: [a, "ci/old/**", b]\nimages: ["ci/**/*.docker", d.docker, ci/b.docker]';
const taken = "images: [ci/*.docker, { name: a, dockerfile: d.docker }]";
const [ciA, ciB, d] = ["a ci/a.docker []", "b ci/b.docker []", "d d.docker []"];
const declared: readonly (readonly [what: string, text: string, ...images: string[]])[] = [
  ["a glob finds what it matches and nothing below", "images: ci/*.docker", ciA!, ciB!],
  [
    "one without a folder looks everywhere",
    'images: "**/{c,d}.docker"',
    "c ci/old/c.docker []",
    d!,
  ],
  ["one Dockerfile gives two images", two, "one ci/a.docker []", "two ci/a.docker []"],
  ["exclude leaves out names and paths, but nothing declared by its path", but, ciB!, d!],
  ["a name that is made gives way", taken, "a d.docker []", ciB!, "ci-a ci/a.docker []"],
];

for (const [what, text, ...images] of declared)
  test(what, async () => assert.deepEqual(await listed(text, ...globbed), images));

test("globs find the project's own files, in the work tree and in a revision, and nothing in submodules", async (t) => {
  const library = committed(t, { Dockerfile: "FROM x" });
  const repository = makeRepository(t, { "ci/a/Dockerfile": "FROM x", Dockerfile: "FROM x" });
  repository.run("submodule", "add", "-q", library.path, "ci/sub");
  repository.commit();
  const git = await repository.open();
  for (const tree of [workTree(git, realFiles()), await revisionTrees(git)("HEAD")])
    for (const [glob, found] of [
      ["ci/*/Dockerfile", "ci/a/Dockerfile"],
      ["**/Dockerfile", "Dockerfile ci/a/Dockerfile"],
      ["{ci,x}/*/Dockerfile", "ci/a/Dockerfile"],
      ["ci/sub/Dock*", ""],
      ["nowhere/*", ""],
    ] as const)
      assert.equal((await findGlob(tree, glob)).join(" "), found, `${glob} in ${tree.label}`);
  assert.equal((await workTree(git, realFiles()).entry("ci/sub/Dockerfile"))?.kind, "file");
});

test("two globs and an object that find one Dockerfile give one image, the object's", async () => {
  const text = "images: [ci/*.docker, ci/a.*, { dockerfile: ci/a.docker, optional: true }]";
  const { images } = await declareImages(parse(text), treeOf(...globbed));
  assert.equal(images.map(({ name, optional }) => `${name} ${optional}`).join(), "a true,b false");
});

test("what exclude names in vain is told with what was meant", async () => {
  const globs = 'images: ["**/*.docker", b.docker, "*/ci/Dockerfile"]';
  const text = `exclude: [debain, "ci/old/**", "third/**", ci, b]\n${globs}`;
  const tree = treeOf("debian.docker", "b.docker", "third/ci/Dockerfile", "y/ci/Dockerfile");
  const { images, warnings } = await declareImages(parse(text), tree);
  assert.equal(images.map(({ name }) => name).join(), "b,debian");
  const told = "exclude: no Dockerfile that is found without being named fits";
  assert.deepEqual(warnings.map(printProblem), [
    `berth.yml:1:19: ${told} ci/old/**`,
    `berth.yml:1:11: ${told} debain; did you mean "debian"?`,
    `berth.yml:1:48: ${told} b`,
  ]);
});

test("an excluded path does not lengthen the name of another", async () => {
  const text = "exclude: [third_party/**]";
  const found = await listed(text, "third_party/x/ci/Dockerfile", "y/ci/Dockerfile");
  assert.deepEqual(found, ["ci y/ci/Dockerfile [y/ci]"]);
});

test("paths and globs that name nothing are all reported, with the nearest file", async () => {
  const text = `images:
  - ci/debain.docker
  - dockerfile: docker/fedora.docker
    context: nowhere
  - other/*.docker
  - dockerfile: ci/fedora.docker
    context: nowhere
  - dockerfile: ci/debian.docker
    context: link
`;
  const no = "there is no such file in the tree in memory; the nearest is";
  const files = { "ci/debian.docker": "", "ci/fedora.docker": "", link: { link: "ci" } };
  const { told } = await refused(text, memoryTree(files));
  assert.deepEqual(told, [
    "5 problems",
    `berth.yml:2:5: ci/debain.docker: ${no} ci/debian.docker`,
    `berth.yml:3:17: docker/fedora.docker: ${no} ci/fedora.docker`,
    "berth.yml:5:5: other/*.docker: matches no file in the tree in memory; the nearest is ci/debian.docker",
    "berth.yml:7:14: context nowhere of image fedora: there is no such folder in the tree in memory",
    "berth.yml:9:14: context link of image debian: it is a symlink, not a folder, in the tree in memory",
  ]);
});

test("a revision that lacks files gives the images that it has, if that is wanted", async () => {
  const config = parse("images: [ci/a.docker, ci/b.docker, other/*.docker]");
  const { images } = await declareImages(config, treeOf("ci/b.docker"), { missing: "skip" });
  assert.equal(images.map(({ name }) => name).join(), "b");
  const none = await declareImages(config, treeOf("README"), { missing: "skip" });
  assert.deepEqual(none, { images: [], warnings: [] });
});

test("what no configuration can mean is refused with its place and what to do", async () => {
  const same = "images:\n  a-b: x.docker\n  a_b: y.docker\n";
  assert.deepEqual((await refused(same, treeOf("x.docker", "y.docker"))).told, [
    "a problem",
    "berth.yml:3:3: images a-b and a_b: their CI variables would have the same name; give one another name",
  ]);
  const twice = await refused(undefined, treeOf("ci/a.docker", "ci/a.Dockerfile"));
  assert.equal(
    twice.told[1],
    "ci/a.docker:1:1: image ci-a: both ci/a.Dockerfile and ci/a.docker have this name; give one another name",
  );
  assert.match(twice.hint, /berth\.yml/);
  const tree = memoryTree({ "a.docker": { link: "x" }, "b/Dockerfile": "" });
  assert.deepEqual((await refused("images: [a.docker, b]", tree)).told.slice(1), [
    "berth.yml:1:10: a.docker: it is a symlink, not a file in the tree in memory",
    "berth.yml:1:20: b: there is no such file in the tree in memory; the nearest is b/Dockerfile",
  ]);
  for (const [text, tree] of [
    [undefined, treeOf("README")],
    ["images: []", treeOf("a.docker")],
  ] as const) {
    const { told, hint } = await refused(text, tree);
    assert.deepEqual(told, ["there is none"]);
    assert.match(hint, text === undefined ? /add a Dockerfile/ : /./);
  }
});

/** What is found, as `name path [context]`; behind the comma paths that are not. */
const discoveries: Readonly<Record<string, readonly [images: string, others?: string]>> = {
  "every usual name": [
    "a a.docker [], b b.Dockerfile [], c c.Containerfile [], d ci/Dockerfile.d [], e ci/Containerfile.e [], f Dockerfile-f [], g g.dockerfile []",
  ],
  "plain names after their folder, with it as context": [
    "debian ci/debian/Containerfile [ci/debian], fedora ci/fedora/Dockerfile [ci/fedora], image Dockerfile []",
  ],
  "versions with what they are versions of": [
    "7zip a/7zip.docker [], debian-12 a/debian/12.docker [], debian-12-x86_64 a/debian/12-x86_64.docker [], ubuntu-24.04 a/ubuntu/24.04/Dockerfile [a/ubuntu/24.04]",
  ],
  "no templates, notes and ignore files": [
    "a a.docker []",
    "Dockerfile.in Dockerfile.j2 Dockerfile-template x/Dockerfile.dockerignore",
  ],
  "longer names for both where two are the same": [
    "a-ci a/ci/Dockerfile [a/ci], b-ci b/ci/Dockerfile [b/ci], c c/Dockerfile [c]",
  ],
  "names as long as it takes": [
    "a-x-ci a/x/ci/Dockerfile [a/x/ci], b-x-ci b/x/ci/Dockerfile [b/x/ci], ci ci/Dockerfile [ci]",
  ],
  "longer names where CI variables would be the same": [
    "x-a-b x/a-b.docker [], y-a_b y/a_b.docker []",
  ],
  "names that a repository can have": [
    "a-b__c--d ci/_a..b__c--d.docker [], fedora-40-x86 ci/Fedora 40 (x86).docker [], t Été/Dockerfile [Été], v1.2 v1.2/Dockerfile [v1.2]",
  ],
  "a longer name instead of the reserved one": [
    "docker-berth docker/berth/Dockerfile [docker/berth]",
  ],
};

for (const [what, [text, others]] of Object.entries(discoveries))
  test(`without a configuration the images are ${what}`, async () => {
    const images = text.split(", ");
    const paths = images.map((one) => one.replace(/^\S+ (.*) \[.*/, "$1"));
    assert.deepEqual(await listed("", ...paths, ...(others?.split(" ") ?? [])), images);
  });
