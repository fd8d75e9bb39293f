/** What a child pipeline takes over: what a project sets for all of its jobs, and no secret. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { handedOn, runnersOf } from "../../src/output/handed-on.ts";

describe("the variables of a child pipeline", () => {
  const taken = {
    BERTH_INPUT_PREFIX: "QEMU_CI",
    BERTH_INPUT_UPSTREAM: "qemu-project",
    QEMU_CI_CONTAINER_TAG: "mine",
    QEMU_CI_ENGINE: "docker",
    QEMU_CI_BUILD_NETWORK: "host",
    GIT_SUBMODULE_STRATEGY: "recursive",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_STRATEGY: "clone",
    GIT_CLONE_PATH: "$CI_BUILDS_DIR/x",
    KUBERNETES_MEMORY_REQUEST: "4Gi",
    KUBERNETES_SERVICE_CPU_REQUEST: "1",
    FF_USE_FASTZIP: "true",
    https_proxy: "http://proxy.example.com:3128",
    NO_PROXY: "localhost",
    NODE_EXTRA_CA_CERTS: "/builds/ca.pem",
    DOCKER_HOST: "tcp://docker:2376",
  };

  test("hold what is set for all jobs", () => assert.deepEqual(handedOn(taken, "QEMU_CI"), taken));

  test("hold what the input build_variables names", () => {
    const env = { BERTH_INPUT_BUILD_VARIABLES: '[["SITE", "GONE"]]', SITE: "a", OTHER: "b" };
    assert.deepEqual(handedOn(env, "QEMU_CI"), { SITE: "a" });
  });

  for (const name of ["NPM_TOKEN", "DOCKER_AUTH_CONFIG", "SIGN_PASSPHRASE", "AWS_ACCESS_KEY_ID"])
    test(`are never what looks like a secret: ${name}`, () => {
      const env = { BERTH_INPUT_BUILD_VARIABLES: `[["${name}"]]`, [name]: "x" };
      assert.throws(() => handedOn(env, "QEMU_CI"), { code: "USAGE", message: RegExp(name) });
    });

  test("are also what only sounds like a secret", () => {
    const env = { BERTH_INPUT_BUILD_VARIABLES: '[["AUTHOR", "CACHE_KEY"]]' };
    const named = { AUTHOR: "bot@example.com", CACHE_KEY: "debian@sha256" };
    assert.deepEqual(handedOn({ ...env, ...named }, "QEMU_CI"), named);
  });

  test("hold nothing else: no secret, nothing of the machine, nothing empty", () => {
    const others = {
      CI_JOB_TOKEN: "secret",
      DEPLOY_KEY: "secret",
      GITLAB_TOKEN: "secret",
      DOCKER_AUTH_CONFIG: "{}",
      GIT_AUTHOR_NAME: "someone",
      GIT_ASKPASS: "/bin/ask",
      NODE_OPTIONS: "--require ./x",
      KUBERNETES_PORT: "tcp://10.0.0.1:443",
      KUBERNETES_SERVICE_HOST: "10.0.0.1",
      KUBERNETES_SERVICE_PORT_HTTPS: "443",
      http_proxy: "http://user:secret@proxy.example.com:3128",
      HTTPS_PROXY: "user:secret@proxy.example.com:3128",
      ALL_PROXY: "secret@proxy.example.com:3128",
      KUBERNETES_BEARER_TOKEN: "secret",
      GIT_CLONE_EXTRA_FLAGS: "-c http.extraHeader='Authorization: Basic secret'",
      GIT_FETCH_EXTRA_FLAGS: "-c url.https://user:secret@git.example.com/.insteadOf=https://x/",
      GIT_DEPTH: "",
    };
    assert.deepEqual(handedOn(others, "QEMU_CI"), {});
  });
});

describe("the runner tags of a child pipeline", () => {
  const cases: readonly [string | undefined, string | undefined, readonly string[]][] = [
    [undefined, undefined, []],
    ["", "[[], []]", []],
    ["arm64, linux", '[["big"], ["small"]]', ["arm64", "linux"]],
    [undefined, '[["big", "x,y"], ["small"]]', ["big", "x,y"]],
    [undefined, '[[], ["small"]]', ["small"]],
  ];
  for (const [given, inputs, expected] of cases)
    test(`are ${JSON.stringify(expected)} for ${given} and ${inputs}`, () => {
      const env = { BERTH_INPUT_TAGS: inputs, QEMU_CI_JOB_TAGS: given };
      assert.deepEqual(runnersOf(env, "QEMU_CI").tags, expected);
    });

  const forPlatforms = '[[["linux/arm64", "aarch64", "big"], ["linux/arm/v7", "pi"]]]';
  test("are other ones for a platform, unless a user gives tags for all", () => {
    const env = { BERTH_INPUT_TAGS: '[["small"], []]', BERTH_INPUT_PLATFORM_TAGS: forPlatforms };
    const { tags, platformTags } = runnersOf(env, "X");
    assert.deepEqual(tags, ["small"]);
    assert.deepEqual(Object.fromEntries(platformTags), {
      "linux/arm64": ["aarch64", "big"],
      "linux/arm/v7": ["pi"],
    });
    assert.deepEqual(runnersOf({ ...env, X_JOB_TAGS: "own" }, "X"), {
      tags: ["own"],
      platformTags: new Map(),
    });
  });

  for (const list of ['[8, "linux"]', "[nil]", "[true]", '[["a"]]', '["\\e"]'])
    test(`and its variables are refused where an input says ${list}, which is no list of texts`, () => {
      const wrong = { code: "USAGE", message: /`build_\w+`.*: it is no list of texts$/ };
      assert.throws(() => runnersOf({ BERTH_INPUT_TAGS: `[${list}, []]` }, "X"), { code: "USAGE" });
      assert.throws(() => handedOn({ BERTH_INPUT_BUILD_VARIABLES: `[${list}]` }, "X"), wrong);
    });

  for (const [list, mistake] of [
    ["[]", "a platform is linux/ and one of"],
    ['["arm64", "big"]', "write linux/arm64|a platform is"],
    ['["linux/aarch64", "big"]', "write linux/arm64"],
    ['["linux/arm64"]', "no tag stands there"],
    ['"linux/arm64", "big"', "no list of lists"],
    ['{:"linux/arm64"=>["big"]}', "no list of lists"],
  ] as const)
    test(`are refused where the input platform_tags says ${list}`, () => {
      const env = { BERTH_INPUT_PLATFORM_TAGS: `[[${list}]]` };
      assert.throws(() => runnersOf(env, "X"), { code: "USAGE", message: RegExp(mistake) });
    });
});
