import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BerthError } from "../../src/errors.ts";
import { ownTags } from "../../src/image/key.ts";
import { isForced, refuseTag, situationOf } from "../../src/plan/situation.ts";
import { keyedImage } from "../support/keyed.ts";
import { branch, jobIn, qemu } from "./pipelines.ts";

function withVariable(name: string, value: string) {
  const variables = { [`QEMU_CI_${name}`]: value };
  return situationOf(jobIn("fork", branch("topic"), { variables }), qemu, undefined);
}

describe("FORCE_REBUILD", () => {
  const names = (...all: readonly string[]) => all;
  const cases: readonly (readonly [force: "none" | "all" | readonly string[], ...string[]])[] = [
    ["none", "", "0", "false", "No", " , "],
    ["all", "1", "true", "YES", "all"],
    [names("debian"), "debian"],
    [names("debian", "fedora"), "debian,fedora"],
    [names("debian", "fedora", "alpine"), " debian, fedora\talpine "],
    [names("2"), "2"],
  ];
  for (const [expected, ...texts] of cases)
    test(`${texts.map((one) => JSON.stringify(one)).join(", ")} is ${expected}`, () => {
      for (const text of texts) {
        const here = withVariable("FORCE_REBUILD", text).wishes;
        assert.deepEqual(here.force, expected);
        assert.equal(isForced(here, "debian"), expected === "all" || expected.includes("debian"));
        assert.equal(isForced(here, "no"), expected === "all");
      }
    });

  test("that is not set forces nothing", () => {
    const here = situationOf(jobIn("fork", branch("topic")), qemu, undefined).wishes;
    assert.equal(here.force, "none");
    assert.equal(isForced(here, "none"), false);
  });
});

describe("CONTAINER_TAG", () => {
  const tagOf = (value: string) => {
    const here = withVariable("CONTAINER_TAG", value);
    refuseTag(here, qemu);
    return here.wishes.tag;
  };
  const { key } = keyedImage("debian");
  const longest = "x".repeat(128);

  for (const value of ["my_tag.1", "topic", "keyboard", "stagingx", "p100", "Staging-1", longest])
    test(`${value.slice(0, 20)} is taken as it is`, () => assert.equal(tagOf(value), value));

  test("that is empty is none", () => assert.equal(tagOf(""), undefined));

  const key100 = `${ownTags.key(key)}-r100`;
  const refused: readonly (readonly [why: string, hint: RegExp | undefined, ...string[]])[] = [
    ["is not a tag", /CI_COMMIT_REF_SLUG/, "feature/x", ".x", "-x", "a b", `${longest}x`, "täg"],
    ["is moved by `promote` alone", /out of the YAML/, "latest", "staging-9-2", "staging-"],
    ["is a tag of berth's own", undefined, ownTags.key(key), key100, ownTags.cache, ownTags.built],
    ["is a tag of berth's own", undefined, `key-${key}`, "key1-x", "cache", key],
  ];
  for (const [why, hint, ...values] of refused)
    for (const value of values)
      test(`${value.replace(key, "<hex>").slice(0, 20)} is refused: it ${why}`, () =>
        assert.throws(
          () => tagOf(value),
          (error: BerthError) => {
            const shown = why === "is not a tag" ? JSON.stringify(value) : value;
            assert.equal(error.code, "REFERENCE_INVALID");
            assert.equal(error.message, `read QEMU_CI_CONTAINER_TAG: ${shown} ${why}`);
            assert.match(error.hint ?? "", hint ?? /./);
            return true;
          },
        ));

  test("of a set is what berth told its jobs, and no user's wish", () => {
    for (const value of [ownTags.set(key), `${ownTags.set(key)}-r100`, `set9-${key}`])
      assert.equal(withVariable("CONTAINER_TAG", value).wishes.tag, undefined, value);
  });

  test("that no image may get stops nobody who gives none", () => {
    for (const value of ["feature/x", "latest", ownTags.key(key)])
      assert.equal(withVariable("CONTAINER_TAG", value).wishes.tag, value);
  });
});
