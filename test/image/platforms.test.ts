import assert from "node:assert/strict";
import { test } from "node:test";
import { identify } from "../../src/image/identify.ts";
import { platformOf } from "../../src/image/image.ts";
import {
  builtTagOf,
  cacheTagOf,
  keyOfTag,
  keyVersion,
  ownTags,
  setIdOf,
} from "../../src/image/key.ts";
import { tagsOf } from "../../src/oci/tags.ts";
import { declaredImage } from "../support/keyed.ts";
import { memoryTree } from "../support/tree.ts";

const both = "linux/amd64,linux/arm64";
const files = {
  "base.docker": "FROM debian\nARG TARGETARCH\nCOPY files/$TARGETARCH /x\n",
  "child.docker": "FROM my/base\nRUN x\n",
  "lone.docker": "FROM my/base\nRUN y\n",
  "files/amd64": "1",
  "files/arm64": "2",
};

interface Set {
  readonly platforms?: Readonly<Record<string, string>>;
  readonly names?: readonly string[];
}

async function keysOf(tree: Readonly<Record<string, string>>, { platforms, names }: Set = {}) {
  const chosen = platforms ?? { base: both, child: both };
  const images = Object.keys(tree)
    .filter((path) => path.endsWith(".docker"))
    .map((path) => path.replace(".docker", ""))
    .map((name) => declaredImage(name, { platform: chosen[name] ?? "linux/amd64" }));
  const parentOf = (reference: string) => /^my\/(.*)$/.exec(reference)?.[1];
  const identified = await identify(images, memoryTree(tree), { parentOf, names });
  const keys = new Map(identified.images.map(({ name, key }) => [name, key]));
  return { ...identified, keys };
}

function changed(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>) {
  return [...one.keys()].filter((name) => one.get(name) !== other.get(name));
}

test("each platform has a key of its own, and the image one over them", async () => {
  const { images, keys } = await keysOf(files);
  const told = images.map(({ name, platform, parents }) => `${name} ${platform}: ${parents}`);
  assert.deepEqual(told, [
    "base@amd64 linux/amd64: ",
    "base@arm64 linux/arm64: ",
    `base ${both}: base@amd64,base@arm64`,
    "child@amd64 linux/amd64: base@amd64",
    "child@arm64 linux/arm64: base@arm64",
    `child ${both}: child@amd64,child@arm64`,
    "lone linux/amd64: base@amd64",
  ]);
  assert.equal(new Set(keys.values()).size, 7);
  const { cache, built } = ownTags;
  const tags = ["base", "base@arm-v7"].flatMap((name) => [cacheTagOf(name), builtTagOf(name)]);
  assert.deepEqual(tags, [cache, built, `${cache}-arm-v7`, `${built}-arm-v7`]);
  assert.equal(platformOf("base@arm-v7"), "linux/arm/v7");
});

test("an annotation tells a key of this version, and nothing else does", async () => {
  const [key = ""] = (await keysOf(files)).keys.values();
  assert.equal(keyOfTag(ownTags.key(key)), key);
  for (const tag of [undefined, "latest", ownTags.set(key), tagsOf(keyVersion + 1).key(key)])
    assert.equal(keyOfTag(tag), undefined, tag);
});

test("a file of one platform changes what is built for that one alone", async () => {
  const { keys } = await keysOf(files);
  const after = await keysOf({ ...files, "files/arm64": "3" });
  assert.deepEqual(changed(keys, after.keys), ["base@arm64", "base", "child@arm64", "child"]);
});

test("a member has the key that an image of its platform alone has", async () => {
  const { keys } = await keysOf(files);
  const platforms = { base: "linux/arm64", child: "linux/arm64", lone: "linux/arm64" };
  const alone = await keysOf(files, { platforms });
  assert.equal(keys.get("base@arm64"), alone.keys.get("base"));
  assert.equal(keys.get("child@arm64"), alone.keys.get("child"));
});

