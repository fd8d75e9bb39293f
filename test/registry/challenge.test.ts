import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseChallenges, tokenServiceOf } from "../../src/registry/challenge.ts";

function read(header: string): readonly unknown[] {
  return parseChallenges(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

const cases: readonly (readonly [string, readonly unknown[]])[] = [
  ["", []],
  ["Basic", [["basic", {}]]],
  ['Basic realm="a, b"', [["basic", { realm: "a, b" }]]],
  [
    'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:a/b:pull,push"',
    [
      [
        "bearer",
        {
          realm: "https://gitlab.com/jwt/auth",
          service: "container_registry",
          scope: "repository:a/b:pull,push",
        },
      ],
    ],
  ],
  [
    'Basic realm="x", Bearer realm="https://a.example/t", service=s',
    [
      ["basic", { realm: "x" }],
      ["bearer", { realm: "https://a.example/t", service: "s" }],
    ],
  ],
  [
    'Negotiate abc+/==, BEARER Realm = "r"',
    [
      ["negotiate", {}],
      ["bearer", { realm: "r" }],
    ],
  ],
  [
    "Negotiate YQ, Basic",
    [
      ["negotiate", {}],
      ["basic", {}],
    ],
  ],
  ['Bearer realm="a \\"quoted\\" one"', [["bearer", { realm: 'a "quoted" one' }]]],
  [
    "Bearer realm=https://a.example/t?x=y,service=s",
    [["bearer", { realm: "https://a.example/t?x=y", service: "s" }]],
  ],
  ['Bearer realm="first",realm="second"', [["bearer", { realm: "first" }]]],
  ['Bearer realm="never closed', [["bearer", { realm: "" }]]],
  ['="stray"', []],
];

for (const [header, expected] of cases) {
  test(`the challenge ${JSON.stringify(header)} is read`, () => {
    assert.deepEqual(read(header), expected);
  });
}

test("a challenge of any parameters is read back as it was printed", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const parameters = fc.dictionary(name, fc.string({ unit: "grapheme-ascii" }), {
    minKeys: 1,
    maxKeys: 4,
    noNullPrototype: true,
  });
  const challenges = fc.array(fc.tuple(name, parameters), { maxLength: 3 });
  const quote = (value: string) => `"${value.replace(/["\\]/g, "\\$&")}"`;
  fc.assert(
    fc.property(challenges, (list) => {
      const header = list.map(
        ([scheme, values]) =>
          `${scheme} ${Object.entries(values)
            .map(([key, value]) => `${key}=${quote(value)}`)
            .join(", ")}`,
      );
      assert.deepEqual(read(header.join(", ")), list);
    }),
  );
});

test("no header makes it fail or go on for ever", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary-ascii", maxLength: 200 }), (header) => {
      assert.ok(parseChallenges(header).length <= header.length);
    }),
  );
});

test("only a bearer challenge with an address names a token service", () => {
  assert.equal(tokenServiceOf(parseChallenges('Basic realm="https://a.example"')), undefined);
  assert.equal(tokenServiceOf(parseChallenges('Bearer realm="nowhere"')), undefined);
  const found = tokenServiceOf(parseChallenges('Basic, Bearer realm="https://a.example/t"'));
  assert.equal(found?.realm.href, "https://a.example/t");
  assert.equal(found?.service, undefined);
});
