import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readChallenge } from "../../src/registry/token-service.ts";

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
] as const) {
  test(`the challenge ${JSON.stringify(header)} is read`, () => {
    assert.deepEqual(read(header), expected);
  });
}

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
