/** Tokens and logins that end, shrink or are asked for by the wrong one. */
import assert from "node:assert/strict";
import { type Case, echo, found, get, image, playAll } from "./faults.ts";

playAll("a registry that is particular about logins", [
  {
    name: "an error that repeats the login",
    fault: (request) => echo(request),
    fails: /get manifest .*: 403 DENIED: you sent/,
    code: "REGISTRY_DENIED",
    // Once more without the login, in case it is public.
    requests: 2,
  },
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
    name: "a token that the registry does not take any more",
    tokens: {},
    run: async (scene) => {
      const before = await get(scene);
      scene.tokens?.revokeAll();
      return [before, await get(scene)];
    },
    gives: [found, found],
    requests: 3,
    check: ({ tokens }) => assert.equal(tokens?.asked.length, 2),
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
