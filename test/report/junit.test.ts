import assert from "node:assert/strict";
import { test } from "node:test";
import { printJunit } from "../../src/report/junit.ts";
import { makeReport } from "../../src/report/view.ts";
import { builds, failure, outcomeOf, planned, planOf } from "./samples.ts";

const [good, bad, child, later] = builds("good", "bad", "child", "later");
const nightly = planned("nightly", "build", { optional: true });
const error = failure("BUILD_FAILED", "build bad: it ended with 1", "read its log");
const outcomes = [
  outcomeOf(good, "built", 0, 61.5),
  outcomeOf(bad, "failed", 0, 3, { error }),
  outcomeOf(child, "skipped", 0, undefined, { error: failure("BUILD_FAILED", "not built", null) }),
  outcomeOf(nightly, "failed", 0, 4, { error }),
];
const images = [good, bad, child, nightly, later, planned("there", "reuse")];
const report = makeReport(planOf(images), outcomes, new Map());

test("a failed image is a failed test, with its code, its message and what to do", () => {
  const xml = printJunit(report);
  assert.match(
    xml,
    /<testsuite name="berth" tests="6" failures="1" skipped="3" errors="0" time="68\.500">/,
  );
  assert.match(
    xml,
    /name="bad" time="3\.000"><failure type="BUILD_FAILED" message="build bad: it ended with 1">build bad: it ended with 1\n\nNext: read its log<\/failure>/,
  );
  assert.match(xml, /name="good" time="61\.500"><system-out>key not found in the registry</);
});

test("a failed test leads to its job and has the engine's last lines", () => {
  const told = { ...error!, output: ["step 3", "no <package>"] };
  const failed = [outcomeOf(bad, "failed", 0, 3, { error: told })];
  const xml = printJunit(
    makeReport(planOf([bad]), failed, new Map(), "https://gitlab.example.com/a/b"),
  );
  assert.match(
    xml,
    />build bad: it ended with 1\n\nNext: read its log\n\nJob: https:\/\/gitlab\.example\.com\/a\/b\/-\/jobs\/4711\n\nstep 3\nno &lt;package&gt;<\/failure>/,
  );
});

test("what does not fail the pipeline is skipped: optional images, children, images without outcome", () => {
  const xml = printJunit(report);
  assert.match(
    xml,
    /name="nightly" time="4\.000"><skipped message="optional: build bad: it ended with 1"\/>/,
  );
  assert.match(xml, /name="child" time="0\.000"><skipped message="not built"\/>/);
  assert.match(
    xml,
    /name="later" time="0\.000"><skipped message="to be built; no outcome is known"\/>/,
  );
});
