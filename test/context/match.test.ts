import assert from "node:assert/strict";
import { test } from "node:test";
import { parseElement } from "../../src/context/source.ts";

/** Cases of Go's path/filepath (match_test.go) that concern one element of a path. */
const cases: readonly (readonly [pattern: string, taken: string, left: string])[] = [
  ["abc", "abc", "ab abcd"],
  ["*", "abc .hidden", ""],
  ["*c", "abc", "abd"],
  ["a*", "a abc", "ba"],
  ["a*b*c*d*e*", "axbxcxdxe axbxcxdxexxx", "axbxcxdx"],
  ["a*b?c*x", "abxbbxdbxebxczzx", "abxbbxdbxebxczzy"],
  ["ab[c]", "abc", "abd"],
  ["ab[b-d]", "abc", "abe"],
  ["ab[e-g]", "abf", "abc"],
  ["ab[^c]", "abd", "abc"],
  ["ab[^b-d]", "aba", "abc"],
  ["a\\*b", "a*b", "ab axb"],
  ["a?b", "a☺b a😀b", "ab"],
  ["a[^a]b", "a☺b", "aab"],
  ["a???b", "axyzb", "a☺b"],
  ["[a-ζ]*", "α", "A"],
  ["*[a-ζ]", "xα", "A"],
  ["[\\]a]", "] a", "b"],
  ["[x\\-]", "x -", "z"],
  ["[*?]", "* ?", "x"],
  ["[z-a]", "", "z a m"],
  ["x[^z-a]", "xq", "x"],
  ["a.c", "a.c", "abc"],
  ["*a*b*", "xxaxxbxx", "xxbxxaxx"],
  ["a*[bc]?*d", "axxbxxdxd", "abd"],
  ["a**b", "ab", "a"],
  ["*ab*ab", "aabab", "ab"],
  [`${"*a".repeat(25)}b`, `${"a".repeat(200)}b`, "a".repeat(200)],
];

test("an element matches what filepath.Match matches", () => {
  for (const [pattern, taken, left] of cases) {
    const element = parseElement(pattern);
    assert.ok(element, pattern);
    const matches = (name: string): boolean =>
      element.kind === "name" ? element.name === name : element.matches(name);
    for (const name of taken.split(" ").filter(Boolean))
      assert.ok(matches(name), `${pattern} ${name}`);
    for (const name of left.split(" ").filter(Boolean))
      assert.ok(!matches(name), `${pattern} ${name}`);
  }
});

test("malformed elements are told apart", () => {
  for (const pattern of ["[]a]", "[-]", "[x-]", "[-x]", "\\", "[a-b-c]", "[", "[^", "a[", "[^bc"])
    assert.equal(parseElement(pattern), undefined, pattern);
});
