import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import type { MemoryHistory } from "../support/gitlab-history.ts";
import type { TestProject } from "../support/gitlab-model.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";

/** What a token may do according to its own text, as `path:actions`. */
async function granted(
  gitlab: TestGitLab,
  token: string | undefined,
  ...scopes: readonly string[]
): Promise<{ status: number; access: readonly string[]; token: string }> {
  const query = new URLSearchParams({ service: "container_registry" });
  for (const scope of scopes) query.append("scope", `repository:${scope}`);
  const login = Buffer.from(`gitlab-ci-token:${token}`).toString("base64");
  const headers = token === undefined ? {} : { authorization: `Basic ${login}` };
  const answer = await fetch(`${gitlab.url}/jwt/auth?${query}`, { headers });
  const text = ((await answer.json()) as { token?: string }).token ?? "";
  const claims = Buffer.from(text.split(".")[1] ?? "", "base64url").toString() || "{}";
  const access: { name: string; actions: string[] }[] = JSON.parse(claims).access ?? [];
  const told = access.map(({ name, actions }) => `${name}:${actions.join(",")}`);
  return { status: answer.status, access: told, token: text };
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

  const all = ["acme/tools/a:pull,push,delete", "jane/tools/a:pull,push,delete"];
  const rows: readonly (readonly [string, () => string | undefined, readonly string[]])[] = [
    [
      "a fork's job writes to the fork and reads a public upstream",
      () => gitlab.job(fork).token,
      ["acme/tools/a:pull", "jane/tools/a:pull,push,delete"],
    ],
    [
      "upstream's job writes to upstream alone",
      () => gitlab.job(upstream).token,
      ["acme/tools/a:pull,push,delete", "jane/tools/a:pull"],
    ],
    [
      "a fork's merge request run in upstream can write to upstream",
      () => {
        fork.history.add("topic");
        const request = gitlab.request(fork, "topic", upstream);
        return gitlab.job(upstream, { request, user: "olga" }).token;
      },
      ["acme/tools/a:pull,push,delete", "jane/tools/a:pull"],
    ],
    [
      "a reporter's job does not write",
      () => gitlab.job(upstream, { user: "rita" }).token,
      ["acme/tools/a:pull", "jane/tools/a:pull"],
    ],
    ["anybody reads what is public", () => undefined, ["acme/tools/a:pull", "jane/tools/a:pull"]],
    [
      "an access token writes where its user may",
      () => gitlab.token("olga", "write_registry"),
      ["acme/tools/a:pull,push,delete", "jane/tools/a:pull"],
    ],
    [
      "a token that only reads does not write",
      () => gitlab.token("olga", "read_api"),
      ["acme/tools/a:pull", "jane/tools/a:pull"],
    ],
  ];
  for (const [name, token, expected] of rows) {
    test(`${name}, and what is not granted is dropped without a word`, async () => {
      const { status, access } = await granted(gitlab, token(), ...all);
      assert.deepEqual([status, access], [200, expected]);
    });
  }

  test("a private upstream is read by the fork's job only once it is on the allowlist", async () => {
    const secret = gitlab.project("acme/secret", {
      visibility: "private",
      members: { jane: "reporter" },
    });
    const job = gitlab.job(fork).token;
    assert.deepEqual((await granted(gitlab, job, "acme/secret/a:pull")).access, []);
    secret.allowed.add(fork.id);
    assert.deepEqual((await granted(gitlab, job, "acme/secret/a:pull")).access, [
      "acme/secret/a:pull",
    ]);
    secret.members.delete("jane");
    assert.deepEqual((await granted(gitlab, job, "acme/secret/a:pull")).access, []);
  });

  test("a registry for members only is closed to a fork's job", async () => {
    const closed = gitlab.project("acme/closed", {
      registry: "private",
      members: { olga: "owner" },
    });
    closed.history.add("main");
    assert.deepEqual(
      (await granted(gitlab, gitlab.job(fork).token, "acme/closed/a:pull")).access,
      [],
    );
    assert.deepEqual(
      (await granted(gitlab, gitlab.job(closed).token, "acme/closed/a:pull,push")).access,
      ["acme/closed/a:pull,push"],
    );
  });

  test("a job that has ended and a wrong token are refused", async () => {
    const job = gitlab.job(fork);
    assert.equal((await granted(gitlab, job.token, all[1] ?? "")).status, 200);
    job.finish();
    assert.equal((await granted(gitlab, job.token, all[1] ?? "")).status, 401);
    assert.equal((await granted(gitlab, "glcbt-none", all[1] ?? "")).status, 401);
  });

  test("one protected repository refuses the whole request for who may not push there", async () => {
    upstream.repositoryRules.push({ pattern: "acme/tools/release*", push: "owner" });
    const job = gitlab.job(upstream, { user: "olga" }).token;
    const both = ["acme/tools/a:push", "acme/tools/release-1:push"];
    assert.equal((await granted(gitlab, job, ...both)).status, 403);
    assert.equal((await granted(gitlab, job, "acme/tools/release-1:pull")).status, 200);
  });
});

