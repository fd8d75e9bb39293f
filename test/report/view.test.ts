import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Outcome, Result } from "../../src/build/outcome.ts";
import type { Decision } from "../../src/plan/plan.ts";
import {
  type ImageState,
  makeReport,
  printSeconds,
  savedWords,
  verdict,
} from "../../src/report/view.ts";
import { blobs, outcomeOf, planned, planOf } from "./samples.ts";

const nothing = new Map();

describe("the state of an image", () => {
  const cases: readonly (readonly [Decision["kind"], Result | undefined, ImageState])[] = [
    ["reuse", undefined, "reused"],
    ["reuse", "reused", "reused"],
    ["copy", undefined, "to copy"],
    ["copy", "copied", "copied"],
    ["copy", "failed", "failed"],
    ["build", undefined, "to build"],
    ["build", "built", "built"],
    ["build", "adopted", "adopted"],
    ["build", "failed", "failed"],
    ["build", "skipped", "skipped"],
    ["refresh", undefined, "to refresh"],
    ["refresh", "built", "refreshed"],
  ];
  for (const [kind, result, state] of cases)
    test(`planned as ${kind} that ended as ${result ?? "nothing yet"} is ${state}`, () => {
      const image = planned("debian", kind);
      const outcomes = result === undefined ? [] : [outcomeOf(image, result, 1)];
      assert.equal(makeReport(planOf([image]), outcomes, nothing).images[0]?.state, state);
    });
});

test("an outcome of another key or decision is of another run and tells nothing", () => {
  const image = planned("debian", "reuse");
  const others: readonly Partial<Outcome>[] = [{ key: "0".repeat(64) }, { decision: "build" }];
  for (const change of others) {
    const outcome = outcomeOf(image, "built", 5, change);
    const report = makeReport(planOf([image]), [outcome], nothing);
    assert.equal(report.images[0]?.state, "reused");
  }
});

test("sizes and savings count shared blobs once, and say of how many images they are known", () => {
  const images = ["a", "b", "c"].map((name) => planned(name, "reuse"));
  const built = planned("built", "build");
  const size = blobs(["base", 100], ["built", 7]);
  const outcome = outcomeOf(built, "built", 30, { blobs: size, buildSeconds: 30 });
  const facts = new Map([
    ["a", { blobs: blobs(["base", 100], ["a", 1]), buildSeconds: 60 }],
    ["b", { blobs: blobs(["base", 100], ["b", 2]) }],
  ]);
  const report = makeReport(planOf([...images, built]), [outcome], facts);
  assert.deepEqual(report.size, { bytes: 110, images: 3 });
  assert.deepEqual(report.saved, { jobs: 3, seconds: 60, timed: 1, bytes: 103, weighed: 2 });
  assert.deepEqual(savedWords(report), [
    "3 build jobs not run.",
    "1 min 0 s of building (known of 1 of 3), as these images took when they were made.",
    "Up to 103 B not built, pushed and stored again (known of 2 of 3), shared layers counted once.",
  ]);
});

test("what is not known is said to be, and not made up", () => {
  const report = makeReport(planOf([planned("a", "reuse")]), [], nothing);
  const [, time, bytes] = savedWords(report);
  assert.match(time ?? "", /not known, since no image that was read says/);
  assert.match(bytes ?? "", /not known/);
  const all = makeReport(planOf([planned("a", "build")]), [], nothing);
  assert.deepEqual(savedWords(all), ["Nothing: every image had to be made."]);
});

test("commit, pipeline and jobs have addresses below the project's, and none where that could be no page", () => {
  const image = planned("a", "build");
  const of = (project: string | undefined, change: Partial<Outcome> = {}) => {
    const outcomes = [outcomeOf(image, "built", 5, change)];
    const { links, images } = makeReport(planOf([image]), outcomes, nothing, project);
    return [links.commit, links.pipeline, images[0]?.job];
  };
  const project = "https://gitlab.example.com/acme/tools";
  const commit = `${project}/-/commit/${"c0ffee".repeat(6)}`;
  assert.deepEqual(of(project), [commit, `${project}/-/pipelines/77`, `${project}/-/jobs/4711`]);
  assert.equal(of(project, { job: null })[2], undefined);
  assert.equal(of(project, { job: "1/../../x" })[2], undefined);
  for (const other of [undefined, "", "javascript:alert(1)//", "https://a b", 'https://a"b'])
    assert.deepEqual(of(other), [undefined, undefined, undefined]);
});

test("the verdict names what is missing before anything else", () => {
  const needed = planned("needed", "build");
  const optional = planned("optional", "build", { optional: true });
  const say = (...outcomes: Outcome[]): string =>
    verdict(makeReport(planOf([needed, optional]), outcomes, nothing));
  const ended = (one: Result, other: Result) =>
    say(outcomeOf(needed, one), outcomeOf(optional, other));
  assert.equal(say(), "2 of 2 images to be made");
  assert.equal(ended("failed", "built"), "1 of 2 images is missing");
  assert.equal(ended("built", "failed"), "All images that must be there are; 1 optional missing");
  assert.equal(ended("built", "built"), "All 2 images are there");
});

test("times are said to the precision that matters", () => {
  const cases = { 0: "0.0 s", 9.94: "9.9 s", 9.96: "10 s", 59.6: "1 min 0 s", 3599.7: "1 h 0 min" };
  for (const [seconds, text] of Object.entries(cases))
    assert.equal(printSeconds(Number(seconds)), text);
  assert.equal(printSeconds(2 * 3600 + 59.6 * 60), "3 h 0 min");
});
