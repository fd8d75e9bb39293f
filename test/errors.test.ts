import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BerthError,
  describeError,
  errorValue,
  exitCodeOf,
  expected,
  ifPossible,
} from "../src/errors.ts";

const problems = [{ file: "a\u001b", line: 1, column: 2, message: "odd" }];
const error = new BerthError("CONFIG_INVALID", "read\nit", { hint: "mend it", problems });
const bug = new TypeError("x is no function");

test("an error is told to people, to programs and by its exit code; anything else is a bug", () => {
  const told = describeError(error);
  assert.equal(told, "berth: read\n  it [CONFIG_INVALID]\n  a\\u001b:1:2: odd\n  hint: mend it\n");
  const { code, message, hint } = error;
  assert.deepEqual(errorValue(error), { error: { code, message, hint, problems } });
  assert.equal(exitCodeOf(error), 64);
  assert.match(describeError(error, true).slice(told.length), /^\S.*\n.* at /s);
  assert.match(
    describeError(bug),
    /^berth: this is a bug of berth's own.*:\nTypeError: x is.*\n +at /,
  );
  assert.deepEqual(errorValue(bug), {
    error: { code: "INTERNAL", message: bug.message, hint: null, problems: [] },
  });
  assert.deepEqual([exitCodeOf(bug), exitCodeOf("x")], [70, 70]);
});

test("what may be done without is done without, but for bugs", async () => {
  assert.equal(await ifPossible(Promise.resolve(1)), 1);
  assert.equal(await ifPossible(Promise.reject(error)), undefined);
  await assert.rejects(ifPossible(Promise.reject(bug)), bug);
  assert.equal(expected(({ code }) => code)(error), "CONFIG_INVALID");
  assert.throws(() => expected(() => "")(bug), bug);
});
