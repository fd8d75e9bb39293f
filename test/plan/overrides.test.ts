import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { isForced, refuseTag, situationOf } from "../../src/plan/situation.ts";
import { keyedImage } from "../support/keyed.ts";
import { branch, jobIn, qemu } from "./pipelines.ts";

function withVariable(name: string, value: string) {
  return situationOf(
    jobIn("fork", branch("topic"), { variables: { [name]: value } }),
    qemu,
    undefined,
  );
}

describe("FORCE_REBUILD", () => {
  const cases: readonly (readonly [text: string, force: "none" | "all" | readonly string[]])[] = [
    ["", "none"],
    ["0", "none"],
    ["false", "none"],
    ["No", "none"],
    [" , ", "none"],
    ["1", "all"],
    ["true", "all"],
    ["YES", "all"],
    ["all", "all"],
    ["debian", ["debian"]],
    ["debian,fedora", ["debian", "fedora"]],
    [" debian, fedora\talpine ", ["debian", "fedora", "alpine"]],
    ["2", ["2"]],
  ];
  for (const [text, expected] of cases) {
    test(`${JSON.stringify(text)} is ${JSON.stringify(expected)}`, () => {
      const here = withVariable("QEMU_CI_FORCE_REBUILD", text).wishes;
      assert.deepEqual(here.force, expected);
      assert.equal(isForced(here, "debian"), expected === "all" || expected.includes("debian"));
      assert.equal(isForced(here, "no"), expected === "all");
    });
  }

  test("that is not set forces nothing", () => {
    const here = situationOf(jobIn("fork", branch("topic")), qemu, undefined).wishes;
    assert.equal(here.force, "none");
    assert.equal(isForced(here, "none"), false);
  });
});

describe("CONTAINER_TAG", () => {
  const tagOf = (value: string) => {
    const here = withVariable("QEMU_CI_CONTAINER_TAG", value);
    refuseTag(here, qemu);
    return here.wishes.tag;
  };
  const { key } = keyedImage("debian");

  for (const value of [
    "my_tag.1",
    "topic",
    "keyboard",
    "stagingx",
    "p100",
    "Staging-1",
    "x".repeat(128),
  ])
    test(`${value.slice(0, 20)} is taken as it is`, () => assert.equal(tagOf(value), value));

  test("that is empty is none", () => assert.equal(tagOf(""), undefined));

  for (const value of ["feature/x", ".x", "-x", "a b", "x".repeat(129), "täg"]) {
    test(`${value.slice(0, 20)} is refused: no tag`, () => {
      const message = /^read QEMU_CI_CONTAINER_TAG: .* is not a tag$/;
      assert.throws(() => tagOf(value), {
        code: "REFERENCE_INVALID",
        message,
        hint: /CI_COMMIT_REF_SLUG/,
      });
    });
  }

  for (const value of ["latest", "staging-9-2", "staging-"]) {
    test(`${value} is refused: promote alone moves it`, () => {
      const message = `read QEMU_CI_CONTAINER_TAG: ${value} is moved by \`promote\` alone`;
      assert.throws(() => tagOf(value), {
        code: "REFERENCE_INVALID",
        message,
        hint: /out of the YAML/,
      });
    });
  }

  const ours = [
    ownTags.key(key),
    `${ownTags.key(key)}-r100`,
    ownTags.cache,
    ownTags.built,
    `key-${key}`,
    "key1-x",
    "cache",
    key,
  ];
  for (const value of ours) {
    test(`${value.replace(key, "<hex>")} is refused: berth's own`, () => {
      const message = `read QEMU_CI_CONTAINER_TAG: ${value} is a tag of berth's own`;
      assert.throws(() => tagOf(value), { code: "REFERENCE_INVALID", message });
    });
  }

  test("of a set is what berth told its jobs, and no user's wish", () => {
    for (const value of [ownTags.set(key), `${ownTags.set(key)}-r100`, `set9-${key}`])
      assert.equal(withVariable("QEMU_CI_CONTAINER_TAG", value).wishes.tag, undefined, value);
  });

  test("that no image may get stops nobody who gives none", () => {
    for (const value of ["feature/x", "latest", ownTags.key(key)])
      assert.equal(withVariable("QEMU_CI_CONTAINER_TAG", value).wishes.tag, value);
  });
});
