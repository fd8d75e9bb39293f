/** How a run with failures ends: what is said, and the exit code that decides whether a job is tried again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outcome } from "../../src/build/outcome.ts";
import { type Session, tellFailures } from "../../src/cli/session.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { failure, outcomeOf, planned } from "../report/samples.ts";

function failed(code: ErrorCode, hint: string | null = null, optional = false): Outcome {
  const error = failure(code, `${code} it is`, hint);
  return outcomeOf(planned("debian", "build"), "failed", 1, { error, optional });
}

const fine = outcomeOf(planned("alpine", "reuse"), "reused");
const parent = failure("BUILD_FAILED", "debian failed", null);
const skipped = outcomeOf(planned("child", "build"), "skipped", 1, { error: parent });
const [broken, away] = [failed("BUILD_FAILED"), failed("REGISTRY_UNAVAILABLE", "try again")];

for (const [what, outcomes, code, said] of [
  ["nothing failed", [fine], 0, []],
  ["a build failed", [fine, broken], 1, ["berth: debian: BUILD_FAILED it is [BUILD_FAILED]"]],
  [
    "all that failed is weather, and its child was not tried",
    [away, skipped],
    75,
    [
      "berth: debian: REGISTRY_UNAVAILABLE it is [REGISTRY_UNAVAILABLE]",
      "  hint: try again",
      "berth: child: debian failed [BUILD_FAILED]",
    ],
  ],
  ["a build failed beside weather", [away, broken], 1, undefined],
  ["images were not tried alone", [skipped], 1, undefined],
  [
    "an image that may fail has failed",
    [failed("BUILD_FAILED", null, true)],
    0,
    ["berth: debian: BUILD_FAILED it is [optional, so the set goes on without it]"],
  ],
] as const)
  test(`where ${what}, the run ends with ${code}`, () => {
    const told = tell(outcomes);
    assert.equal(told.code, code);
    if (said !== undefined) assert.deepEqual(told.lines, said);
  });

function tell(outcomes: readonly Outcome[]) {
  const lines: string[] = [];
  const session = { world: { log: { info: (line: string) => lines.push(line) } } };
  return { code: tellFailures(session as unknown as Session, outcomes), lines };
}

const words = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);

for (const [count, shown] of [
  [1, 8],
  [3, 8],
  [6, 4],
  [40, 1],
] as const)
  test(`of ${count} failed builds the last words stand together, ${shown} lines of each`, () => {
    const names = Array.from({ length: count }, (_, index) => `image-${index}`);
    const outcomes = names.map((name) => {
      const message = `build ${name}: exit status 1`;
      const error = { code: "BUILD_FAILED", message, hint: "look", output: words } as const;
      return outcomeOf(planned(name, "build"), "failed", 1, { error });
    });
    const expected = names.flatMap((name) => [
      `berth: build ${name}: exit status 1 [BUILD_FAILED]`,
      ...words.slice(-shown).map((line) => `  | ${line}`),
      "  hint: look",
    ]);
    assert.deepEqual(tell(outcomes).lines, expected);
  });
