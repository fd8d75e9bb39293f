import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { covers, mergeScopes, scopeFor } from "../../src/registry/scopes.ts";
import { readClaims, tokenUrl, usualSize } from "../../src/registry/token-service.ts";
import { fitting } from "../../src/registry/tokens.ts";

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
