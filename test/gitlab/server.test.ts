import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { client, pushImage, testImage } from "../registry/clients.ts";
import type { MemoryHistory } from "../support/gitlab-history.ts";
import type { TestProject } from "../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";

/** A repository in a token, and what the rules for its tags keep the token from. */
interface Entry {
  readonly name: string;
  readonly actions: readonly string[];
  readonly meta?: { readonly tag_deny_access_patterns?: unknown };
}

/** What a token may do according to its own text, as `path:actions`. */
async function granted(
  gitlab: TestGitLab,
  token: string | undefined,
  ...scopes: readonly string[]
): Promise<{ status: number; access: readonly string[]; denied: unknown }> {
  const query = new URLSearchParams({ service: "container_registry" });
  for (const scope of scopes) query.append("scope", `repository:${scope}`);
  const login = Buffer.from(`gitlab-ci-token:${token}`).toString("base64");
  const headers = token === undefined ? {} : { authorization: `Basic ${login}` };
  const answer = await fetch(`${gitlab.url}/jwt/auth?${query}`, { headers });
  const text = ((await answer.json()) as { token?: string }).token ?? "";
  const claims = Buffer.from(text.split(".")[1] ?? "", "base64url").toString() || "{}";
  const access: Entry[] = JSON.parse(claims).access ?? [];
  const told = access.map(({ name, actions }) => `${name}:${actions.join(",")}`);
  return { status: answer.status, access: told, denied: access[0]?.meta?.tag_deny_access_patterns };
}

describe("the token service", () => {
  let gitlab: TestGitLab;
  let upstream: TestProject<MemoryHistory>;
  let fork: TestProject<MemoryHistory>;

  before(async () => {
    gitlab = await startGitLab();
    const members = { olga: "maintainer", rita: "reporter", jane: "reporter" } as const;
    upstream = gitlab.project("acme/Tools", { members });
    upstream.history.add("main");
    fork = gitlab.fork(upstream, "jane/tools", { members: { jane: "owner" } });
  });
  after(() => gitlab.stop());

  const all = "pull,push,delete";
  /** Who asks, and what it may do in acme/tools and jane/tools. */
  const rows: readonly (readonly [who: string, () => string | undefined, string, string])[] = [
    ["a fork's job", () => gitlab.job(fork).token, "pull", all],
    ["upstream's job", () => gitlab.job(upstream).token, all, "pull"],
    [
      "a fork's merge request run in upstream",
      () => {
        fork.history.add("topic");
        const request = gitlab.request(fork, "topic", upstream);
        return gitlab.job(upstream, { request, user: "olga" }).token;
      },
      all,
      "pull",
    ],
    ["a reporter's job", () => gitlab.job(upstream, { user: "rita" }).token, "pull", "pull"],
    ["anybody", () => undefined, "pull", "pull"],
    ["an access token that writes", () => gitlab.token("olga", "write_registry"), all, "pull"],
    ["an access token that reads", () => gitlab.token("olga", "read_api"), "pull", "pull"],
  ];
  for (const [who, token, ...expected] of rows)
    test(`${who} may: ${expected.join("; ")}, and the rest is dropped without a word`, async () => {
      const paths = ["acme/tools/a", "jane/tools/a"];
      const scopes = paths.map((path) => `${path}:${all}`);
      const { status, access } = await granted(gitlab, token(), ...scopes);
      assert.equal(status, 200);
      const allowed = paths.map((path, at) => `${path}:${expected[at]}`);
      assert.deepEqual(access, allowed);
    });

  test("a private upstream is read by the fork's job only once it is on the allowlist", async () => {
    const members = { jane: "reporter" } as const;
    const secret = gitlab.project("acme/secret", { visibility: "private", members });
    const job = gitlab.job(fork).token;
    assert.deepEqual((await granted(gitlab, job, "acme/secret/a:pull")).access, []);
    secret.allowed.add(fork.id);
    const pull = "acme/secret/a:pull";
    assert.deepEqual((await granted(gitlab, job, pull)).access, [pull]);
    secret.members.delete("jane");
    assert.deepEqual((await granted(gitlab, job, "acme/secret/a:pull")).access, []);
  });

  test("a registry for members only is closed to a fork's job", async () => {
    const members = { olga: "owner" } as const;
    const closed = gitlab.project("acme/closed", { registry: "private", members });
    closed.history.add("main");
    const foreign = gitlab.job(fork).token;
    assert.deepEqual((await granted(gitlab, foreign, "acme/closed/a:pull")).access, []);
    const both = "acme/closed/a:pull,push";
    assert.deepEqual((await granted(gitlab, gitlab.job(closed).token, both)).access, [both]);
  });

  test("a job that has ended and a wrong token are refused", async () => {
    const job = gitlab.job(fork);
    const statusOf = async (token: string) =>
      (await granted(gitlab, token, "jane/tools/a:pull")).status;
    assert.equal(await statusOf(job.token), 200);
    job.finish();
    assert.deepEqual([await statusOf(job.token), await statusOf("glcbt-none")], [401, 401]);
  });

  test("one protected repository refuses the whole request for who may not push there", async () => {
    upstream.repositoryRules.push({ pattern: "acme/tools/release*", push: "owner" });
    const job = gitlab.job(upstream, { user: "olga" }).token;
    const both = ["acme/tools/a:push", "acme/tools/release-1:push"];
    assert.equal((await granted(gitlab, job, ...both)).status, 403);
    assert.equal((await granted(gitlab, job, "acme/tools/release-1:pull")).status, 200);
  });

  test("a rule for tags is in the token of who lacks its role, and of nobody else", async () => {
    upstream.tagRules.push({ pattern: "^latest$", push: "owner", delete: "owner" });
    const job = gitlab.job(upstream, { user: "olga" }).token;
    const told = async () => (await granted(gitlab, job, "acme/tools/a:pull,push,delete")).denied;
    assert.deepEqual(await told(), { push: ["^latest$"], delete: ["^latest$"] });
    upstream.members.set("olga", "owner");
    assert.deepEqual(await told(), { push: [], delete: [] });
    upstream.members.set("olga", "maintainer");
    upstream.tagRules.length = 0;
  });

  test("without a token the registry takes nothing, and names GitLab's token service", async () => {
    const url = `http://${gitlab.registry.host}/v2/acme/tools/a/manifests/b`;
    for (const method of ["DELETE", "PUT"]) {
      const { status, headers } = await fetch(url, { method });
      assert.equal(status, 401);
      assert.match(headers.get("www-authenticate") ?? "", /^Bearer realm="http.*\/jwt\/auth"/);
    }
  });

  test("bytes are counted by repository and direction", async () => {
    const image = testImage("counted");
    const at = { host: gitlab.registry.host, path: "acme/tools/counted" };
    const login = { username: "gitlab-ci-token", password: gitlab.job(upstream).token };
    const registry = client(login);
    await pushImage(registry, at, image, "one");
    const { bytes } = (await registry.get({ ...at, tag: "one" })) ?? assert.fail();
    const sent = [image.config, ...image.layers, bytes].map(({ length }) => length);
    const pushed = sent.reduce((sum, length) => sum + length, 0);
    assert.deepEqual(gitlab.registry.moved(at.path), { pushed, pulled: bytes.length });
    assert.deepEqual(gitlab.registry.moved("acme/tools/none"), { pushed: 0, pulled: 0 });
  });
});
