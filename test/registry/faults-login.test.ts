/** Tokens and logins that end, shrink or are asked for by the wrong one. */
import assert from "node:assert/strict";
import { refuse } from "../support/memory-registry.ts";
import { always, type Case, found, get, image, instead, other, playAll } from "./faults.ts";

playAll("a registry that is particular about logins", [
  {
    name: "a token that ends within the run",
    tokens: { lifetimeSeconds: 60 },
    run: async (scene) => {
      const seen = [await get(scene)];
      scene.clock.pass(55_000);
      seen.push(await get(scene));
      return seen;
    },
    gives: [found, found],
    requests: 2,
    check: ({ tokens }) => assert.equal(tokens?.asked.length, 2),
  },
  {
    name: "a token that is over as soon as it is made, told apart from a right that is missing",
    tokens: {},
    fault: always(
      instead({
        ...refuse(401, "UNAUTHORIZED"),
        headers: {
          "www-authenticate": 'Bearer realm="https://tokens.example.com/",error="invalid_token"',
          date: "Fri, 01 May 2026 13:00:00 GMT",
        },
      }),
    ),
    run: ({ client, repository }) => client.put({ ...repository, tag: "two" }, image.manifest),
    fails: /put manifest .*: 401 UNAUTHORIZED: .*: a token that was just made is not taken$/,
    hint: /clock, which says 2026-05-01T13:00:00.000Z, .* may differ/,
    code: "REGISTRY_DENIED",
    requests: 2,
  },
  {
    name: "a tag that is protected, which another token does not change",
    tokens: {},
    fault: always(instead(refuse(401, "PROTECTED_TAG", "cannot push, protected"))),
    run: ({ client, repository }) => client.put({ ...repository, tag: "two" }, image.manifest),
    fails: /put manifest .*:two: 401 PROTECTED_TAG: cannot push, protected$/,
    code: "REGISTRY_DENIED",
    requests: 1,
    check: ({ tokens }) => assert.equal(tokens?.asked.length, 1),
  },
  {
    name: "a tag that is immutable, put again as it is",
    tokens: {},
    fault: ({ method }) =>
      method === "PUT" ? instead(refuse(401, "IMMUTABLE_TAG", "immutable")) : undefined,
    run: ({ client, reference }) => client.put(reference, image.manifest),
    gives: undefined,
    requests: 2,
  },
  {
    name: "a tag that is immutable, and another image there",
    tokens: {},
    fault: ({ method }) =>
      method === "PUT" ? instead(refuse(401, "IMMUTABLE_TAG", "immutable")) : undefined,
    run: ({ client, reference }) => client.put(reference, other.manifest),
    fails: new RegExp(`:one: IMMUTABLE_TAG: it stays at ${found.digest}, which is not sha256:`),
    hint: /immutable; let it leave out the tags that berth moves/,
    code: "REGISTRY_DENIED",
    requests: 2,
  },
  {
    name: "a scope that is dropped without a word",
    tokens: { may: (user, _, action) => user !== undefined && action === "pull" },
    run: ({ client, repository }) => client.put({ ...repository, tag: "two" }, image.manifest),
    fails: /put manifest .*: the token service does not grant push on group\/image/,
    code: "REGISTRY_DENIED",
    requests: 0,
  },
  {
    name: "a repository that nobody may read",
    tokens: { may: () => false },
    fails: /get manifest .*: the token service does not grant pull on group\/image/,
    code: "REGISTRY_DENIED",
    requests: 0,
  },
  {
    name: "a login that is refused",
    client: { credentials: { forHost: async () => ({ username: "x", password: "wrong-pass" }) } },
    run: async ({ client, repository }) => {
      const put = () => client.put({ ...repository, tag: "two" }, image.manifest);
      await assert.rejects(put(), /put manifest .*: 401 UNAUTHORIZED/);
      await put();
    },
    fails: /put manifest .*: 401 \(the login was refused\)/,
    code: "REGISTRY_DENIED",
    requests: 1,
  },
  ...(
    [
      ["https://tokens.example.com/token", /token service tokens\.example\.com, .* its login$/],
      ["https://169.254.169.254/token", /not trusted with any request \(the link-local address/],
      ["http://tokens.example.com/token", /not trusted with any request \(plain http\)/],
    ] as const
  ).map(
    ([realm, fails]): Case => ({
      name: `a registry that names the token service ${realm}`,
      registry: { authority: { challenge: () => `Bearer realm="${realm}",service="x"` } },
      fails,
      code: "REGISTRY_DENIED",
      requests: 0,
    }),
  ),
]);
