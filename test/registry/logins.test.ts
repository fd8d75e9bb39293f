/** Ways to log in that the fault cases do not cover, and what a host is remembered for. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { RegistryOptions } from "../../src/registry/client.ts";
import {
  type MemoryRegistryOptions,
  refuse,
  startMemoryRegistry,
} from "../support/memory-registry.ts";
import { type TokenServiceOptions, testPassword } from "../support/token-service.ts";
import {
  basicAuthority,
  client,
  fakeClock,
  goodLogin,
  seed,
  startScene,
  testImage,
} from "./clients.ts";

const image = testImage("logins");

async function scene(options: MemoryRegistryOptions, tokenOptions: TokenServiceOptions = {}) {
  const started = await startScene(options, tokenOptions);
  seed(started.registry, "group/image", image, "one");
  const repository = started.at("group/image");
  const open = (more: Partial<RegistryOptions> = {}) => client(goodLogin, more);
  return { ...started, repository, reference: { ...repository, tag: "one" }, open };
}

suite("logging in", () => {
  test("without a login a public image is read with an anonymous token", async () => {
    const readOnly = { may: (_: unknown, __: unknown, action: string) => action === "pull" };
    const { reference, open, tokens, stop } = await scene({}, readOnly);
    const opened = open({ credentials: { forHost: async () => undefined } });
    assert.ok(await opened.get(reference));
    await assert.rejects(
      opened.put({ ...reference, tag: "two" }, image.manifest),
      (error) => error instanceof BerthError && /no login for this registry/.test(error.hint ?? ""),
    );
    await stop();
    assert.ok(tokens.asked.every(({ user }) => user === undefined));
  });

  test("a login that is not taken is told from a right that is lacking", async () => {
    for (const options of [{}, { authority: basicAuthority(goodLogin) }]) {
      const { reference, stop } = await scene(options, { may: (user) => user !== undefined });
      const asked = client({ ...goodLogin, password: "wrong" }).get(reference);
      await assert.rejects(asked, { code: "REGISTRY_DENIED", hint: /^the login is not taken/ });
      await stop();
    }
  });

  test("an identity token is exchanged in a form, not in an address", async () => {
    const { reference, open, tokens, stop } = await scene({});
    const login = { identityToken: testPassword };
    assert.ok(await open({ credentials: { forHost: async () => login } }).get(reference));
    await stop();
    const logins = tokens.asked.map(({ user, length }) => [user, length]);
    assert.deepEqual(logins, [[goodLogin.username, "/jwt/auth".length]]);
  });

  test("a public image that the registry refuses to the login is read without it, from then on", async () => {
    const { registry, reference, open, stop } = await scene(
      {
        fault: ({ headers }) => {
          const claims = headers["authorization"]?.split(".")[1] ?? "";
          const isLogin = Buffer.from(claims, "base64url").toString().includes(goodLogin.username);
          return isLogin ? { kind: "answer", answer: () => refuse(403, "DENIED") } : undefined;
        },
      },
      { may: () => true },
    );
    const opened = open();
    assert.ok(await opened.get(reference));
    registry.log.length = 0;
    assert.ok(await opened.get(reference));
    await stop();
    assert.equal(registry.log.length, 1);
  });

  test("what the token service refuses is told before it is used, as far as it has one", async () => {
    const may = (_: unknown, __: string, action: string) => action !== "delete";
    const { hint, repository, open, stop } = await scene({}, { may, rule: "^v" });
    const opened = open({ tokenHints: [hint] });
    const [push, remove] = (["push", "delete"] as const).map((access) => ({ access, repository }));
    assert.equal(await opened.refusal([push!], ["late"]), undefined);
    assert.match((await opened.refusal([push!], ["late", "v1"])) ?? "", /v1 is protected .* \^v$/);
    assert.match((await opened.refusal([remove!])) ?? "", /does not grant delete on group\/image/);
    const credentials = { forHost: () => assert.fail("nobody has asked for a login yet") };
    assert.equal(await open({ credentials }).refusal([remove!]), undefined);
    assert.equal(await opened.refusal([]), undefined);
    await stop();
  });

  test("a ban is not asked against: one refused token request and no more", async () => {
    const { reference, repository, open, tokens, stop } = await scene({}, { users: {} });
    for (let times = 0; times < 30; times++)
      await fetch(`${tokens.realm}?service=${tokens.service}`, {
        headers: { authorization: "Basic eDp5" },
      });
    const count = tokens.asked.length;
    const opened = open();
    await assert.rejects(opened.put({ ...repository, tag: "two" }, image.manifest), /403/);
    await assert.rejects(opened.put({ ...repository, tag: "three" }, image.manifest), /403/);
    await assert.rejects(opened.head(reference), /403/);
    await stop();
    // The write, the read with the login and the read without it; each is known afterwards.
    assert.equal(tokens.asked.length - count, 3);
  });
});

suite("what must not spoil the rest of a run", () => {
  test("a 401 from where a redirect led says nothing about the login", async () => {
    const storage = await startMemoryRegistry({ authority: { challenge: () => "Basic" } });
    const { registry, repository, reference, stop } = await scene({
      authority: basicAuthority(goodLogin),
      fault: ({ path }) =>
        path.includes("/blobs/")
          ? {
              kind: "answer",
              answer: () => ({
                status: 307,
                headers: { location: `http://${storage.host}${path}` },
              }),
            }
          : undefined,
    });
    const opened = client(goodLogin);
    assert.ok(await opened.get(reference));
    const digest = digestOf(image.config);
    await assert.rejects(opened.blob(repository, digest), { code: "REGISTRY_DENIED" });
    assert.ok(await opened.get(reference));
    await Promise.all([stop(), storage.stop()]);
    assert.ok(storage.requests.every(({ headers }) => headers["authorization"] === undefined));
    assert.ok(registry.log.length > 0);
  });

  test("blobs that were opened and cannot be passed on do not block others", async () => {
    const clock = fakeClock();
    let isDown = false;
    const { registry, repository, reference, open, stop } = await scene(
      {
        mounts: 400,
        fault: ({ method, path }) => {
          // From here on every request needs a new token, and there is none.
          if (method === "GET" && path.includes("/blobs/")) {
            clock.pass(3_600_000);
            isDown = true;
          }
          return undefined;
        },
      },
      { fault: () => (isDown ? { kind: "answer", answer: () => refuse(404, "X") } : undefined) },
    );
    const opened = open({ clock, parallel: 3 });
    const to = { ...repository, path: "group/copy" };
    for (let times = 0; times < 4; times++) {
      isDown = false;
      await assert.rejects(opened.copy(reference, to, ["one"]), { code: "REGISTRY_REFUSED" });
    }
    isDown = false;
    assert.ok(await opened.head(reference));
    await stop();
    assert.equal(registry.repositories.get("group/copy")?.tags.size ?? 0, 0);
  });

  test("a name that would lead elsewhere, or to more than a tag, is refused before it is asked for", async () => {
    const { registry, repository, open, stop } = await scene({});
    const opened = open();
    const code = "REFERENCE_INVALID";
    const tagged = { ...repository, tag: "../../other/manifests/one" };
    await assert.rejects(opened.get(tagged), { code });
    await assert.rejects(opened.deleteTag(tagged), { code });
    const { digest } = image.manifest.descriptor;
    await assert.rejects(opened.deleteTag({ ...repository, digest }), { code });
    await assert.rejects(opened.get({ ...repository, path: "../x", tag: "one" }), { code });
    await stop();
    assert.deepEqual(registry.log, []);
  });
});
