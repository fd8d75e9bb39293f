import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gatherRegistry, type RightsPorts, rightsTo } from "../../src/doctor/rights.ts";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { openRegistry } from "../../src/registry/client.ts";
import { fakeClock, pushImage, testImage } from "../registry/clients.ts";
import type { MemoryHistory } from "../support/gitlab-history.ts";
import type { ProjectSettings } from "../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";

const clock = fakeClock(Date.parse("2026-11-20T12:00:00Z"));

describe("what a login may do", () => {
  let gitlab: TestGitLab;
  before(async () => {
    gitlab = await startGitLab();
  });
  after(() => gitlab.stop());

  const project = (path: string, settings: ProjectSettings<MemoryHistory> = {}) => {
    const made = gitlab.project(path, settings);
    made.history.add("main", {});
    return made;
  };
  const portsOf = (password: string | undefined): RightsPorts => ({
    fetch: globalThis.fetch,
    clock,
    login: async () =>
      password === undefined ? undefined : { username: "gitlab-ci-token", password },
    plainHosts: [],
    tokenHints: [
      {
        host: gitlab.registry.host,
        realm: `${gitlab.url}/jwt/auth`,
        service: "container_registry",
      },
    ],
  });
  const registryOf = (ports: RightsPorts) =>
    openRegistry({ ...ports, credentials: { forHost: ports.login } });
  const at = (path: string) => parseRepository(`${gitlab.registry.host}/${path}`);
  const all = ["pull", "push", "delete"] as const;

  test("is read from the token, whoever started the job", async () => {
    const own = project("acme/one", { members: { dev: "developer", rita: "reporter" } });
    const rights = async (user: string) =>
      rightsTo(at("acme/one/berth"), all, portsOf(gitlab.job(own, { user }).token));
    const identity = "login";
    assert.deepEqual(await rights("dev"), { kind: "granted", actions: all, identity });
    assert.deepEqual(await rights("rita"), { kind: "granted", actions: ["pull"], identity });
  });

  test("is no more than pulling in another project, and nothing in a private one", async () => {
    const members = { jane: "developer" } as const;
    project("acme/open", {});
    project("acme/shut", { visibility: "private", members });
    const fork = project("jane/open", { members });
    const ports = portsOf(gitlab.job(fork).token);
    assert.deepEqual(await rightsTo(at("acme/open/berth"), ["pull"], ports), {
      kind: "granted",
      actions: ["pull"],
      identity: "login",
    });
    const shut = await rightsTo(at("acme/shut/berth"), ["pull"], ports);
    assert.deepEqual(shut, { kind: "granted", actions: [], identity: "anonymous" });
  });

  test("is asked where the registry says so, with the login where that service is its own", async () => {
    const ports = portsOf(
      gitlab.job(project("acme/told", { members: { dev: "developer" } })).token,
    );
    const told = await rightsTo(at("acme/told/berth"), ["pull"], { ...ports, tokenHints: [] });
    assert.deepEqual(told, { kind: "granted", actions: ["pull"], identity: "login" });
  });

  test("is asked with a bad login once only", async () => {
    const before = gitlab.log.length;
    const rights = await rightsTo(at("acme/one/berth"), ["pull"], portsOf("wrong-password"));
    assert.equal(rights.kind === "refused" && rights.status, 401);
    assert.equal(gitlab.log.length - before, 1);
    assert.ok(!JSON.stringify(rights).includes("wrong-password"));
  });

  test("is not asked about upstream once the same host has refused the login", async () => {
    const ports = portsOf("another-wrong-password");
    const before = gitlab.log.length;
    const facts = await gatherRegistry(
      { own: at("jane/open"), upstream: at("acme/open") },
      { repository: "{name}" },
      ["debian"],
      { registry: registryOf(ports), rights: ports },
    );
    assert.equal(gitlab.log.length - before, 1);
    assert.ok(facts.upstream !== undefined && "trouble" in facts.upstream);
  });

  test("is refused as a whole for a protected repository", async () => {
    const own = project("acme/guarded", { members: { dev: "developer" } });
    own.repositoryRules.push({ pattern: "acme/guarded/*", push: "maintainer" });
    const ports = portsOf(gitlab.job(own).token);
    const rights = await rightsTo(at("acme/guarded/berth"), all, ports);
    assert.equal(rights.kind === "refused" && rights.status, 403);
  });

  test("cannot be told by a registry that asks for no token", async () => {
    const registry = await startMemoryRegistry();
    try {
      const repository = parseRepository(`${registry.host}/a/b`);
      const rights = await rightsTo(repository, all, { ...portsOf(undefined), tokenHints: [] });
      assert.equal(rights.kind, "unsaid");
    } finally {
      await registry.stop();
    }
  });

  test("is asked for writing only where a repository exists, so that none comes into being", async () => {
    const own = project("acme/fresh", { members: { dev: "developer" } });
    const ports = portsOf(gitlab.job(own).token);
    const registry = registryOf(ports);
    const gather = () =>
      gatherRegistry(
        { own: at("acme/fresh"), upstream: undefined },
        { repository: "ci/{name}" },
        ["debian", "fedora"],
        { registry, rights: ports },
      );
    const fresh = (await gather()).own;
    assert.ok(fresh !== undefined && "askedToWrite" in fresh);
    assert.equal(fresh.askedToWrite, false);
    const made = [...gitlab.created].filter((path) => path.startsWith("acme/fresh"));
    assert.deepEqual(made, []);
    await pushImage(registry, at("acme/fresh/ci/debian"), testImage("debian"), ownTags.cache);
    const known = (await gather()).own;
    assert.deepEqual(known, {
      repository: `${gitlab.registry.host}/acme/fresh/ci/debian`,
      askedToWrite: true,
      rights: { kind: "granted", actions: all, identity: "login" },
    });
  });
});
