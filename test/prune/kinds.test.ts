import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { promotedPattern } from "../../src/config/promoted.ts";
import { keyVersion, ownTags } from "../../src/image/key.ts";
import { pastTag, tagsOf } from "../../src/oci/tags.ts";
import { classify, type Kind } from "../../src/prune/kinds.ts";

const hex = "0123456789abcdef".repeat(4);
const config = {
  ...defaultConfig,
  publish: [
    { branch: "{default}", tag: "latest" },
    { branch: "staging-*", tag: "{slug}" },
    { branch: "release/*", tag: "v-{slug}" },
  ],
};
const names = { isPromoted: promotedPattern(config, "master"), userTag: "my-test" };

const other = tagsOf(keyVersion + 1);

const cases: readonly (readonly [string, string, Kind])[] = [
  ["debian", ownTags.key(hex), "key"],
  ["debian", `${ownTags.key(hex)}0`, "unknown"],
  ["debian", ownTags.key(hex.toUpperCase()), "unknown"],
  ["debian", ownTags.set(hex), "set"],
  ["debian", `${ownTags.set(hex)}-r77`, "set"],
  ["debian", "p123", "unknown"],
  ["debian", `${ownTags.key("a".repeat(64))}-r123`, "pipeline"],
  ["debian", `${ownTags.key("a".repeat(64))}-l1763683200`, "try"],
  ["debian", ownTags.cache, "cache"],
  ["debian", ownTags.built, "cache"],
  ["debian", hex, "cache"],
  ["debian", "latest", "promoted"],
  ["debian", "staging-9-2", "promoted"],
  ["debian", "staging_9", "unknown"],
  ["debian", "v-release-9-2", "promoted"],
  ["debian", "my-test", "override"],
  ["debian", "v1.0", "unknown"],
  ["berth", ownTags.set(hex), "record"],
  ["berth", `${ownTags.set(hex)}-r77`, "record"],
  ["berth", "anything-promoted-by-hand", "promoted"],
  ["berth", ownTags.key(hex), "unknown"],
  ["debian", pastTag(ownTags.key(hex), new Date(1763683200000)), "past"],
  ...[`key-${hex}`, `set-${hex}-r7`, "cache", other.key(hex), other.set(hex), other.cache].map(
    (tag) => ["debian", tag, "other-version"] as const,
  ),
  ...[ownTags.key(hex), `${ownTags.key(hex)}-r7`, ownTags.built, hex, other.key(hex)].map(
    (tag) => ["try/debian", tag, "try"] as const,
  ),
  ["try/berth", ownTags.set(hex), "try"],
  ["try/debian", "latest", "promoted"],
  ["try/debian", "v1.0", "unknown"],
  ["berth", other.set(hex), "other-version"],
];

for (const [repository, tag, kind] of cases)
  test(`${repository}:${tag} is of the kind ${kind}`, () =>
    assert.equal(classify(repository, tag, names).kind, kind));

test("pipelines are read from the name", () => {
  assert.equal(classify("debian", `${ownTags.set(hex)}-r77`, names).pipeline, 77);
  assert.equal(classify("debian", `${ownTags.key(hex)}-r77`, names).pipeline, 77);
  assert.equal(classify("try/debian", `${ownTags.set(hex)}-r77`, names).pipeline, 77);
});

test("a slug of a default branch is recognised as it is spelt", () => {
  const rule = { publish: [{ branch: "{default}", tag: "on-{slug}" }] };
  assert.ok(promotedPattern(rule, "Main/Line")("on-main-line"));
  assert.ok(!promotedPattern(rule, "Main/Line")("on-other"));
});
