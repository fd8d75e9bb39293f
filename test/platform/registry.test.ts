/** The registry client on Debian's docker-registry. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { client, goodLogin } from "../registry/clients.ts";
import { registryContract } from "../registry/contract.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";

async function docker(auth: "none" | "basic" | "token", hinted = false) {
  const registry = await startDockerRegistry({ auth });
  const { host, tokenService } = registry;
  const { realm = "", service = "" } = tokenService ?? {};
  return {
    host,
    login: auth === "none" ? undefined : goodLogin,
    hints: hinted ? [{ host, realm, service }] : [],
    deletesTags: false,
    stop: () => registry.stop(),
  };
}

registryContract("docker-registry", () => docker("none"));
registryContract("docker-registry with logins", () => docker("basic"));
registryContract("docker-registry with tokens", () => docker("token"));
registryContract("docker-registry with tokens and a hint", () => docker("token", true));

test("a registry on loopback that speaks TLS is refused with a clear message", async () => {
  const docker = await startDockerRegistry({ tls: true });
  const reference = { host: docker.host, path: "some/image", tag: "one" };
  await assert.rejects(client(undefined).get(reference), (error) => {
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, "REGISTRY_REFUSED");
    assert.match(error.hint ?? "", /speaks TLS/);
    assert.match(error.message, /^get manifest 127\.0\.0\.1:\d+\/some\/image:one: 400$/);
    return true;
  });
  await docker.stop();
});
