/** The registry client on Debian's docker-registry. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { client, counted, goodLogin, pushImage, testImage } from "../registry/clients.ts";
import { registryContract } from "../registry/contract.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { until } from "../support/processes.ts";

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

suite("the budget on docker-registry with tokens", () => {
  let docker: Awaited<ReturnType<typeof startDockerRegistry>>;
  before(async () => {
    docker = await startDockerRegistry({ auth: "token" });
  });
  after(() => docker.stop());

  test("a retag is one token, one GET and one PUT; a copy mounts each blob", async () => {
    const { host, tokenService } = docker;
    const hint = { host, realm: tokenService!.realm, service: tokenService!.service };
    const there = { host, path: "some/image" };
    await pushImage(client(goodLogin), there, testImage("docker", 7), "one");
    const [requests, asked] = [docker.log().length, tokenService!.asked.length];
    const opened = client(goodLogin, { tokenHints: [hint] });
    opened.announce("push", [there, { host, path: "some/copy" }]);
    await opened.copy({ ...there, tag: "one" }, there, ["two"]);
    await opened.copy({ ...there, tag: "one" }, { host, path: "some/copy" }, ["one"]);
    // The access log is written after the answer has been sent.
    await until(() => docker.log().length - requests >= 12);
    assert.deepEqual(counted(docker.log().slice(requests)), { GET: 2, POST: 8, PUT: 2 });
    assert.equal(tokenService!.asked.length - asked, 1);
  });
});

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
