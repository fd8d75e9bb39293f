import assert from "node:assert/strict";
import { test } from "node:test";
import type { BerthError } from "../../src/errors.ts";
import { circleOf, gitLogin, loginsFor, parseJob, sessionEnv } from "../../src/executor/job.ts";
import { situationOf } from "../../src/plan/situation.ts";
import type { CredentialSources } from "../../src/registry/credentials.ts";

const branch = "+refs/heads/main:refs/remotes/origin/main";
const pipeline = "+refs/pipelines/7:refs/pipelines/7";

function jobWith(refspecs: readonly string[]) {
  const repo_url = "https://gitlab-ci-token:word@gitlab.test/Acme/Tools.git";
  const login = { username: "gitlab-ci-token", password: "word" };
  return parseJob(
    JSON.stringify({
      token: "word",
      job_info: { project_id: 42, project_full_path: "Acme/Tools" },
      git_info: { repo_url, sha: "1".repeat(40), refspecs },
      variables: [],
      image: { name: "berth://debian", executor_opts: {} },
      credentials: [
        { type: "registry", url: "gitlab.test:443", ...login },
        { type: "registry", url: "registry.test", ...login },
      ],
    }),
  );
}

/** Variables by which a job's author would like to be somebody else. */
const lies = {
  CUSTOM_ENV_CI: "true",
  CUSTOM_ENV_CI_DEPENDENCY_PROXY_SERVER: "gitlab.test:443",
  CUSTOM_ENV_CI_REGISTRY: "evil.test",
  CUSTOM_ENV_CI_REGISTRY_IMAGE: "evil.test/a/b",
  CUSTOM_ENV_CI_PROJECT_ID: "42",
  CUSTOM_ENV_CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "42",
  CUSTOM_ENV_CI_SERVER_URL: "https://evil.test",
  CUSTOM_ENV_CI_PIPELINE_SOURCE: "schedule",
  CUSTOM_ENV_BERTH_BUILD_NETWORK: "host",
  CUSTOM_ENV_REGISTRY_AUTH_FILE: "/root/.docker/config.json",
  CUSTOM_ENV_BERTH_UPSTREAM: "acme",
  CUSTOM_ENV_DOCKER_AUTH_CONFIG: "{}",
};

test("where images are looked for follows from what GitLab gave the runner, whatever a job's variables say", () => {
  const env = sessionEnv({ ...lies, PATH: "/bin" }, jobWith([pipeline, branch]));
  const told = Object.entries(env).filter(([name, value]) => value && !(name in lies));
  assert.deepEqual(Object.fromEntries(told), {
    PATH: "/bin",
    CI: "true",
    CI_DEPENDENCY_PROXY_SERVER: "gitlab.test:443",
    CI_REGISTRY: "registry.test",
    CI_REGISTRY_USER: "gitlab-ci-token",
    CI_REGISTRY_PASSWORD: "word",
    CI_REGISTRY_IMAGE: "registry.test/acme/tools",
    CI_PROJECT_ID: "42",
    CI_SERVER_URL: "https://gitlab.test",
    BERTH_UPSTREAM: "acme",
    DOCKER_AUTH_CONFIG: "{}",
    BUILDAH_ISOLATION: "oci",
  });
});

test("a merge request's job is a stranger's, whatever it says, and one of a branch is not", () => {
  const untrusted = (refspecs: readonly string[]) => {
    const env = sessionEnv(lies, jobWith(refspecs));
    return situationOf(env, { prefix: "BERTH", upstream: "auto" }, undefined).untrusted;
  };
  assert.equal(circleOf(jobWith([pipeline])), "requests");
  assert.match(untrusted([pipeline]) ?? "", /another project's/);
  assert.equal(circleOf(jobWith([pipeline, branch])), "branches");
  assert.equal(untrusted([pipeline, branch]), undefined);
});

test("git gets the job's token for the job's server alone", () => {
  const { GIT_CONFIG_KEY_0: key, GIT_CONFIG_VALUE_0: value } = gitLogin(jobWith([pipeline]));
  assert.equal(key, "http.https://gitlab.test/.extraHeader");
  assert.equal(value, `Authorization: Basic ${btoa("gitlab-ci-token:word")}`);
});

test("what is no job is told by what it lacks", () =>
  assert.throws(
    () => parseJob('{"token": "x", "job_info": {"project_id": "1"}}'),
    (error: BerthError) =>
      error.code === "USAGE" && /job_info\.project_id, .*git_info/.test(error.message),
  ));

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
    uid: 0,
    read: async (path) => Buffer.from(path === "/root/.docker/config.json" ? files : ""),
    run: async () => assert.fail("a program of the host's was asked for a login"),
    warn: () => undefined,
  };
}

const files = auths({ "lent.test": "host:1", "kept.test": "host:2" });

test("a job has its own logins, and the host's for the registries that it lends alone", async () => {
  const host = sources({ HOME: "/root" });
  const job = sources({ HOME: "/root", DOCKER_AUTH_CONFIG: auths({ "own.test": "job:1" }) });
  const logins = await loginsFor(host, ["other.test", "lent.test"])(job);
  const names = ["own.test", "lent.test", "kept.test"];
  const found = await Promise.all(names.map((name) => logins.forHost(name)));
  const of = (username: string) => ({ username, password: "1" });
  assert.deepEqual(found, [of("job"), of("host"), undefined]);
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
