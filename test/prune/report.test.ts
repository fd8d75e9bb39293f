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

test("with --each every tag has a line, its name whole where it fits", () => {
  const names = (width?: number) => {
    const text = printPrunePlan(plan, { each: true }, screen(width));
    return text
      .split("\n")
      .filter((line) => line.startsWith("delete"))
      .map((line) => line.split(/ {2,}/)[4]);
  };
  assert.deepEqual(names(), [key, `${key}-r1`, key]);
  assert.deepEqual(names(80), [
    "key2-0123456789ab…",
    "key2-0123456789ab…-r1",
    "key2-0123456789ab…",
  ]);
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
