import assert from "node:assert/strict";
import { test } from "node:test";
import type { JudgedTag, PrunePlan } from "../../src/prune/plan.ts";
import { printPrunePlan } from "../../src/prune/report.ts";
import { screen } from "../support/screen.ts";

const key = `key2-${"0123456789abcdef".repeat(4)}`;

function tag(repository: string, name: string, verdict: JudgedTag["verdict"]): JudgedTag {
  const what = { kind: name === "latest" ? "promoted" : "key" };
  return { repository, name, what, verdict } as JudgedTag;
}

const unneeded = { action: "delete", reason: { why: "unneeded" } } as const;
const promoted = { action: "keep", reason: { why: "promoted" } } as const;
const tags = [
  tag("", "latest", promoted),
  tag("fedora", key, unneeded),
  tag("debian", key, unneeded),
  tag("debian", `${key}-r1`, unneeded),
];
const plan = {
  tags,
  doubts: [],
  totals: [
    { kind: "key", delete: 3, keep: 0 },
    { kind: "promoted", delete: 0, keep: 1 },
  ],
} as unknown as PrunePlan;

test("what goes is a table, what stays one line", () => {
  assert.equal(
    printPrunePlan(plan, {}, screen()),
    [
      "DECISION  REPOSITORY  KIND  BECAUSE           TAGS",
      "delete    debian      key   nothing needs it  2",
      `delete    fedora      key   nothing needs it  ${key}`,
      "",
      "to delete: 3 tags: 3 key",
      "to keep: 1 tag: 1 promoted (--all lists them)",
      "",
    ].join("\n"),
  );
  const idle = { ...plan, tags: [tags[0]!], totals: [plan.totals[1]!] };
  const text = printPrunePlan(idle, {}, screen());
  assert.equal(text, "to delete: no tag\nto keep: 1 tag: 1 promoted (--all lists them)\n");
});

test("with --all what stays is listed too", () => {
  const text = printPrunePlan(plan, { all: true }, screen());
  assert.match(text, /^keep +\. +promoted +promoted +latest$/m);
  assert.doesNotMatch(text, /--all/);
});

test("with --each every tag has a line, with its name in whole", () => {
  const lines = (width?: number) =>
    printPrunePlan(plan, { each: true }, screen(width)).split("\n\n")[0]?.split("\n");
  const names = lines()?.slice(1);
  const shown = names?.map((line) => line.split(/ {2,}/)[4]);
  assert.deepEqual(shown, [key, `${key}-r1`, key]);
  const widest = Math.max(...(lines() ?? []).map((line) => line.length));
  assert.deepEqual(lines(widest), lines());
  assert.notDeepEqual(lines(widest - 1), lines());
  assert.deepEqual(lines(80), [
    ...["delete debian, key: nothing needs it", `  ${key}`, `  ${key}-r1`],
    ...["delete fedora, key: nothing needs it", `  ${key}`],
  ]);
});

test("a tag that stands for its reason is counted where the screen is too narrow for its name", () => {
  const text = printPrunePlan(plan, {}, screen(80));
  assert.match(text, /^delete +fedora +key +nothing needs it +1$/m);
});

test("a doubt is told at the end", () => {
  const doubts = [
    { about: "branch a", why: "it cannot be read" },
  ] as unknown as PrunePlan["doubts"];
  assert.match(
    printPrunePlan({ ...plan, doubts }, {}, screen()),
    /\n\nwhat is needed cannot be told, .*:\n {2}branch a: it cannot be read\n$/,
  );
});
