import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BerthError } from "../../src/errors.ts";
import { digestOf, parseDigest } from "../../src/oci/digest.ts";
import {
  beginsWithHost,
  below,
  isLoopbackHost,
  isTag,
  parseReference,
  parseRepository,
  printReference,
  printRepository,
  withDigest,
  withTag,
} from "../../src/oci/reference.ts";
import { isReserved, type OwnTag, readTag } from "../../src/oci/tags.ts";

const sha = "0123456789abcdef".repeat(4);
const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const good = [
  ["debian", { host: "docker.io", path: "library/debian", tag: "latest" }],
  ["debian:13-slim", { host: "docker.io", path: "library/debian", tag: "13-slim" }],
  ["someone/tool:v1", { host: "docker.io", path: "someone/tool", tag: "v1" }],
  ["index.docker.io/debian", { host: "docker.io", path: "library/debian", tag: "latest" }],
  ["localhost/x", { host: "localhost", path: "x", tag: "latest" }],
  ["localhost:5000/x/y", { host: "localhost:5000", path: "x/y", tag: "latest" }],
  ["[::1]:5000/x", { host: "[::1]:5000", path: "x", tag: "latest" }],
  ["r.example/a__b/c-d.e:T_1", { host: "r.example", path: "a__b/c-d.e", tag: "T_1" }],
  [`r.example/x@sha256:${hex}`, { host: "r.example", path: "x", digest: `sha256:${hex}` }],
  [
    `r.example/x:t@sha256:${hex}`,
    { host: "r.example", path: "x", tag: "t", digest: `sha256:${hex}` },
  ],
] as const;

for (const [text, expected] of good)
  test(`${text} is read as a reference`, () => assert.deepEqual(parseReference(text), expected));

const bad = [
  ...["", "/x", "r.example/", "r.example/X", "r.example/a//b", "r.example/a_-b", "r.example/-a"],
  ...["r.example/a..b", "r.example/../a", "r.example/a:", "r.example:99999/a", "x127.0.0.1/a"],
  ...["r.example/a:-t", "r.example/a b", "https://r.example/a", "user:pw@r.example/a"],
  ...["r.example/a@sha256:abc", `r.example/a@sha256:${hex.toUpperCase()}`],
  ...[`r.example/a@sha512:${hex}`, `r.example/${"a".repeat(256)}`],
  `r.example/a:${"t".repeat(129)}`,
];

for (const text of bad)
  test(`${JSON.stringify(text)} is no reference`, () =>
    assert.throws(
      () => parseReference(text),
      (error) => error instanceof BerthError && error.code === "REFERENCE_INVALID",
    ));

test("what begins with a registry's host is told from a path on GitLab", () => {
  for (const text of ["r.example/a", "r:5000/a:T", "localhost/a"])
    assert.equal(beginsWithHost(text), true, text);
  for (const text of ["group/a", "gnu.tools", "Gnu.tools/a", "r.example/A"])
    assert.equal(beginsWithHost(text), false, text);
});

test("a repository has a host, and neither a tag nor capitals", () => {
  for (const text of ["", "x", "/x", "r.example/", "r.example/X", "r.example/a:t", "R_/a"])
    assert.throws(() => parseRepository(text), {
      code: "REFERENCE_INVALID",
      message: `read repository ${JSON.stringify(text)}: not host/path`,
    });
  const longest = `r.example/${"a".repeat(255)}`;
  assert.equal(printRepository(parseRepository(longest)), longest);
  assert.throws(() => parseRepository(`${longest}a`));
});

test("this machine is told by its names and addresses, and by nothing that only looks like them", () => {
  const hosts = ["localhost", "localhost:1", "127.0.0.1", "127.9.8.7:5000", "[::1]", "[::1]:1"];
  const others = ["localhost.example", "128.0.0.1", "[::2]", "127.0.0.1.example"];
  assert.deepEqual([...hosts, ...others].filter(isLoopbackHost), hosts);
});

const part = fc.stringMatching(/^[a-z0-9]{1,8}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}$/);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const host = fc.constantFrom(
  "r.example",
  "r.example:5050",
  "localhost:1",
  "[::1]:5000",
  "10.0.0.1:80",
);
const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
const digest = fc.string().map((text) => digestOf(text));

test("every repository is read back as it was printed", () =>
  fc.assert(
    fc.property(host, path, (at, name) => {
      const repository = { host: at, path: name };
      assert.deepEqual(parseRepository(printRepository(repository)), repository);
      assert.deepEqual(below(repository, "x/y"), { host: at, path: `${name}/x/y` });
    }),
  ));

test("every reference is read back as it was printed", () =>
  fc.assert(
    fc.property(host, path, tag, digest, (at, name, someTag, someDigest) => {
      const repository = { host: at, path: name };
      for (const reference of [withTag(repository, someTag), withDigest(repository, someDigest)])
        assert.deepEqual(parseReference(printReference(reference)), reference);
    }),
  ));

test("no tag leads out of its place in an address", () => {
  for (const text of ["..", ".", "a/b", "a?b", "a#b", "a%2f", "", "a\n"]) assert.ok(!isTag(text));
});

test("a digest is what hashing gives and nothing else", () => {
  assert.equal(digestOf(""), `sha256:${hex}`);
  assert.equal(parseDigest(digestOf("")), digestOf(""));
  for (const text of [hex, `sha256:${hex}0`, `sha256:${hex}\n`, `SHA256:${hex}`, "sha256:../x"])
    assert.equal(parseDigest(text), undefined);
});

test("a tag of berth's own is told by its name, and no other is", () => {
  const nothing = { version: 0, id: "", pipeline: undefined, machine: undefined, past: undefined };
  const rows: readonly (readonly [string, Partial<OwnTag> | undefined])[] = [
    [`key2-${sha}`, { kind: "key", version: 2, id: sha }],
    [`key-${sha}`, { kind: "key", id: sha }],
    [`key2-${sha}-old-17`, { kind: "key", version: 2, id: sha, past: 17 }],
    [`set12-${sha}-r34`, { kind: "set", version: 12, id: sha, pipeline: 34 }],
    [`set2-${sha}-l56`, { kind: "set", version: 2, id: sha, machine: 56 }],
    ["cache2", { kind: "cache", version: 2 }],
    ["cache2-arm-v7", { kind: "cache", version: 2 }],
    ["built", { kind: "cache" }],
    [sha, { kind: "layer" }],
    ...[`key2-${sha}-r0`, `key02-${sha}`, `set2-${sha}-r1-r2`, "cache-arm", "cache2-mips"].map(
      (tag) => [tag, undefined] as const,
    ),
  ];
  for (const [tag, told] of rows) {
    assert.deepEqual(readTag(tag), told && { ...nothing, ...told }, tag);
    assert.equal(
      isReserved(tag),
      told !== undefined || tag.startsWith("key") || tag.startsWith("set"),
    );
  }
  const others = ["latest", "keys", "cache-2", "cached", "promoted", "p7", "set-up"];
  assert.deepEqual(others.filter(isReserved), ["set-up"]);
});
