import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffMs, isTransient, networkCause, retryAfterMs } from "../../src/http/errors.ts";
import { makeRedactor } from "../../src/http/redact.ts";
import {
  covers,
  mergeScopes,
  readClaims,
  scopeFor,
  tokenUrl,
  usualSize,
} from "../../src/registry/token-service.ts";
import { fitting } from "../../src/registry/tokens.ts";

const now = new Date("2026-05-01T12:00:00Z");

for (const [text, expected] of [
  ["3", 3000],
  ["0", 0],
  ["Fri, 01 May 2026 12:00:05 GMT", 5000],
  ["Fri, 01 May 2026 11:00:00 GMT", 0],
  ["-1", undefined],
  ["soon", undefined],
  ["1.5", undefined],
  [null, undefined],
] as const) {
  test(`Retry-After ${text} means ${expected} ms`, () => {
    assert.equal(retryAfterMs(text, now), expected);
  });
}

test("only what speaks of the moment is tried again", () => {
  const transient = [408, 425, 429, 500, 502, 503, 504, 522];
  const final = [200, 301, 400, 401, 403, 404, 405, 409, 413, 416, 501, 505];
  assert.deepEqual(transient.filter(isTransient), transient);
  assert.deepEqual(final.filter(isTransient), []);
});

test("waits grow and stay within their halves", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempt, random) => {
        const wait = backoffMs(attempt, () => random);
        assert.ok(wait >= 500 * 2 ** (attempt - 1) && wait <= 1000 * 2 ** (attempt - 1));
      },
    ),
  );
});

test("a network failure is named by its code and nothing else", () => {
  const cause = Object.assign(new Error("token=abc"), { code: "ECONNRESET" });
  assert.equal(networkCause(new TypeError("fetch failed", { cause })), "ECONNRESET");
  assert.equal(networkCause(new TypeError("invalid header Bearer abc")), "connection failed");
  assert.equal(networkCause("abc"), "connection failed");
});

test("a text is cleaned of secrets, tokens, queries and line breaks", () => {
  const redactor = makeRedactor();
  redactor.hide("hunter2-secret");
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
  for (const [text, expected] of [
    ["no hunter2-secret here", "no *** here"],
    [`got ${jwt} there`, "got *** there"],
    ["sent Bearer abcdefghijkl", "sent Bearer ***"],
    ["see https://a.example/x?sig=abc&b=c now", "see https://a.example/x now"],
    ["see https://user:pw@a.example/x", "see https://a.example/x"],
    ["one\r\ntwo\u001b[31m three\u2028four", "one two [31m three four"],
    ["x".repeat(400), `${"x".repeat(300)}...`],
  ] as const) {
    assert.equal(redactor.clean(text), expected);
  }
});

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;
}

test("what a token grants is read from the token", () => {
  const access = [
    { type: "repository", name: "a/b", actions: ["pull"] },
    { type: "repository", name: "a/b", actions: ["push"] },
    { type: "registry", name: "catalog", actions: ["*"] },
    { type: "repository", name: "a/all", actions: ["*"] },
    "nonsense",
  ];
  const { grants, lifetimeSeconds } = readClaims(jwt({ access, iat: 100, exp: 400 }));
  assert.ok(grants !== undefined);
  assert.equal(lifetimeSeconds, 300);
  assert.ok(covers(grants, [scopeFor("push", { path: "a/b" })]));
  assert.ok(covers(grants, [scopeFor("delete", { path: "a/all" })]));
  assert.ok(!covers(grants, [scopeFor("delete", { path: "a/b" })]));
  assert.ok(!covers(grants, [scopeFor("pull", { path: "catalog" })]));
});

test("a token that says nothing of its grants is told from one that grants nothing", () => {
  for (const opaque of ["opaque", "a.b.c", jwt({ sub: "x" }), "e30.e30"]) {
    assert.equal(readClaims(opaque).grants, undefined);
  }
  assert.equal(readClaims(jwt({ access: [] })).grants?.length, 0);
  assert.equal(readClaims(jwt({ access: null })).grants?.length, 0);
});

const path = fc.stringMatching(/^[a-z0-9]{1,20}(?:\/[a-z0-9]{1,20}){0,3}$/);
const scopes = fc.array(
  fc
    .tuple(path, fc.constantFrom("pull", "push", "delete"))
    .map(([name, access]) => scopeFor(access, { path: name })),
  { minLength: 1, maxLength: 200 },
);

test("merged scopes ask for the same as those that they were made of", () => {
  fc.assert(
    fc.property(scopes, (list) => {
      const merged = mergeScopes(list);
      assert.ok(covers(merged, list));
      const isAsked = ({ path: name, actions }: (typeof list)[number]) =>
        actions.every((action) =>
          list.some((scope) => scope.path === name && scope.actions.includes(action)),
        );
      assert.ok(merged.every(isAsked));
      assert.equal(new Set(merged.map((scope) => scope.path)).size, merged.length);
    }),
  );
});

test("scopes that fit make an address below 6 KB, and none is cut that was needed", () => {
  const service = {
    realm: new URL("https://gitlab.example.org/jwt/auth"),
    service: "container_registry",
  };
  fc.assert(
    fc.property(scopes, (list) => {
      const taken = fitting(list, service, { size: usualSize, maxLength: 100_000, needed: 1 });
      assert.ok(tokenUrl(service, taken).href.length <= 6000);
      assert.deepEqual(taken, list.slice(0, taken.length));
      assert.ok(taken.length >= 1);
    }),
  );
});

test("a token address keeps the realm's own query and needs no escapes", () => {
  const service = { realm: new URL("https://a.example/t?tenant=x"), service: "the service" };
  const url = tokenUrl(service, [scopeFor("push", { path: "a/b-c_d.e" })]);
  assert.equal(
    url.href,
    "https://a.example/t?tenant=x&service=the%20service&scope=repository:a/b-c_d.e:pull,push",
  );
});
