/** One report with all that can be said of images, whole in each of its forms as people read it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { printJunit } from "../../src/report/junit.ts";
import { printPage } from "../../src/report/page.ts";
import { printSummary } from "../../src/report/summary.ts";
import { makeReport } from "../../src/report/view.ts";
import { blobs, failure, outcomeOf, planned, planOf } from "./samples.ts";

const because = {
  code: "absent",
  looked: ["r.example"],
  since: "FROM at line 1 changed since latest",
  diff: ["  base.docker:1: ~ FROM", "      - FROM `x`", "      + FROM ```", "        RUN <b>"],
} as const;
const [base, child, later, nightly, there, other] = [
  planned("base", "build", { decision: { kind: "build", because }, reference: "r.example/base:1" }),
  planned("child", "build", { parents: ["base"], reference: null }),
  planned("later", "build", { parents: ["base", "there"] }),
  planned("nightly", "build", { optional: true }),
  planned("there", "reuse"),
  planned("other", "build", { parents: ["child"] }),
] as const;
const output = ["step 3", "```", "no <package>"];
const lost = { digest: null, reference: null };
const broken = failure("BUILD_FAILED", "build child: it ended with 1", "read its log");
const outcomes = [
  outcomeOf(base, "built", 61.5, { blobs: blobs(["a", 1_000_000], ["b", 5]), buildSeconds: 60 }),
  outcomeOf(child, "failed", 3, { error: { ...broken!, output }, ...lost }),
  outcomeOf(nightly, "failed", 4, { error: { ...broken!, hint: null }, job: null, ...lost }),
  outcomeOf(other, "skipped", undefined, { error: failure("BUILD_FAILED", "not\nbuilt", null) }),
];
const report = makeReport(
  planOf([base, child, later, nightly, there, other], { warnings: ["a <b>"], dirty: ["x.docker"] }),
  outcomes,
  new Map([["there", { blobs: blobs(["a", 1_000_000], ["c", 7]), buildSeconds: 7260 }]]),
  "https://gitlab.example.com/a/b",
);

const read = (file: string) => readFileSync(join(import.meta.dirname, "forms", file), "utf8");

/** A page without its style, with where links lead. */
function textOf(page: string): string {
  return page
    .replace(/<style>[\s\S]*?<\/style>/g, "")
    .replace(/<a [^>]*href="([^"]*)"[^>]*>/g, "($1) ")
    .replace(/<\/(?:li|dt|dd|th|td|summary)>/g, "$&\n")
    .replace(/<[^>]*>/g, "")
    .replace(/^\s*\n/gm, "");
}

for (const [file, text] of [
  ["page.txt", textOf(printPage(report))],
  ["summary.txt", printSummary(report)],
  ["junit.xml", printJunit(report)],
] as const)
  test(`${file} is the whole of it`, () => assert.equal(text, read(file)));

test("what is not known of a run is left out", () => {
  const bare = makeReport(planOf([], { revision: null, pipeline: null }), [], new Map());
  assert.match(printPage(bare), /^<!doctype html>\n<html lang="en">/);
  const page = textOf(printPage(bare));
  assert.match(page, /^berth: No images\n/);
  assert.match(page, /\nberth reportNo images\nSet\n5{12}\nSaved against/);
  assert.doesNotMatch(page, /went wrong|Warnings/);
  assert.doesNotMatch(
    printSummary(bare),
    /Commit|pipeline|\| Image|went wrong|What changed|Warnings/,
  );
});
