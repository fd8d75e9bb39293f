import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { isTrouble } from "../../src/doctor/judgement.ts";
import { gatherRegistry, type RegistryFacts } from "../../src/doctor/rights.ts";
import { httpFetch } from "../../src/host/fetch.ts";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { openRegistry } from "../../src/registry/client.ts";
import type { Fetch } from "../../src/world.ts";
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
  const registryOf = (password: string | undefined, isHinted = true, fetch: Fetch = httpFetch) => {
    const { host } = gitlab.registry;
    const hint = { host, realm: `${gitlab.url}/jwt/auth`, service: "container_registry" };
    const login = password === undefined ? undefined : { username: "gitlab-ci-token", password };
    return openRegistry({
      ...{ fetch, clock, plainHosts: [] },
      credentials: { forHost: async () => login },
      tokenHints: isHinted ? [hint] : [],
    });
  };
  const at = (path: string) => parseRepository(`${gitlab.registry.host}/${path}`);
  const gather = (
    { own, upstream }: { readonly own?: string; readonly upstream?: string },
    registry: ReturnType<typeof registryOf>,
  ) =>
    gatherRegistry(
      {
        own: own === undefined ? undefined : at(own),
        upstream: upstream === undefined ? undefined : at(upstream),
      },
      { repository: "ci/{name}" },
      ["debian", "fedora"],
      registry,
    );
  const refusedOf = ({ own }: RegistryFacts) => {
    assert.ok(own !== undefined && !isTrouble(own));
    return own.refused;
  };
  const codeOf = (fact: unknown) => (isTrouble(fact) ? fact.code : undefined);
  const all = { push: undefined, delete: undefined };

  /** A project with a record, and the token of a job that somebody has started in it. */
  const withRecord = async (path: string, settings: ProjectSettings<MemoryHistory> = {}) => {
    const members = { mia: "maintainer", dev: "developer", rita: "reporter" } as const;
    const own = project(path, { ...settings, members });
    const token = (user: keyof typeof members) => gitlab.job(own, { user }).token;
    const repository = at(`${path}/berth`);
    await pushImage(registryOf(token("mia")), repository, testImage("record"), ownTags.cache);
    return { own, token };
  };

  test("is read from the token, whoever started the job", async () => {
    const { token } = await withRecord("acme/one");
    const rights = async (user: "dev" | "rita") =>
      refusedOf(await gather({ own: "acme/one" }, registryOf(token(user))));
    assert.deepEqual(await rights("dev"), all);
    const { push, delete: remove } = (await rights("rita")) ?? {};
    assert.match(push ?? "", /does not grant push on acme\/one\/berth/);
    assert.match(remove ?? "", /does not grant delete on acme\/one\/berth/);
  });

  test("is no more than pulling in another project, and nothing in a private one", async () => {
    const members = { jane: "developer" } as const;
    project("acme/open", {});
    project("acme/shut", { visibility: "private", members });
    const fork = project("jane/open", { members });
    const registry = registryOf(gitlab.job(fork).token);
    assert.equal((await gather({ upstream: "acme/open" }, registry)).upstream, false);
    const { upstream } = await gather({ upstream: "acme/shut" }, registry);
    assert.equal(codeOf(upstream), "REGISTRY_DENIED");
  });

  test("is asked where the registry says so, with the login where that service is its own", async () => {
    const { token } = await withRecord("acme/told");
    const registry = registryOf(token("dev"), false);
    assert.deepEqual(refusedOf(await gather({ own: "acme/told" }, registry)), all);
  });

  test("is asked with a bad login once only, of upstream too where it is on the same host", async () => {
    const password = "wrong-password";
    const logins: string[] = [];
    const fetch: Fetch = (url, init) => {
      if (init.headers?.["authorization"]?.startsWith("Basic ")) logins.push(url.href);
      return httpFetch(url, init);
    };
    const both = { own: "acme/one", upstream: "acme/open" };
    const facts = await gather(both, registryOf(password, true, fetch));
    assert.equal(logins.length, 1);
    assert.ok(!JSON.stringify(facts).includes(password));
  });

  test("is refused as a whole for a protected repository", async () => {
    const { own, token } = await withRecord("acme/guarded");
    own.repositoryRules.push({ pattern: "acme/guarded/*", push: "maintainer" });
    const refused = refusedOf(await gather({ own: "acme/guarded" }, registryOf(token("dev"))));
    assert.match(refused?.push ?? "", /^403 /);
  });

  test("is everybody's in a registry that asks for no token", async () => {
    const registry = await startMemoryRegistry();
    try {
      const own = parseRepository(`${registry.host}/a`);
      const client = registryOf(undefined, false);
      await pushImage(
        client,
        parseRepository(`${registry.host}/a/berth`),
        testImage("r"),
        "latest",
      );
      const where = { own, upstream: undefined };
      const facts = await gatherRegistry(where, { repository: "{name}" }, [], client);
      assert.deepEqual(refusedOf(facts), all);
    } finally {
      await registry.stop();
    }
  });

  test("is asked for writing only where a repository exists, so that none comes into being", async () => {
    const own = project("acme/fresh", { members: { dev: "developer" } });
    const registry = registryOf(gitlab.job(own).token);
    assert.equal(refusedOf(await gather({ own: "acme/fresh" }, registry)), undefined);
    const made = [...gitlab.created].filter((path) => path.startsWith("acme/fresh"));
    assert.deepEqual(made, []);
    await pushImage(registry, at("acme/fresh/ci/debian"), testImage("debian"), ownTags.cache);
    assert.deepEqual((await gather({ own: "acme/fresh" }, registry)).own, {
      repository: `${gitlab.registry.host}/acme/fresh/ci/debian`,
      refused: all,
    });
  });
});
