/** Logins as CI, docker and containers tools keep them. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  authFilePaths,
  type RegistryLogin,
  resolveCredentials,
} from "../../src/registry/credentials.ts";
import type { Run, RunResult } from "../../src/world.ts";
import { ended } from "../support/processes.ts";

const encode = (pair: string) => Buffer.from(pair).toString("base64");
const login = (username: string, password: string): RegistryLogin => ({ username, password });
const auths = (entries: Record<string, string>) =>
  JSON.stringify({
    auths: Object.fromEntries(
      Object.entries(entries).map(([key, pair]) => [key, { auth: encode(pair) }]),
    ),
  });

/** Credential helpers as programs of this table: what they answer by program and host. */
function helpers(answers: Record<string, Partial<RunResult>>, calls: string[] = []): Run {
  return async (command, args, options) => {
    const call = `${command} ${args.join(" ")} < ${String(options?.input)}`;
    calls.push(call);
    return ended(answers[call] ?? { missing: true, exitCode: undefined });
  };
}

interface Given {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
  readonly run?: Run;
}

/** What is found in these variables, and in these files where docker and containers tools look first. */
async function credentials({ env = {}, files = [], run = helpers({}) }: Given) {
  const warnings: string[] = [];
  const first = { REGISTRY_AUTH_FILE: "/0", DOCKER_CONFIG: "/1" };
  const places = { ...first, XDG_RUNTIME_DIR: "/2", HOME: "/3" };
  const found = await resolveCredentials({
    uid: 7,
    env: { ...places, ...env },
    read: async (path) => {
      const text = files[Number(path.split("/")[1])];
      return text === undefined ? undefined : Buffer.from(text);
    },
    run,
    warn: (line) => warnings.push(line),
  });
  return { ...found, warnings };
}

const registry = (host: string) => ({
  CI_REGISTRY: host,
  CI_REGISTRY_USER: "u",
  CI_REGISTRY_PASSWORD: "p",
});
const proxy = {
  CI_DEPENDENCY_PROXY_SERVER: "a.example:443",
  CI_DEPENDENCY_PROXY_USER: "u",
  CI_DEPENDENCY_PROXY_PASSWORD: "p",
};
const inline = { DOCKER_AUTH_CONFIG: auths({ "a.example": "inline:x" }) };
const up = login("u", "p");
const there = auths({ "a.example": "u:p" });
const file = (value: object) => JSON.stringify(value);
/** A helper that says this when it is asked for that host. */
const asked = (program: string, host: string, answer: Partial<RunResult>) =>
  helpers({ [`docker-credential-${program} get < ${host}`]: answer });

const hub = "https://index.docker.io/v1/";
type Lookup = readonly [given: Given, gives: RegistryLogin | undefined, host?: string];
const lookups: Readonly<Record<string, Lookup>> = {
  "nothing at all": [{}, undefined],
  "GitLab's own registry": [{ env: registry("r.a.example") }, up, "r.a.example"],
  "GitLab's variables for another host": [{ env: registry("r.a.example") }, undefined],
  "the dependency proxy, named with its default port": [{ env: proxy }, up],
  "variables before files": [{ env: { ...registry("a.example"), ...inline } }, up],
  "DOCKER_AUTH_CONFIG before files": [{ env: inline, files: [there] }, login("inline", "x")],
  "the first file that has the host": [
    { files: ["b:1", "a:2", "a:3"].map((pair) => auths({ [`${pair[0]}.example`]: pair })) },
    login("a", "2"),
  ],
  "a password with colons": [{ files: [auths({ "a.example": "u:p:q:r" })] }, login("u", "p:q:r")],
  "no password, where it is spelled with the name": [
    { files: [auths({ "a.example": "u:" })] },
    login("u", ""),
  ],
  "a name and a password": [{ files: [file({ auths: { "a.example": up } })] }, up],
  "a name alone": [{ files: [file({ auths: { "a.example": login("u", "") } })] }, undefined],
  "a key with a scheme": [{ files: [auths({ "https://a.example/v2/": "u:p" })] }, up],
  "a host before one of its namespaces": [
    { files: [auths({ "a.example": "u:p", "a.example/group": "group:2" })] },
    up,
  ],
  "a host with its scheme before one of its namespaces": [
    { files: [auths({ "https://a.example": "u:p", "a.example/group": "group:2" })] },
    up,
  ],
  "Docker Hub's before the tokens that docker keeps beside it": [
    {
      files: [
        auths({ [hub]: "u:p", [`${hub}access-token`]: "u:a", [`${hub}refresh-token`]: "u:r" }),
      ],
    },
    up,
    "docker.io",
  ],
  "another port": [{ files: [there] }, undefined, "a.example:5000"],
  "a parent domain": [{ files: [there] }, undefined, "b.a.example"],
  ...Object.fromEntries(
    [hub, "docker.io", "index.docker.io", "registry-1.docker.io"].map((key) => [
      `Docker Hub as ${key}`,
      [{ files: [auths({ [key]: "u:p" })] }, up, "docker.io"],
    ]),
  ),
  "an identity token": [
    { files: [file({ auths: { "a.example": { auth: encode("u:"), identitytoken: "t" } } })] },
    { identityToken: "t", username: "u" },
  ],
  "an entry that is empty": [{ files: [file({ auths: { "a.example": {} } }), there] }, up],
  "a credential helper for the host": [
    {
      files: [file({ credHelpers: { "a.example": "one" }, credsStore: "two" })],
      run: asked("one", "a.example", { stdout: '{"Username":"u","Secret":"p"}' }),
    },
    up,
  ],
  "a credential store, asked for Docker Hub": [
    {
      files: [file({ auths: { [hub]: {} }, credsStore: "two" })],
      run: asked("two", hub, { stdout: '{"Username":"<token>","Secret":"s"}' }),
    },
    { identityToken: "s" },
    "docker.io",
  ],
  "a store that has none, then the next file": [
    {
      files: [file({ credsStore: "two" }), there],
      run: asked("two", "a.example", {
        exitCode: 1,
        stdout: "credentials not found in native keychain",
      }),
    },
    up,
  ],
};

