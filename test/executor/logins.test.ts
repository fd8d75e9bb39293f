import assert from "node:assert/strict";
import { test } from "node:test";
import { loginsFor } from "../../src/executor/job.ts";
import type { CredentialSources } from "../../src/registry/credentials.ts";

const auths = (logins: Readonly<Record<string, string>>, more = {}) =>
  JSON.stringify({
    auths: Object.fromEntries(
      Object.entries(logins).map(([host, pair]) => [host, { auth: btoa(pair) }]),
    ),
    ...more,
  });

function sources(env: Readonly<Record<string, string>>): CredentialSources {
  return {
    env,
    read: async (path) => Buffer.from(path === "/root/.docker/config.json" ? files : ""),
    run: async () => assert.fail("a program of the host's was asked for a login"),
    warn: () => undefined,
  };
}

const files = auths({ "lent.test": "host:1", "kept.test": "host:2" });

test("a job has its own logins, and the host's for the registries that it lends alone", async () => {
  const host = sources({ HOME: "/root" });
  const job = sources({ HOME: "/root", DOCKER_AUTH_CONFIG: auths({ "own.test": "job:1" }) });
  const logins = await loginsFor(host, ["lent.test"])(job);
  const names = ["own.test", "lent.test", "kept.test"];
  const found = await Promise.all(names.map((name) => logins.forHost(name)));
  assert.deepEqual(found, [
    { username: "job", password: "1" },
    { username: "host", password: "1" },
    undefined,
  ]);
  const written = JSON.parse(await logins.authFileFor(names)) as { auths: object };
  assert.deepEqual(Object.keys(written.auths), ["own.test", "lent.test"]);
});

test("a job's variables name no file and no program of the host's", async () => {
  const helpers = { credsStore: "pass", credHelpers: { "kept.test": "secretservice" } };
  const env = {
    HOME: "/root",
    DOCKER_CONFIG: "/root/.docker",
    REGISTRY_AUTH_FILE: "/root/.docker/config.json",
    DOCKER_AUTH_CONFIG: auths({}, helpers),
  };
  const logins = await loginsFor(sources({}), [])(sources(env));
  assert.equal(await logins.forHost("kept.test"), undefined);
});
