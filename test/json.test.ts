import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson, type Json, ownMember, present, readObject } from "../src/json.ts";

test("two values print the same only if they are the same", () =>
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const same = canonicalJson(a as Json) === canonicalJson(b as Json);
      assert.equal(same, JSON.stringify(sorted(a)) === JSON.stringify(sorted(b)));
    }),
  ));

test("what is printed is JSON of the same value", () =>
  fc.assert(
    fc.property(fc.jsonValue(), (value) =>
      assert.deepEqual(JSON.parse(canonicalJson(value as Json)), JSON.parse(JSON.stringify(value))),
    ),
  ));

test("keys stand in order, without white space", () =>
  assert.equal(
    canonicalJson({ b: [1, "x", null], a: { d: true, c: "\n" } }),
    '{"a":{"c":"\\n","d":true},"b":[1,"x",null]}',
  ));

test("an object is read, and nothing else is one", () => {
  assert.deepEqual(readObject('{"a": 1}'), { a: 1 });
  assert.deepEqual(readObject(Buffer.from('{"a": "ä"}')), { a: "ä" });
  for (const text of ["", "{", "1", "null", "[]", '"a"', Buffer.from('{"a": "\xff"}', "latin1")])
    assert.equal(readObject(text), undefined);
});

test("only what somebody put there is a member, and only what is there is present", () => {
  assert.equal(ownMember({ a: 1 }, "a"), 1);
  assert.equal(ownMember({}, "constructor"), undefined);
  assert.deepEqual(present({ a: 0, b: null, c: undefined }), { a: 0 });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
