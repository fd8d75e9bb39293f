import assert from "node:assert/strict";
import { test } from "node:test";
import { ignoreMatcher, parseIgnore } from "../../src/context/ignore.ts";
import { parsePattern } from "../../src/context/pattern.ts";
import type { BerthError } from "../../src/errors.ts";

/**
 * The cases of moby/patternmatcher (patternmatcher_test.go, Apache-2.0), as facts: a pattern, the paths
 * that it takes, and after "but not" those that it leaves.
 */
const singles: readonly (readonly [pattern: string, taken: string, left?: string])[] = [
  ["**", "file file/ / dir/file"],
  ["**/", "file file/ / dir/file dir/file/"],
  ["**/**", "dir/file dir/file/"],
  ["dir/**", "dir/file dir/file/ dir/dir2/file dir/dir2/file/"],
  ["**/dir", "dir dir/file"],
  ["**/dir2/*", "dir/dir2/file dir/dir2/file/"],
  ["**/dir2/**", "dir/dir2/dir3/file dir/dir2/dir3/file/"],
  ["**file", "file dir/file dir/dir/file"],
  ["**/file", "dir/file dir/dir/file"],
  ["**/file*", "dir/dir/file dir/dir/file.txt"],
  ["**/file*txt", "dir/dir/file.txt"],
  ["**/file*.txt", "dir/dir/file.txt"],
  ["**/file*.txt*", "dir/dir/file.txt"],
  ["**/**/*.txt", "dir/dir/file.txt file.txt"],
  ["**/**/*.txt2", "", "dir/dir/file.txt"],
  ["**/*.txt", "file.txt"],
  ["a**/*.txt", "a/file.txt a/dir/file.txt a/dir/dir/file.txt"],
  ["a/*.txt", "a/file.txt", "a/dir/file.txt"],
  ["a/*.txt**", "a/file.txt"],
  ["a[b-d]e", "ace", "ae aae"],
  ["a[^b-d]e", "aze"],
  [".*", ".foo", "foo"],
  ["abc.def", "abc.def", "abcdef abcZdef"],
  ["abc?def", "abcZdef", "abcdef"],
  ["a\\\\", "a\\"],
  ["**/foo/bar", "foo/bar dir/foo/bar dir/dir2/foo/bar"],
  ["abc/**", "abc/def abc/def/ghi", "abc"],
  ["**/.foo", ".foo", "bar.foo"],
  ["a(b)c/def", "a(b)c/def", "a(b)c/xyz"],
  ["a.|)$(}+{bc", "a.|)$(}+{bc"],
  [
    "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
    "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl",
  ],
  ["dist/*.whl", "dist/proxy.py-2.4.0rc3.dev36+g08acad9-py3-none-any.whl"],
  ["*", "fileutils.go abc"],
  ["*.go", "fileutils.go", "."],
  ["a*", "a abc ab/c"],
  ["a*/b", "abc/b", "a/c/b"],
  ["a*b*c*d*e*/f", "axbxcxdxe/f axbxcxdxexxx/f", "axbxcxdxe/xxx/f axbxcxdxexxx/fff"],
  ["a?b", "a☺b", "a/b"],
  ["a*b", "", "a/b"],
];

const malformed = "[]a] [-] [x-] [-x] \\ [a-b-c] [ [^ [^bc a[ [Local-Only]/ !".split(" ");

const lists: readonly (readonly [patterns: string, path: string, ignored: boolean])[] = [
  ["** !util/docker/web", "util/docker/web/foo", false],
  ["** !util/docker/web util/docker/web/foo", "util/docker/web/foo", true],
  ["** !dist/a.dev36+g08-any.whl", "dist/a.dev36+g08-any.whl", false],
  ["** !dist/*.whl", "dist/a.dev36+g08-any.whl", false],
  ["!fileutils.go *.go", "fileutils.go", true],
  ["*.go !fileutils.go", "fileutils.go", false],
  ["docs !docs/README.md", "docs/README.md", false],
  ["docs/ !docs/README.md", "docs/README.md", false],
  ["docs/* !docs/README.md", "docs/README.md", false],
  ["", "any/path/there", false],
  // What brings a folder back does not bring back what lies in it by a pattern of its own.
  ["**/*.pem !app", "app/secrets/key.pem", true],
  ["**/*.pem !app/**", "app/secrets/key.pem", false],
  ["app **/*.pem !app", "app/secrets/key.pem", false],
  ["app !app", "app/x", false],
  ["app/secrets !app", "app/secrets/x", true],
];

function words(text: string | undefined): readonly string[] {
  return (text ?? "").split(" ").filter((word) => word !== "");
}

function ignored(patterns: readonly string[], path: string): boolean {
  return ignoreMatcher(parseIgnore(patterns.join("\n"), ".dockerignore"))(path);
}

test("a pattern takes the paths that moby's matcher takes, by themselves or by a folder above", () => {
  for (const [pattern, taken, left] of singles) {
    for (const path of words(taken))
      assert.equal(ignored([pattern], path), true, `${pattern} ${path}`);
    for (const path of words(left))
      assert.equal(ignored([pattern], path), false, `${pattern} ${path}`);
  }
});

test("of several patterns the last one that matches decides", () => {
  for (const [patterns, path, expected] of lists)
    assert.equal(ignored(words(patterns), path), expected, `${patterns}: ${path}`);
});

test("a malformed pattern says why", () => {
  for (const pattern of malformed) assert.ok("malformed" in (parsePattern(pattern) ?? {}), pattern);
});

test("what moby takes as in regular expressions, and nobody can mean, is refused", () => {
  assert.equal(ignored(["a[^b]c"], "a/c"), true);
  assert.equal(ignored(["a^b"], "a^b"), true);
  for (const pattern of ["log\\d.txt", "build\\out", "x[*]", "[\\d]", "caf\\é", "a^b?", "a|b?"])
    assert.ok("malformed" in (parsePattern(pattern) ?? {}), pattern);
});

test("an ignore file is read as moby's ignorefile does", () => {
  const blank = " # no comment, a name that begins with a blank and a hash";
  const names = ["\ufefftest1", "/test2", "/a/file/here", "", "# a comment", blank];
  const paths = [
    ...["  sub/../cleaned/  \r", "! /inverted/abs/path", "/ blanks /", "/ /", ".", "lastfile"],
  ];
  const text = [...names, ...paths].join("\n");
  const matches = ignoreMatcher(parseIgnore(text, ".dockerignore"));
  const taken = ["test1", "test2", "a/file/here", "cleaned/x", "blanks/x", "lastfile"];
  const left = ["# a comment", "Test1", "inverted/abs/path", "other"];
  assert.deepEqual([...taken, ...left].filter(matches), taken);
});

test("all invalid patterns of a file are named with their lines", () =>
  assert.throws(
    () => parseIgnore("ok\n[\n# [\n!\n", "x/.dockerignore"),
    ({ code, problems }: BerthError) => {
      const places = problems.map(({ file, line }) => `${file}:${line}`);
      const told = [code, ...places];
      assert.deepEqual(told, ["CONTEXT_INVALID", "x/.dockerignore:2", "x/.dockerignore:4"]);
      return true;
    },
  ));