suite("the login for a host", () => {
  for (const [name, [given, gives, host = "a.example"]] of Object.entries(lookups))
    test(name, async () => {
      const { forHost, warnings } = await credentials(given);
      assert.deepEqual(await forHost(host), gives);
      assert.deepEqual(warnings, []);
    });
});

suite("logins that cannot be read", () => {
  test("a file that is no JSON is named in a warning, without what is in it", async () => {
    const { forHost, warnings } = await credentials({
      files: ['{"auths": {"a.example": secret-text', "[]", "", auths({ "a.example": "u:p" })],
    });
    assert.deepEqual(await forHost("a.example"), login("u", "p"));
    assert.deepEqual(warnings, [
      "/0 is not a JSON object with logins; it is left out",
      "/1/config.json is not a JSON object with logins; it is left out",
    ]);
  });

  for (const [what, file, answer] of [
    ["is not installed", { credsStore: "x" }, { missing: true, exitCode: undefined }],
    ["failed", { credsStore: "x" }, { exitCode: 1, stderr: "secret-text" }],
    ["gave no login", { credsStore: "x" }, { stdout: "secret-text" }],
    ["did not answer", { credsStore: "x" }, { timedOut: true, exitCode: undefined }],
    ["is not a program's name", { credsStore: "../x" }, {}],
  ] as const)
    test(`a helper that ${what} is a warning`, async () => {
      const run = helpers({ "docker-credential-x get < a.example": answer });
      const { forHost, warnings } = await credentials({ files: [JSON.stringify(file)], run });
      assert.equal(await forHost("a.example"), undefined);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, new RegExp(`${what}; it is left out$`));
      assert.ok(!warnings[0]?.includes("secret-text"));
    });

  test("a helper is asked once for each host", async () => {
    const calls: string[] = [];
    const answer = { stdout: '{"Username":"u","Secret":"s"}' };
    const run = helpers({ "docker-credential-x get < a.example": answer }, calls);
    const { forHost, authFileFor } = await credentials({ files: ['{"credsStore":"x"}'], run });
    await Promise.all([forHost("a.example"), forHost("a.example"), authFileFor(["a.example"])]);
    assert.equal(calls.length, 1);
  });

  test("an auth file for engines holds the hosts that were named and no others", async () => {
    const hosts = { "a.example:5000": "u:p", "b.example": "v:q", [hub]: "w:r" };
    const files = [auths(hosts)];
    const { authFileFor } = await credentials({ files });
    const text = await authFileFor(["a.example:5000", "docker.io", "none.example"]);
    assert.deepEqual(JSON.parse(text), {
      auths: { "a.example:5000": { auth: encode("u:p") }, [hub]: { auth: encode("w:r") } },
    });
  });
});

suite("where auth files are", () => {
  for (const [env, paths] of [
    [{}, ["/run/containers/7/auth.json"]],
    [
      { HOME: "/h" },
      ["/h/.docker/config.json", "/run/containers/7/auth.json", "/h/.config/containers/auth.json"],
    ],
    [
      { HOME: "/h", XDG_RUNTIME_DIR: "/x", XDG_CONFIG_HOME: "/c" },
      ["/h/.docker/config.json", "/x/containers/auth.json", "/c/containers/auth.json"],
    ],
    [
      { HOME: "/h", REGISTRY_AUTH_FILE: "/r", DOCKER_CONFIG: "/d", XDG_RUNTIME_DIR: "/x" },
      ["/r", "/d/config.json", "/x/containers/auth.json", "/h/.config/containers/auth.json"],
    ],
  ] as const)
    test(JSON.stringify(env), () => assert.deepEqual(authFilePaths(env, 7), paths));

  test("what cannot be read is a warning, what is not there is nothing", async () => {
    const warnings: string[] = [];
    const found = await resolveCredentials({
      uid: 7,
      env: { HOME: "/h", REGISTRY_AUTH_FILE: "/r" },
      run: helpers({}),
      warn: (line) => warnings.push(line),
      read: async (path) => {
        if (path === "/r") throw new Error("EACCES");
        return path.endsWith("auth.json") ? Buffer.from(auths({ "a.example": "u:p" })) : undefined;
      },
    });
    assert.deepEqual(await found.forHost("a.example"), login("u", "p"));
    assert.deepEqual(warnings, ["cannot read the logins in /r; it is left out"]);
  });
});
