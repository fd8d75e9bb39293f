import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { promotedPattern, promotedTags, slugOf } from "../../src/config/promoted.ts";

const publish = [
  { branch: "{default}", tag: "latest" },
  { branch: "staging-*", tag: "{slug}" },
  { branch: "stable", tag: "stable" },
  { branch: "st*", tag: "st-{slug}" },
  { branch: "a.b", tag: "dot" },
];

const cases: readonly (readonly [name: string, tags: string[]])[] = [
  ["master", ["latest"]],
  ["staging-9.2", ["staging-9-2", "st-staging-9-2"]],
  ["staging-a/b", ["staging-a-b", "st-staging-a-b"]],
  ["stable", ["stable", "st-stable"]],
  ["unstable", []],
  ["aXb", []],
  ["a.b", ["dot"]],
];

for (const [name, tags] of cases)
  test(`branch ${name} promotes ${tags.join(", ") || "nothing"}`, () =>
    assert.deepEqual(promotedTags({ publish }, { name, defaultBranch: "master" }), tags));

test("by default the default branch promotes latest, and no branch does where none is known", () => {
  const main = { name: "main", defaultBranch: "main" };
  assert.deepEqual(promotedTags(defaultConfig, main), ["latest"]);
  assert.deepEqual(promotedTags(defaultConfig, { ...main, defaultBranch: undefined }), []);
});

test("a slug is what GitLab makes of a branch", () => {
  const rows = [
    ["staging-9.2", "staging-9-2"],
    ["Feature/X_y", "feature-x-y"],
    ["-a-", "a"],
    ["a\u{1f680}b", "a-b"],
    ["x".repeat(70), "x".repeat(63)],
  ];
  for (const [branch = "", slug] of rows) assert.equal(slugOf(branch), slug);
});

test("tags that rules name are known, whichever branch they were made for", () => {
  const rows: readonly (readonly [string, string, string | undefined, is: string, not: string])[] =
    [
      ["{default}", "on-{slug}", "Main/X", "on-main-x", "on-other"],
      ["{default}", "on-{slug}", undefined, "on-other", "off-other"],
      ["staging-*", "{slug}", undefined, "staging-9-2", "stagingx"],
      ["_x*_", "{slug}", undefined, "x-1", "y-1"],
      ["a\u{1f680}b*", "{slug}", undefined, "a-b1", "a--b1"],
      ["any", "latest", undefined, "latest", "latest-x"],
    ];
  for (const [branch, tag, defaultBranch, is, not] of rows) {
    const isPromoted = promotedPattern({ publish: [{ branch, tag }] }, defaultBranch);
    assert.deepEqual([isPromoted(is), isPromoted(not)], [true, false], `${branch} ${tag}`);
  }
});