describe("the container registry", () => {
  let gitlab: TestGitLab;
  let project: TestProject<MemoryHistory>;
  let send: (method: string, path: string, body?: string, type?: string) => Promise<Response>;
  let login: () => Promise<void>;
  const oci = "application/vnd.oci.image.manifest.v1+json";
  const config = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [] },
  });
  const manifest = (mediaType = "application/vnd.oci.image.config.v1+json", note = "") =>
    JSON.stringify({
      schemaVersion: 2,
      mediaType: oci,
      config: { mediaType, digest: digestOf(config), size: config.length },
      layers: [],
      annotations: { note },
    });
  const tags = async () =>
    ((await (await send("GET", "tags/list")).json()) as { tags: string[] | null }).tags;

  before(async () => {
    gitlab = await startGitLab();
    project = gitlab.project("acme/tools", { members: { olga: "developer" } });
    project.history.add("main");
    const job = gitlab.job(project);
    let token = "";
    login = async () => {
      ({ token } = await granted(gitlab, job.token, "acme/tools/base:pull,push,delete"));
    };
    await login();
    send = (method, path, body, type = "application/octet-stream") =>
      fetch(new URL(path, `http://${gitlab.registry.host}/v2/acme/tools/base/`), {
        method,
        headers: { authorization: `Bearer ${token}`, "content-type": type, accept: oci },
        ...(body === undefined ? {} : { body }),
      });
    const upload = (await send("POST", "blobs/uploads/")).headers.get("location") ?? "";
    const to = new URL(upload, `http://${gitlab.registry.host}`);
    to.searchParams.set("digest", digestOf(config));
    assert.equal((await send("PUT", to.href, config)).status, 201);
  });
  after(() => gitlab.stop());

  test("deleting a tag leaves the other tags of the same image", async () => {
    for (const tag of ["a", "b"]) {
      assert.equal((await send("PUT", `manifests/${tag}`, manifest(), oci)).status, 201);
    }
    assert.deepEqual(await tags(), ["a", "b"]);
    assert.equal((await send("DELETE", "manifests/a")).status, 202);
    assert.equal((await send("DELETE", "manifests/a")).status, 404);
    assert.equal((await send("GET", "manifests/a")).status, 404);
    assert.equal((await send("HEAD", "manifests/b")).status, 200);
    assert.equal((await send("GET", `manifests/${digestOf(manifest())}`)).status, 200);
    assert.deepEqual(await tags(), ["b"]);
    assert.equal((await send("PUT", "manifests/a", manifest(), oci)).status, 201);
    assert.deepEqual(await tags(), ["a", "b"]);
  });

  test("deleting a digest takes all its tags", async () => {
    await send("PUT", "manifests/c", manifest(undefined, "c"), oci);
    await send("PUT", "manifests/d", manifest(undefined, "c"), oci);
    const digest = digestOf(manifest(undefined, "c"));
    assert.equal((await send("DELETE", `manifests/${digest}`)).status, 202);
    assert.equal((await send("GET", "manifests/d")).status, 404);
  });

  test("config types that GitLab does not know are refused", async () => {
    const own = await send("PUT", "manifests/x", manifest("application/vnd.berth.v1+json"), oci);
    assert.equal(own.status, 400);
    assert.equal((await send("GET", "manifests/x")).status, 404);
  });

  test("a protected tag is neither written nor deleted by a token of who lacks the role", async () => {
    await send("PUT", "manifests/latest", manifest(), oci);
    project.tagRules.push({ pattern: "^latest$", push: "maintainer", delete: "maintainer" });
    await login();
    const put = await send("PUT", "manifests/latest", manifest(undefined, "new"), oci);
    assert.equal(put.status, 401);
    assert.equal((await send("DELETE", "manifests/latest")).status, 401);
    assert.equal((await send("GET", "manifests/latest")).status, 200);
    project.members.set("olga", "maintainer");
    await login();
    assert.equal((await send("DELETE", "manifests/latest")).status, 202);
    project.tagRules.length = 0;
  });

  test("without a token nothing is written, and GitLab's token service is named", async () => {
    const url = `http://${gitlab.registry.host}/v2/acme/tools/base/manifests/b`;
    for (const method of ["DELETE", "PUT"]) {
      const body = method === "PUT" ? { body: manifest() } : {};
      const answer = await fetch(url, { method, headers: { "content-type": oci }, ...body });
      assert.equal(answer.status, 401);
      assert.match(
        answer.headers.get("www-authenticate") ?? "",
        /^Bearer realm="http.*\/jwt\/auth"/,
      );
    }
  });

  test("bytes are counted by repository and direction", () => {
    const { pushed, pulled } = gitlab.registry.moved("acme/tools/base");
    assert.ok(pushed > config.length && pulled > 0);
    assert.deepEqual(gitlab.registry.moved("acme/tools/none"), { pushed: 0, pulled: 0 });
  });
});
