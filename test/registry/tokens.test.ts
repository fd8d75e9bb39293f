/** What tokens are asked for, what they grant, and how many scopes one may hold. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeRedactor } from "../../src/http/redact.ts";
import { covers, mergeScopes, type Scope, scopeFor } from "../../src/registry/scopes.ts";
import {
  readChallenge,
  readClaims,
  requestToken,
  sizeOf,
  tokenUrl,
  usualSize,
} from "../../src/registry/token-service.ts";
import { fitting } from "../../src/registry/tokens.ts";

const gitlab = "https://gitlab.com/jwt/auth";

/** What a header asks for: a password, or a token of a service by address and name. */
function read(header: string) {
  const challenge = readChallenge(header);
  return challenge?.kind === "token" ? [challenge.realm.href, challenge.service] : challenge?.kind;
}

for (const [header, expected] of [
  ["", undefined],
  ["Basic", "password"],
  ['Basic realm="a, Bearer b"', "password"],
  ["Negotiate YQ, Basic", "password"],
  ["Negotiate YQ==", undefined],
  [`Bearer realm="${gitlab}",service="registry",scope="repository:a/b:pull"`, [gitlab, "registry"]],
  [`Basic realm="x", Bearer realm="${gitlab}", service=s`, [gitlab, "s"]],
  [`Negotiate abc+/==, BEARER Realm = "${gitlab}"`, [gitlab, undefined]],
  [`Bearer realm="${gitlab}",service="a \\"quoted\\" one"`, [gitlab, 'a "quoted" one']],
  ["Bearer realm=https://a.example/t?x=y,service=s", ["https://a.example/t?x=y", "s"]],
  [`Bearer realm="${gitlab}",realm="https://other.example"`, [gitlab, undefined]],
  [`Bearer realm="${gitlab}", Digest realm="https://other.example"`, [gitlab, undefined]],
  [`Digest realm="${gitlab}"`, undefined],
  ['Bearer realm="https://never.closed', undefined],
  ['Bearer realm="nowhere", Basic', "password"],
  ['="stray"', undefined],
] as const)
  test(`the challenge ${JSON.stringify(header)} is read`, () =>
    assert.deepEqual(read(header), expected));

test("a token service is read back as it was printed, whatever stands around it", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const value = fc.string({ unit: "grapheme-ascii" });
  const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
  fc.assert(
    fc.property(name, value, value, (scheme, realm, service) => {
      fc.pre(scheme !== "bearer" && scheme !== "basic");
      const bearer = `Bearer service=${quote(service)}, realm="${gitlab}"`;
      assert.deepEqual(read(`${scheme} realm=${quote(realm)}, ${bearer}`), [gitlab, service]);
      assert.deepEqual(read(`${bearer}, ${scheme} realm=${quote(realm)}`), [gitlab, service]);
    }),
  );
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
  for (const opaque of ["opaque", "a.b.c", jwt({ sub: "x" }), "e30.e30"])
    assert.equal(readClaims(opaque).grants, undefined);
  assert.equal(readClaims(jwt({ access: [] })).grants?.length, 0);
  assert.equal(readClaims(jwt({ access: null })).grants?.length, 0);
});

test("a token is good for as long as its answer says, then itself, then a minute, and an hour at the most", async () => {
  const service = { realm: new URL(gitlab), service: undefined };
  const of = { redactor: makeRedactor(), service, host: "r.example", login: undefined, scopes: [] };
  for (const [answer, seconds] of [
    [{ token: "t", expires_in: 300 }, 300],
    [{ token: "t", expires_in: 0 }, 60],
    [{ access_token: "t" }, 60],
    [{ token: "", access_token: "t", expires_in: 3601 }, 3600],
    [{ token: jwt({ iat: 100, exp: 200 }) }, 100],
    [{ token: jwt({ nbf: 100, exp: 150 }), expires_in: "x" }, 50],
    [{ token: jwt({ iat: 100, exp: 200 }), expires_in: 30 }, 30],
    [{ token: jwt({ iat: 100, exp: "200" }) }, 60],
  ] as const) {
    const bytes = Buffer.from(JSON.stringify(answer));
    const reply = { status: 200, headers: new Headers(), url: service.realm, bytes };
    const transport = { send: async () => reply, backoff: async () => undefined };
    const given = await requestToken({ ...of, transport });
    assert.equal(given.kind === "token" && given.lifetimeMs, seconds * 1000, String(bytes));
  }
});

const path = fc.stringMatching(/^[a-z0-9]{1,20}(?:\/[a-z0-9]{1,20}){0,3}$/);
const scopes = fc.array(
  fc
    .tuple(path, fc.constantFrom("pull", "push", "delete"))
    .map(([name, access]) => scopeFor(access, { path: name })),
  { minLength: 1, maxLength: 200 },
);

test("merged scopes ask for the same as those that they were made of", () =>
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
  ));

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

const scope = (path: string, ...actions: Scope["actions"]): Scope => ({ path, actions });

function token(access: unknown, padding = 0): string {
  const body = Buffer.from(JSON.stringify({ access })).toString("base64url");
  return `${"h".repeat(10)}.${body}.${"s".repeat(padding)}`;
}

test("a token tells what each scope adds, by what it grants", () => {
  const read = { type: "repository", name: "a/b", actions: ["pull"], meta: { x: "x".repeat(60) } };
  const write = { ...read, actions: ["pull", "push"], meta: { x: "x".repeat(600) } };
  const one = token([read, write], 500);
  const more = token([read, read, write], 500);
  const size = sizeOf(one, []);
  assert.ok(Math.abs(more.length - one.length - size.read) <= 4, JSON.stringify(size));
  assert.ok(size.write > size.read + 700 && size.fixed >= 500);
  assert.ok(sizeOf(token([read]), []).write > sizeOf(token([read]), []).read);
});

test("one that cannot be read is as long as its scopes make it", () => {
  const scopes = [scope("a", "pull"), scope("b", "pull")];
  assert.deepEqual(sizeOf("x".repeat(1000), scopes), { fixed: 0, read: 500, write: 500 });
  assert.deepEqual(sizeOf("x", []), { fixed: 0, read: 1, write: 1 });
});

test("scopes are taken in their order while they fit, and what is needed always", () => {
  const scopes = [scope("a", "pull"), scope("b", "pull", "push"), scope("c", "pull")];
  const service = { realm: new URL("https://gitlab.example.org/jwt/auth"), service: undefined };
  const size = { fixed: 100, read: 10, write: 50 };
  const taken = (max: number, needed: number) =>
    fitting(scopes, service, { size, needed, maxLength: max }).map(({ path }) => path);
  assert.deepEqual(taken(170, 1), ["a", "b", "c"]);
  assert.deepEqual(taken(169, 1), ["a", "b"]);
  assert.deepEqual(taken(159, 1), ["a"]);
  assert.deepEqual(taken(0, 2), ["a", "b"]);
});
