import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { openGitLab } from "../../src/gitlab/client.ts";
import {
  accessOf,
  deniedHint,
  type EndpointName,
  endpoints,
  type GitLabAccess,
  headerOf,
  isDenied,
  loginsFor,
  refusalError,
  unlessDenied,
} from "../../src/gitlab/rights.ts";
import { realWorld } from "../../src/host/world.ts";

const api = "https://gitlab.example.com/api/v4";

test("the API's address comes from GitLab's variables", () => {
  const server = { CI_SERVER_URL: "https://gitlab.example.com" };
  assert.equal(accessOf({}, "CI"), undefined);
  assert.equal(accessOf(server, "CI")?.api, api);
  const other = { ...server, CI_API_V4_URL: "http://other/api/v4/" };
  assert.equal(accessOf(other, "CI")?.api, "http://other/api/v4");
});

for (const address of ["gitlab.example.com", "localhost:8080", "ssh://git@gitlab.example.com"])
  test(`${address} is told to be no address of GitLab's, whichever variable has it`, () => {
    for (const name of ["CI_SERVER_URL", "CI_API_V4_URL"]) {
      const access = accessOf({ [name]: address, GITLAB_TOKEN: "t" }, "CI");
      assert.ok(access !== undefined);
      assert.throws(() => openGitLab(access, { ...realWorld(), log: () => undefined }), {
        code: "USAGE",
        hint: /https:/,
      });
    }
  });

test("a token under the project's prefix wins over a general one", () => {
  const env = { CI_API_V4_URL: api, GITLAB_TOKEN: "general" };
  const own = { ...env, QEMU_CI_GITLAB_TOKEN: "own" };
  assert.deepEqual(accessOf(env, "QEMU_CI")?.given, { variable: "GITLAB_TOKEN", value: "general" });
  assert.equal(accessOf(own, "QEMU_CI")?.given?.value, "own");
  assert.equal(accessOf({ ...env, GITLAB_TOKEN: "" }, "QEMU_CI")?.given, undefined);
});

const job: GitLabAccess = { api, variable: "CI_GITLAB_TOKEN", jobToken: "j", given: undefined };
const both: GitLabAccess = { ...job, given: { variable: "GITLAB_TOKEN", value: "g" } };
const none: GitLabAccess = { ...job, jobToken: undefined };

const logins: readonly (readonly [EndpointName, GitLabAccess, string])[] = [
  ["project", job, "none"],
  ["project", both, "given"],
  ["branches", job, "job"],
  ["pipeline", both, "given job"],
  ["deleteTag", both, "given job"],
  ["deleteTag", none, "none"],
  ["tagRules", none, "none"],
];

for (const [endpoint, access, expected] of logins)
  test(`${endpoint} is asked with: ${expected} (${access === both ? "both tokens" : access === job ? "a job token" : "no token"})`, () => {
    const kinds = loginsFor(access, endpoint).map(({ kind }) => kind);
    assert.equal(kinds.join(" "), expected);
  });

test("each login has the header that GitLab reads", () => {
  assert.deepEqual(headerOf({ kind: "job", value: "j" }), { "job-token": "j" });
  assert.deepEqual(headerOf({ kind: "given", value: "g", variable: "X" }), {
    "private-token": "g",
  });
  assert.deepEqual(headerOf({ kind: "none" }), {});
});

test("every hint for a missing right names a role, a scope or a variable", () => {
  for (const endpoint of Object.keys(endpoints) as EndpointName[])
    for (const access of [job, both, none])
      for (const login of loginsFor(access, endpoint))
        for (const status of [401, 403, 404]) {
          const refusal = { purpose: "ask", endpoint, login, status, said: "Project Not Found" };
          assert.match(deniedHint(refusal, access), /role|scope|_TOKEN/);
        }
});

test("a job token that may not ask is told which token may", () => {
  const refusal = {
    purpose: "read pipelines",
    endpoint: "pipelines",
    login: { kind: "job", value: "j" },
    status: 403,
    said: "Forbidden",
  } as const;
  const error = refusalError(refusal, job);
  assert.equal(error.code, "GITLAB_DENIED");
  assert.equal(error.message, "read pipelines: 403 Forbidden");
  assert.match(
    error.hint ?? "",
    /project access token \(role Reporter, scope read_api\) as variable CI_GITLAB_TOKEN/,
  );
});

test("a missing right can be had as a value, any other failure not", async () => {
  const denied = await unlessDenied(
    Promise.reject(new BerthError("GITLAB_DENIED", "no", { hint: "ask" })),
  );
  assert.deepEqual(denied, { denied: true, message: "no", hint: "ask" });
  assert.equal(isDenied(denied), true);
  assert.equal(isDenied(await unlessDenied(Promise.resolve({ id: 1 }))), false);
  await assert.rejects(unlessDenied(Promise.reject(new BerthError("GITLAB_UNAVAILABLE", "down"))), {
    code: "GITLAB_UNAVAILABLE",
  });
});

const home = "https://gitlab.example.com";
for (const [address, server, sent] of [
  [api, home, true],
  [api, undefined, true],
  [api, "https://other.example.com", false],
  [api, "https://gitlab.example.com:8443", false],
  ["http://gitlab.example.com/api/v4", "http://gitlab.example.com", false],
  ["http://127.0.0.1:8080/api/v4", "http://127.0.0.1:8080", true],
  ["ftp://127.0.0.1/api/v4", undefined, false],
  ["no address", undefined, false],
] as const)
  test(`a given token is ${sent ? "sent to" : "withheld from"} ${address} of ${server ?? "no server that is known"}`, () => {
    const env = { CI_API_V4_URL: address, CI_SERVER_URL: server, GITLAB_TOKEN: "t" };
    const access = accessOf({ ...env, CI_JOB_TOKEN: "j" }, "CI");
    assert.equal(access?.given?.value, sent ? "t" : undefined);
    assert.equal(access?.withheld, sent ? undefined : "GITLAB_TOKEN");
    assert.equal(access?.jobToken, "j");
    assert.equal(accessOf({ ...env, CI_JOB_TOKEN: "" }, "CI")?.jobToken, undefined);
  });
