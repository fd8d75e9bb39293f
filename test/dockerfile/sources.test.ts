import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceMatcher } from "../../src/context/source.ts";
import { copySource, remoteOf } from "../../src/dockerfile/reads.ts";
import { recipeOf } from "../support/recipe.ts";

const matches: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["", ["a", "a/b"], []],
  ["a", ["a", "a/b", "a/b/c"], ["ab", "b/a", "A"]],
  ["*", ["a", "a/b", ".a"], []],
  ["*.c", ["a.c", ".c", "d.c/e"], ["a.h", "a/b.c"]],
  ["a/*/c", ["a/b/c", "a/b/c/d"], ["a/c", "a/b/b/c", "a/b/cc"]],
  ["[^a-c]x", ["dx", "-x/y"], ["ax", "x"]],
];

for (const [source, reached, others] of matches)
  test(`the source ${JSON.stringify(source)} reaches what Go's filepath.Match says, and below`, () => {
    const test = sourceMatcher(copySource(source, false, 1));
    assert.deepEqual([...reached, ...others].filter(test), reached);
  });

test("the folder in front of ** counts with what its links lead to", () => {
  const folder = { kind: "path", pattern: "a/b", wildcards: false, follow: true, line: 1 } as const;
  assert.deepEqual(copySource("a/b/**", false, 1), folder);
  assert.deepEqual(copySource("a/b/*/c", true, 1), folder);
});

test("a bind mount's source has no wildcards", () => {
  const { sources } = recipeOf("FROM scratch\nRUN --mount=source=/a*,target=/x a\n");
  const matcher = sourceMatcher(sources[0]!);
  assert.deepEqual(["a*", "a*/b", "ab"].map(matcher), [true, true, false]);
});

test("a malformed source reaches everything", () => {
  for (const malformed of ["[", "a[b", "[a-]", "a*[\\"])
    assert.equal(copySource(malformed, false, 1).kind, "everything", malformed);
});

const remotes: readonly (readonly [string, string | undefined])[] = [
  ["a", undefined],
  ["./http://a", undefined],
  ["http://a/b", "http"],
  ["HTTPS://a/b", "http"],
  ["https://a/b.git", "git"],
  ["https://a/b.git#main:x", "git"],
  ["https://a/b.git?ref=x", "git"],
  ["https://a/b.git.tar", "http"],
  ["https://a/b#c.git", "http"],
  ["git://a/b", "git"],
  ["ssh://a/b", "git"],
  ["git@a.b:c/d", "git"],
  ["a@b", undefined],
];

for (const [source, expected] of remotes)
  test(`the source ${source} is ${expected ?? "local"}`, () =>
    assert.equal(remoteOf(source), expected));
