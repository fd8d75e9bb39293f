import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { RegistryLogin } from "../../src/registry/credentials.ts";
import { auths, credentials, encode, type Given, helpers, login } from "./given-logins.ts";

const lookups: readonly (Given & {
  readonly name: string;
  readonly host: string;
  readonly gives: RegistryLogin | undefined;
})[] = [
  { name: "nothing at all", host: "a.example", gives: undefined },
  {
    name: "GitLab's own registry",
    env: { CI_REGISTRY: "registry.a.example", CI_REGISTRY_USER: "u", CI_REGISTRY_PASSWORD: "p" },
    host: "registry.a.example",
    gives: login("u", "p"),
  },
  {
    name: "GitLab's variables for another host",
    env: { CI_REGISTRY: "registry.a.example", CI_REGISTRY_USER: "u", CI_REGISTRY_PASSWORD: "p" },
    host: "a.example",
    gives: undefined,
  },
  {
    name: "the dependency proxy, named with its default port",
    env: {
      CI_DEPENDENCY_PROXY_SERVER: "a.example:443",
      CI_DEPENDENCY_PROXY_USER: "u",
      CI_DEPENDENCY_PROXY_PASSWORD: "p",
    },
    host: "a.example",
    gives: login("u", "p"),
  },
  {
    name: "variables before files",
    env: {
      CI_REGISTRY: "a.example",
      CI_REGISTRY_USER: "u",
      CI_REGISTRY_PASSWORD: "p",
      DOCKER_AUTH_CONFIG: auths({ "a.example": "inline:x" }),
    },
    host: "a.example",
    gives: login("u", "p"),
  },
  {
    name: "DOCKER_AUTH_CONFIG before files",
    env: { DOCKER_AUTH_CONFIG: auths({ "a.example": "inline:x" }) },
    files: [auths({ "a.example": "file:y" })],
    host: "a.example",
    gives: login("inline", "x"),
  },
  {
    name: "the first file that has the host",
    files: [
      auths({ "b.example": "b:1" }),
      auths({ "a.example": "a:2" }),
      auths({ "a.example": "a:3" }),
    ],
    host: "a.example",
    gives: login("a", "2"),
  },
  {
    name: "a password with colons",
    files: [auths({ "a.example": "u:p:q:r" })],
    host: "a.example",
    gives: login("u", "p:q:r"),
  },
  {
    name: "a key with a scheme",
    files: [auths({ "https://a.example/v2/": "u:p" })],
    host: "a.example",
    gives: login("u", "p"),
  },
  {
    name: "a host before one of its namespaces",
    files: [auths({ "a.example": "host:1", "a.example/group": "group:2" })],
    host: "a.example",
    gives: login("host", "1"),
  },
  {
    name: "another port",
    files: [auths({ "a.example": "u:p" })],
    host: "a.example:5000",
    gives: undefined,
  },
  {
    name: "a parent domain",
    files: [auths({ "example.org": "u:p" })],
    host: "a.example.org",
    gives: undefined,
  },
  ...["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"].map(
    (key) => ({
      name: `Docker Hub as ${key}`,
      files: [auths({ [key]: "u:p" })],
      host: "docker.io",
      gives: login("u", "p"),
    }),
  ),
  {
    name: "an identity token",
    files: [JSON.stringify({ auths: { "a.example": { auth: encode("u:"), identitytoken: "t" } } })],
    host: "a.example",
    gives: { identityToken: "t", username: "u" },
  },
  {
    name: "an entry that is empty",
    files: [JSON.stringify({ auths: { "a.example": {} } }), auths({ "a.example": "u:p" })],
    host: "a.example",
    gives: login("u", "p"),
  },
  {
    name: "a credential helper for the host",
    files: [JSON.stringify({ credHelpers: { "a.example": "one" }, credsStore: "two" })],
    run: helpers({
      "docker-credential-one get < a.example": { stdout: '{"Username":"u","Secret":"s"}' },
    }),
    host: "a.example",
    gives: login("u", "s"),
  },
  {
    name: "a credential store, asked for Docker Hub",
    files: [JSON.stringify({ auths: { "https://index.docker.io/v1/": {} }, credsStore: "two" })],
    run: helpers({
      "docker-credential-two get < https://index.docker.io/v1/": {
        stdout: '{"Username":"<token>","Secret":"s"}',
      },
    }),
    host: "docker.io",
    gives: { identityToken: "s" },
  },
  {
    name: "a store that has none, then the next file",
    files: [JSON.stringify({ credsStore: "two" }), auths({ "a.example": "u:p" })],
    run: helpers({
      "docker-credential-two get < a.example": {
        exitCode: 1,
        stdout: "credentials not found in native keychain",
      },
    }),
    host: "a.example",
    gives: login("u", "p"),
  },
];

suite("the login for a host", () => {
  for (const { name, host, gives, ...given } of lookups) {
    test(name, async () => {
      const { forHost, warnings } = await credentials(given);
      assert.deepEqual(await forHost(host), gives);
      assert.deepEqual(warnings, []);
    });
  }
});
