import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { printJunit } from "../../src/report/junit.ts";
import { printPage } from "../../src/report/page.ts";
import { escapeMarkdown, printSummary } from "../../src/report/summary.ts";
import { makeReport, type Report } from "../../src/report/view.ts";
import { outcomeOf, planned, planOf } from "./samples.ts";

const pieces = [
  ...["<script>alert(1)</script>", "</style>", "</script>", "<!--", "-->", "]]>", "<![CDATA["],
  ...['"', "'", '" onload="x()', "&lt;", "&#0;", "${1}", "`", "\\", "\0", "\u001b[31m", "\ud800"],
  ...["|", "\n", "\r", "@all", "#1", "![x](http://x)", "<img src=x onerror=x()>"],
  ...["\u202e", "\ufffe"],
];
const piece = fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary", maxLength: 5 }));
const hostile = fc.array(piece, { maxLength: 6 }).map((list) => list.join(""));
const texts = fc.tuple(hostile, hostile, hostile, hostile, hostile, hostile);

/** A report with given texts wherever a report takes some. */
function reportOf([name, other, reference, message, hint, line]: readonly string[]): Report {
  const output = [`o${line}`, `p${message}`];
  const error = { code: "BUILD_FAILED", message: `${message}`, hint: `${hint}`, output } as const;
  const diff = [`d${hint}`, `${name}`, `  + ${other}`];
  const absent = { code: "absent", looked: [], since: `s${line}`, diff } as const;
  const first = planned(`a${name}`, "build", {
    reference: `x${reference}`,
    decision: { kind: "build", because: absent },
  });
  const base = { code: "base-moved", base: `${line}`, from: `${name}`, to: `${other}` } as const;
  const second = planned(`b${other}`, "refresh", {
    parents: [`a${name}`],
    decision: { kind: "refresh", from: "x", because: base },
  });
  const third = planned("alone", "build", { optional: true, reference: `x${other}` });
  const outcomes = [
    outcomeOf(first, "failed", 5, { error }),
    outcomeOf(second, "skipped", undefined, { error }),
    outcomeOf(third, "failed", 3, { error }),
  ];
  const told = { warnings: [`w${line}`], dirty: [`d${name}`] };
  const change = { revision: `${message}`, pipeline: `${hint}`, ...told };
  return makeReport(planOf([first, second, third], change), outcomes, new Map());
}

const harmless = reportOf(["a", "b", "c", "d", "e", "f"]);

const own = /<style>[\s\S]*?<\/style>/g;
const tag = /<(?:"[^"]*"|[^<>"])*>/g;

/** All markup of a document, texts and the values of attributes taken out. */
function skeleton(document: string): string {
  const tags = document.replace(own, "<>").match(tag) ?? [];
  return tags.map((each) => each.replace(/"[^"]*"/g, '""')).join("\n");
}

/** All text of a document, tags and our own style taken out. */
function outside(document: string): string {
  return document.replace(own, "").replace(tag, "");
}

describe("whatever names, reasons and messages hold", () => {
  test("the page has the same markup", () => {
    const expected = skeleton(printPage(harmless));
    assert.ok(expected.split("\n").length > 100);
    fc.assert(
      fc.property(texts, (list) => {
        const page = printPage(reportOf(list));
        assert.equal(skeleton(page), expected);
        assert.doesNotMatch(outside(page), /[<>\0]/);
      }),
      { numRuns: 100 },
    );
  });

  test("JUnit has the same markup, and only characters that XML has", () => {
    const expected = skeleton(printJunit(harmless));
    fc.assert(
      fc.property(texts, (list) => {
        const xml = printJunit(reportOf(list));
        assert.equal(skeleton(xml), expected);
        assert.doesNotMatch(outside(xml), /[<>]/);
        assert.match(xml, /^[\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
        assert.doesNotMatch(xml.replace(/&(?:amp|lt|gt|quot|#39);/g, ""), /&/);
      }),
    );
  });

  test("Markdown has the same lines, and every sign that could mean something is escaped", () => {
    const lines = (text: string): number => text.split("\n").length;
    fc.assert(
      fc.property(texts, hostile, (list, text) => {
        assert.equal(lines(printSummary(reportOf(list))), lines(printSummary(harmless)));
        const left = escapeMarkdown(text).replace(/\\[!-/:-@[-`{-~]/g, "");
        assert.doesNotMatch(left, /[\\`*_{}[\]<>#+|~@$&^!\n\r\0]/);
      }),
    );
  });
});

test("the page's policy allows its own style and nothing else", () => {
  const page = printPage(harmless);
  const [, policy = ""] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
  const [, style = ""] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
  const hash = createHash("sha256").update(style).digest("base64");
  assert.deepEqual(policy.split("; "), [
    "default-src &#39;none&#39;",
    `style-src &#39;sha256-${hash}&#39;`,
    "img-src data:",
    "base-uri &#39;none&#39;",
    "form-action &#39;none&#39;",
  ]);
  assert.doesNotMatch(page, /<script| style="| on[a-z]+="|src=|https?:/);
});
