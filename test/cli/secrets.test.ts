/** Where logins and tokens go when variables, which the starter of a pipeline may set, name other places. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gitlabOf, login } from "../../src/cli/session.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { BerthError } from "../../src/errors.ts";
import { realWorld } from "../../src/host/world.ts";
import type { World } from "../../src/world.ts";

const canary = Buffer.from("robot:CANARY").toString("base64");
const stored = JSON.stringify({ auths: { "registry.corp.example": { auth: canary } } });
const realm = "https://auth.elsewhere.example/token";
const elsewhere = "https://evil.example";

/** A world whose servers ask for a token and give one, with the hosts that a canary was sent to. */
function worldOf(variables: Record<string, string>) {
  const told: string[] = [];
  const warnings: string[] = [];
  const real = realWorld();
  const fetch: World["fetch"] = async (url, { headers }) => {
    if (/CANARY|cm9ib3Q6Q0FOQVJZ/.test(JSON.stringify(headers))) told.push(url.origin);
    const isAsking = url.pathname.startsWith("/v2/") && headers["authorization"] === undefined;
    const challenge = new Headers({ "www-authenticate": `Bearer realm="${realm}"` });
    const text = isAsking ? "{}" : JSON.stringify({ token: "t", tags: [] });
    return {
      status: isAsking ? 401 : 200,
      ok: !isAsking,
      headers: challenge,
      body: ReadableStream.from([Buffer.from(text)]),
    };
  };
  const log = { ...real.log, warn: (text: string) => void warnings.push(text) };
  const env = { HOME: "/nonexistent", ...variables };
  return { told, warnings, world: { ...real, env, fetch, log } };
}

test("a stored login does not go where CI_SERVER_URL says that the token service is", async () => {
  const { told, world } = worldOf({
    DOCKER_AUTH_CONFIG: stored,
    CI_REGISTRY: "registry.corp.example",
    CI_REGISTRY_USER: "",
    CI_SERVER_URL: elsewhere,
  });
  const { registry } = login(world, defaultConfig);
  const listed = Array.fromAsync(registry.tags({ host: "registry.corp.example", path: "a/b" }));
  await assert.rejects(listed, /auth\.elsewhere\.example, which is not trusted with its login/);
  assert.deepEqual(told, []);
});

test("GitLab's own login, which variables give too, goes to the token service that they name", async () => {
  const { told, world } = worldOf({
    CI_REGISTRY: "registry.corp.example",
    CI_REGISTRY_USER: "robot",
    CI_REGISTRY_PASSWORD: "CANARY",
    CI_SERVER_URL: "https://gitlab.corp.example",
  });
  const { registry } = login(world, defaultConfig);
  await Array.fromAsync(registry.tags({ host: "registry.corp.example", path: "a/b" }));
  assert.deepEqual(told, ["https://gitlab.corp.example"]);
});

for (const [says, variables, isSent] of [
  ["unless the user says so too", {}, false],
  ["where the user says so too", { BERTH_INSECURE: "other.example, registry.corp.example" }, true],
] as const)
  test(`a stored login goes in plain text ${says}, whatever berth.yml says`, async () => {
    const { told, world } = worldOf({ DOCKER_AUTH_CONFIG: stored, ...variables });
    const registries = { "registry.corp.example": { insecure: true } };
    const { registry, credentials } = login(world, { ...defaultConfig, registries });
    const at = { host: "registry.corp.example", path: "a/b" };
    const file = async () => (await credentials()).authFileFor([at.host]);
    for (const use of [() => Array.fromAsync(registry.tags(at)), file]) {
      const failure: unknown = await use().then(
        () => undefined,
        (error: unknown) => error,
      );
      const hint = failure instanceof BerthError ? failure.hint : undefined;
      assert.equal(
        /BERTH_INSECURE=registry\.corp\.example/.test(hint ?? ""),
        !isSent,
        String(failure),
      );
    }
    if (!isSent) assert.deepEqual(told, []);
  });

const server = { CI_SERVER_URL: "https://gitlab.corp.example", BERTH_GITLAB_TOKEN: "CANARY" };
const places: readonly (readonly [string, Record<string, string>, boolean])[] = [
  ["GitLab's own API", { CI_API_V4_URL: "https://gitlab.corp.example/api/v4" }, true],
  ["GitLab on this machine", { CI_SERVER_URL: "http://127.0.0.1:8080" }, true],
  ["another host than GitLab's", { CI_API_V4_URL: `${elsewhere}/api/v4` }, false],
  ["another port than GitLab's", { CI_API_V4_URL: "https://gitlab.corp.example:99/api/v4" }, false],
  ["plain http", { CI_SERVER_URL: "http://gitlab.corp.example" }, false],
];

for (const [says, variables, isSent] of places)
  test(`a given token ${isSent ? "goes" : "does not go"} to ${says}`, async () => {
    const { told, warnings, world } = worldOf({ ...server, ...variables });
    const gitlab = await gitlabOf(world, "BERTH");
    await gitlab?.project(1).catch(() => undefined);
    assert.equal(told.length > 0, isSent);
    assert.equal(warnings.length, isSent ? 0 : 1);
  });