test("a set is of whole images: its id knows no members beside them", async () => {
  const { images } = await keysOf(files);
  const whole = images.filter(({ name }) => !name.includes("@"));
  const place = { repository: "{name}", upstream: undefined };
  assert.equal(setIdOf(images, place), setIdOf(whole, place));
});

test("a member that is asked for is read with what it is built from, and nothing more", async () => {
  const { images } = await keysOf(files, { names: ["child@arm64"] });
  assert.equal(images.map(({ name }) => name).join(), "base@arm64,child@arm64");
});

test("a build for the machine's platform counts all of its parent, for any machine may build it", async () => {
  const tools = "FROM --platform=$BUILDPLATFORM my/base AS tools\n";
  const cross = { ...files, "child.docker": `${tools}FROM my/base\nCOPY --from=tools /x /x\n` };
  const { images, keys } = await keysOf(cross);
  const parents = (name: string) => images.find((image) => image.name === name)?.parents;
  assert.deepEqual(parents("child@arm64"), ["base", "base@arm64"]);
  const after = await keysOf({ ...cross, "files/arm64": "3" });
  assert.ok(changed(keys, after.keys).includes("child@amd64"));
});

test("what depends on the machine makes the whole context count, and is no name of a base", async () => {
  const text = "FROM debian\nARG BUILDARCH\nCOPY files/$BUILDARCH /x\n";
  const whole = await keysOf({ ...files, "base.docker": text });
  const after = await keysOf({ ...files, "base.docker": text, other: "x" });
  assert.ok(changed(whole.keys, after.keys).includes("base@amd64"));
  const one = { platforms: {} };
  const alone = await keysOf({ ...files, "base.docker": text }, one);
  const same = await keysOf({ ...files, "base.docker": text, other: "x" }, one);
  assert.deepEqual(changed(alone.keys, same.keys), []);
  const named = { ...files, "base.docker": "ARG BUILDARCH\nFROM debian-$BUILDARCH\n" };
  const message = "FROM debian-$BUILDARCH: it depends on the machine that builds";
  await assert.rejects(keysOf(named), {
    problems: [{ file: "base.docker", line: 2, column: 6, message }],
  });
});

test("a parent that is not built for a child's platform is an error where the child names it", async () => {
  const platforms = { child: "linux/arm64,linux/riscv64", base: both };
  const wrong = keysOf({ ...files, "child.docker": "# a child\nFROM my/base\n" }, { platforms });
  const message = "base is not built for linux/riscv64: its platforms are linux/amd64, linux/arm64";
  await assert.rejects(wrong, {
    code: "DOCKERFILE_INVALID",
    problems: [{ file: "child.docker", line: 2, column: 6, message }],
  });
  const named = "FROM --platform=linux/amd64 my/base AS x\nFROM scratch\nCOPY --from=x /x /x\n";
  const { images } = await keysOf({ ...files, "child.docker": named }, { platforms });
  const child = images.find(({ name }) => name === "child@riscv64");
  assert.deepEqual(child?.parents, ["base@amd64"]);
});

test("an image of one platform may take its parent for another too, or for the machine's, and each counts", async () => {
  for (const [platform, parents] of [
    ["linux/arm64", ["base@amd64", "base@arm64"]],
    ["$BUILDPLATFORM", ["base", "base@amd64"]],
  ] as const) {
    const text = `FROM --platform=${platform} my/base AS a\nFROM my/base\nCOPY --from=a /x /x\n`;
    const tree = { ...files, "lone.docker": text };
    const { images, keys } = await keysOf(tree);
    assert.deepEqual(images.find(({ name }) => name === "lone")?.parents, parents);
    for (const one of ["amd64", "arm64"]) {
      const after = await keysOf({ ...tree, [`files/${one}`]: "3" });
      assert.ok(changed(keys, after.keys).includes("lone"), `${platform} ${one}`);
    }
  }
});
