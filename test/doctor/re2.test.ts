import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RE2JS } from "re2js";
import { compileRe2 } from "../../src/doctor/re2.ts";

const hex = "0123456789abcdef".repeat(4);
const names = ["latest", "LATEST", "key-1", `key-${hex}`, hex, "v1.2.3", "a\nb", "dev", ""];

const patterns = [
  "",
  ".*",
  "(?i)latest",
  "(?s)a.b",
  "key-[0-9a-f]{64}",
  "\\Akey-\\d+\\z",
  "(?P<kind>key|set)-.*",
  "^v\\d+\\.\\d+$|dev",
  "(?i:LATEST)|x",
  "\\\\A|latest",
];

describe("patterns of GitLab's settings", () => {
  for (const pattern of patterns) {
    test(`are read as RE2 reads them: ${JSON.stringify(pattern)}`, () => {
      const re2 = RE2JS.compile(pattern);
      const part = compileRe2(pattern, { whole: false });
      const whole = compileRe2(pattern, { whole: true });
      assert.deepEqual(
        names.map((name) => [name, part?.(name), whole?.(name)]),
        names.map((name) => [name, re2.matcher(name).find(), re2.matches(name)]),
      );
    });
  }

  test("that only RE2 or nobody can read are left alone", () => {
    for (const pattern of ["[[:alpha:]]+", "\\Qa.b\\E", "(?U)a+", "\\pL", "(", "*"])
      assert.equal(compileRe2(pattern, { whole: true }), undefined, pattern);
  });
});
