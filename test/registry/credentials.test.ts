import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { authFilePaths, resolveCredentials } from "../../src/registry/credentials.ts";
import { auths, credentials, encode, helpers, login } from "./given-logins.ts";

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
  ] as const) {
    test(`a helper that ${what} is a warning`, async () => {
      const run = helpers({ "docker-credential-x get < a.example": answer });
      const { forHost, warnings } = await credentials({ files: [JSON.stringify(file)], run });
      assert.equal(await forHost("a.example"), undefined);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, new RegExp(`${what}; it is left out$`));
      assert.ok(!warnings[0]?.includes("secret-text"));
    });
  }

  test("a helper is asked once for each host", async () => {
    const calls: string[] = [];
    const answer = { stdout: '{"Username":"u","Secret":"s"}' };
    const run = helpers({ "docker-credential-x get < a.example": answer }, calls);
    const { forHost, authFileFor } = await credentials({ files: ['{"credsStore":"x"}'], run });
    await Promise.all([forHost("a.example"), forHost("a.example"), authFileFor(["a.example"])]);
    assert.equal(calls.length, 1);
  });

  test("an auth file for engines holds the hosts that were named and no others", async () => {
    const files = [
      auths({ "a.example:5000": "u:p", "b.example": "v:q", "https://index.docker.io/v1/": "w:r" }),
    ];
    const { authFileFor } = await credentials({ files });
    const text = await authFileFor(["a.example:5000", "docker.io", "none.example"]);
    assert.deepEqual(JSON.parse(text), {
      auths: {
        "a.example:5000": { auth: encode("u:p") },
        "https://index.docker.io/v1/": { auth: encode("w:r") },
      },
    });
  });
});

suite("where auth files are", () => {
  for (const [env, paths] of [
    [{}, []],
    [{ HOME: "/h" }, ["/h/.docker/config.json", "/h/.config/containers/auth.json"]],
    [
      { HOME: "/h", REGISTRY_AUTH_FILE: "/r", DOCKER_CONFIG: "/d", XDG_RUNTIME_DIR: "/x" },
      ["/r", "/d/config.json", "/x/containers/auth.json", "/h/.config/containers/auth.json"],
    ],
  ] as const) {
    test(JSON.stringify(env), () => assert.deepEqual(authFilePaths(env), paths));
  }

  test("what cannot be read is a warning, what is not there is nothing", async () => {
    const warnings: string[] = [];
    const found = await resolveCredentials({
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
