import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { promotedPattern } from "../../src/config/promoted.ts";
import { builtTag, cacheTag } from "../../src/image/key.ts";
import { classify, idOf, type Kind, pipelineOf } from "../../src/prune/kinds.ts";
import { claimTag } from "../../src/publish/claims.ts";

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

const cases: readonly (readonly [string, string, Kind])[] = [
  ["debian", `key-${hex}`, "key"],
  ["debian", `key-${hex}0`, "unknown"],
  ["debian", `key-${hex.toUpperCase()}`, "unknown"],
  ["debian", `try-${hex}`, "try"],
  ["debian", `set-${hex}`, "set"],
  ["debian", `set-${hex}-r77`, "set"],
  ["debian", `try-set-${hex}`, "try-set"],
  ["debian", "p123", "pipeline"],
  ["debian", `key-${"a".repeat(64)}-r123`, "pipeline"],
  ["debian", `try-${"a".repeat(64)}-r123`, "pipeline"],
  ["debian", `key-${"a".repeat(64)}-l1763683200`, "try"],
  ["debian", `set-${"a".repeat(64)}-l1763683200`, "try-set"],
  ["debian", "p12x", "unknown"],
  ["debian", "cache", "cache"],
  ["debian", cacheTag, "cache"],
  ["debian", builtTag, "cache"],
  ["debian", `try-${builtTag}`, "cache"],
  ["debian", hex, "cache"],
  ["debian", "latest", "promoted"],
  ["debian", "staging-9-2", "promoted"],
  ["debian", "staging-of-a-branch-that-is-gone", "promoted"],
  ["debian", "staging_9", "unknown"],
  ["debian", "v-release-9-2", "promoted"],
  ["debian", "my-test", "override"],
  ["debian", "v1.0", "unknown"],
  ["berth", `set-${hex}`, "record"],
  ["berth", `set-${hex}-r77`, "record"],
  ["berth", claimTag("latest", hex.slice(0, 40)), "claim"],
  ["berth", claimTag("t".repeat(120), hex), "claim"],
  ["berth", "latest", "promoted"],
  ["berth", "anything-promoted-by-hand", "promoted"],
  ["berth", `key-${hex}`, "unknown"],
];

for (const [repository, tag, kind] of cases) {
  test(`${repository}:${tag} is of the kind ${kind}`, () => {
    assert.equal(classify(repository, tag, names).kind, kind);
  });
}

test("ids and generations are read from the name", () => {
  assert.equal(classify("debian", `set-${hex}-r77`, names).generation, 77);
  assert.equal(idOf(`set-${hex}-r77`), hex);
  assert.equal(pipelineOf("p123"), 123);
  assert.equal(pipelineOf(`key-${hex}-r77`), 77);
});

test("a slug of a default branch is recognised as it is spelt", () => {
  const rule = { publish: [{ branch: "{default}", tag: "on-{slug}" }] };
  assert.ok(promotedPattern(rule, "Main/Line")("on-main-line"));
  assert.ok(!promotedPattern(rule, "Main/Line")("on-other"));
});
