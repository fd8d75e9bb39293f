import assert from "node:assert/strict";
import { test } from "node:test";
import {
  buildArguments,
  limitFlags,
  parseBuildahVersion,
  prepare,
  pushArguments,
  registriesConf,
} from "../../src/build/buildah-input.ts";
import {
  clientConfig,
  dockerBuildArguments,
  parseDockerVersions,
  pushedDigest,
} from "../../src/build/docker.ts";
import type { BuildRequest } from "../../src/build/engine.ts";
import { ownTags } from "../../src/image/key.ts";
import { buildRequest } from "./request.ts";

const request = buildRequest();

const near = { host: "registry.example.com", path: "me/debian" };
const far = { host: "registry.example.com", path: "up/debian" };

const paths = {
  dockerfile: "/s/Dockerfile",
  ignorefile: "/s/ignore",
  imageId: "/s/image-id",
  digest: "/s/digest",
  policy: undefined,
};
const settings = {
  version: { text: "1.39.3", minor: 39 },
  isolation: "chroot",
  network: "host",
  limits: [],
  cacheAge: undefined,
} as const;

const at = "registry.example.com";
const usual = {
  buildah:
    "build --isolation=chroot --network=host --format=docker --layers --force-rm --platform=linux/amd64 --file=/s/Dockerfile --ignorefile=/s/ignore --iidfile=/s/image-id --authfile=/a/config.json",
  docker: `build --progress=plain --platform=linux/amd64 --file=/s/Dockerfile --tag=${at}/g/p/debian:try-1 --build-arg=BUILDKIT_INLINE_CACHE=1`,
};
const buildArgs = ["--build-arg=B=a b=c", "--build-arg=A="];
const secret = ["--secret=id=token,src=/x/token"];
const sources = ["me", "up"].map((owner) => `--cache-from=${at}/${owner}/debian`);

const cases: readonly (readonly [
  what: string,
  change: Partial<BuildRequest>,
  buildah: readonly string[],
  docker?: readonly string[],
])[] = [
  ["nothing special", {}, []],
  ["args of any text in their order", { args: { B: "a b=c", A: "" } }, buildArgs],
  ["secrets by file", { secrets: [{ id: "token", file: "/x/token" }] }, secret],
  [
    "caches, the nearest first",
    { cacheFrom: [near, far], cacheTo: near },
    [...sources, `--cache-to=${at}/me/debian`],
    sources.map((source) => `${source}:${ownTags.cache}`),
  ],
  ["every layer anew", { noCache: true }, ["--no-cache"]],
];
const plain = { attests: false, network: undefined };

for (const [what, change, buildah, ofDocker = buildah] of cases)
  test(`both engines are called for ${what}`, () => {
    const asked = { ...request, ...change };
    const called = buildArguments(asked, paths, settings);
    assert.deepEqual(called, [...usual.buildah.split(" "), ...buildah, "/c"]);
    const docker = dockerBuildArguments(asked, "/s/Dockerfile", plain);
    assert.deepEqual(docker, [...usual.docker.split(" "), ...ofDocker, "/c"]);
  });

test("a stage to build is named to both engines", () => {
  const asked = { ...request, target: "dev" };
  assert.ok(buildArguments(asked, paths, settings).includes("--target=dev"));
  assert.ok(dockerBuildArguments(asked, "/s/Dockerfile", plain).includes("--target=dev"));
});

test("an old buildah gets one cache source, upstream's", () => {
  const old = { ...settings, version: { text: "1.28.2", minor: 28 } };
  const args = buildArguments({ ...request, cacheFrom: [near, far] }, paths, old);
  assert.equal(args.filter((arg) => arg.startsWith("--cache-from")).join(), sources[1]);
});

test("buildah is told how old a layer may be, docker chooses the newest by itself", () => {
  const args = buildArguments(request, paths, { ...settings, cacheAge: 5000 });
  assert.ok(args.includes("--cache-ttl=5000ms"));
});

test("buildah's isolation is left to the environment where that chooses one", () => {
  const free = { ...settings, isolation: undefined, network: undefined };
  const args = buildArguments(request, paths, free);
  assert.equal(args.filter((arg) => /^--(?:isolation|network)/.test(arg)).length, 0);
});

test("buildah pushes an image by its id in Docker's format", () =>
  assert.deepEqual(pushArguments(request, { ...paths, policy: "/s/policy.json" }, "sha256:1"), [
    "push",
    "--format=v2s2",
    "--digestfile=/s/digest",
    "--authfile=/a/config.json",
    "--signature-policy=/s/policy.json",
    "sha256:1",
    "docker://registry.example.com/g/p/debian:try-1",
  ]));

test("a client that knows attestations is told to make none", () => {
  const args = dockerBuildArguments(request, "/s/Dockerfile", { attests: true, network: "host" });
  assert.deepEqual(args.slice(2, 5), ["--provenance=false", "--sbom=false", "--network=host"]);
});

test("buildah's version is read from its own words", () => {
  const versions = [
    ["buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)", "1.28.2", 28],
    ["buildah version 1.44.0-dev (image-spec 1.1.1)\n", "1.44.0-dev", 44],
    ["buildah version 2.0.1", "2.0.1", Number.POSITIVE_INFINITY],
  ] as const;
  for (const [output, text, minor] of versions)
    assert.deepEqual(parseBuildahVersion(output), { text, minor });
  assert.equal(parseBuildahVersion("Segmentation fault"), undefined);
});

test("docker's versions are those of client and daemon, or nothing", () => {
  assert.deepEqual(parseDockerVersions("20.10.24+dfsg1 26.1.5\n"), {
    client: "20.10.24+dfsg1",
    server: "26.1.5",
  });
  assert.equal(parseDockerVersions("20.10.24 \n"), undefined);
});

test("the digest of a push is the last one that docker names", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const output = `[h/p]\nold: digest: ${digest.replaceAll("a", "b")} size: 1\nt: digest: ${digest} size: 949\r\n`;
  assert.equal(pushedDigest(output), digest);
  assert.equal(pushedDigest("c9f7: Pushed\n"), undefined);
});

test("docker's private configuration has the logins and finds plugins in the home folder", () => {
  assert.equal(
    clientConfig('{"auths":{"h":{"auth":"eA=="}}}', "/home/me"),
    '{"auths":{"h":{"auth":"eA=="}},"cliPluginsExtraDirs":["/home/me/.docker/cli-plugins"]}',
  );
  assert.equal(clientConfig(undefined, undefined), "{}");
});

test("insecure hosts are added to the machine's registries.conf and change nothing else in it", () => {
  const search = 'unqualified-search-registries = ["docker.io"]\n';
  const entry = (host: string) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`;
  const mirrored = `${search}[[registry]]\nlocation = "docker.io"\n`;
  const table = [
    [undefined, [], search],
    [undefined, ["h:5000"], `${search}\n${entry("h:5000")}`],
    ["# comments only\n", ["h:5000"], `${search}# comments only\n\n${entry("h:5000")}`],
    [mirrored, [], undefined],
    [mirrored, ["h:5000"], `${mirrored}\n${entry("h:5000")}`],
    [`${search}${entry("h:5000")}`, ["h:5000"], undefined],
    ["[registries.search]\nregistries = ['quay.io']\n", ["h"], `${search}\n${entry("h")}`],
  ] as const;
  for (const [existing, hosts, expected] of table) {
    const squeeze = (text: string | undefined) => text?.replaceAll(/\n+/g, "\n");
    assert.equal(squeeze(registriesConf(existing, hosts)), squeeze(expected), String(existing));
  }
});

test("a build keeps the limits that this process has", () => {
  const line = (title: string, soft: string, hard: string) =>
    `${title.padEnd(26)}${soft.padEnd(21)}${hard.padEnd(21)}units     \n`;
  const table = [
    [line("Max open files", "1024", "20000"), ["--ulimit=nofile=1024:20000"]],
    [line("Max processes", "512", "1024"), ["--ulimit=nproc=512:1024"]],
    [line("Max processes", "96365", "96365"), ["--ulimit=nproc=32768:32768"]],
    [line("Max processes", "unlimited", "unlimited"), []],
    [undefined, []],
  ] as const;
  for (const [limits, flags] of table) assert.deepEqual(limitFlags(limits), flags);
});

/** What is laid out beside a build where the machine has one file, and the environment. */
async function laidOut(
  env: Readonly<Record<string, string>>,
  existing?: string,
  { text = "{}", minor = 39 } = {},
) {
  const written = new Map<string, unknown>();
  const files = {
    read: async (path: string) => (path === existing ? Buffer.from(text) : undefined),
    write: async (path: string, data: unknown) => void written.set(path, data),
  };
  return { ...(await prepare(files, env, request, { minor })), written };
}

test("of a machine's containers.conf only the volumes are kept away; an older buildah needs it whole for that", async () => {
  const volumes = '[containers]\nvolumes = ["/a:/a"]\n';
  for (const [minor, at, text, expected] of [
    [28, "/etc/containers/containers.conf", volumes, "/s/containers.conf"],
    [28, "/etc/containers/containers.conf", '[containers]\nnetns = "host"\n', undefined],
    [28, "/chosen", volumes, "/s/containers.conf"],
    [33, "/chosen", volumes, undefined],
  ] as const) {
    const chosen: Record<string, string> = at === "/chosen" ? { CONTAINERS_CONF: at } : {};
    const { env } = await laidOut(chosen, at, { text, minor });
    assert.equal(env["CONTAINERS_CONF"], expected);
    assert.equal(env["CONTAINERS_CONF_OVERRIDE"], "/s/containers.conf");
  }
  const { env } = await laidOut({ CONTAINERS_CONF_OVERRIDE: "/own" });
  assert.equal(env["CONTAINERS_CONF_OVERRIDE"], "/own");
});

test("buildah trusts the authorities that berth does, unless somebody chose another file", async () => {
  const given = { CI_SERVER_TLS_CA_FILE: "/builds/ca" };
  for (const [env, expected] of [
    [given, "ca"],
    [{ NODE_EXTRA_CA_CERTS: "/builds/extra" }, ""],
    [{ ...given, NODE_EXTRA_CA_CERTS: "/builds/extra" }, "ca\n"],
    [{ ...given, SSL_CERT_FILE: "/etc/own" }, undefined],
    [{ CI_SERVER_TLS_CA_FILE: "" }, undefined],
  ] as const) {
    const { env: told, written } = await laidOut(env, "/builds/ca", { text: "ca" });
    const file = told["SSL_CERT_FILE"];
    assert.equal(file, expected === undefined ? undefined : "/s/authorities.pem");
    assert.equal(file && written.get(file), expected);
  }
});

test("buildah gets a policy of ours only where the machine has none", async () => {
  for (const [existing, policy] of [
    ["/home/me/.config/containers/policy.json", undefined],
    ["/etc/containers/policy.json", undefined],
    [undefined, "/s/policy.json"],
  ]) {
    const { paths: laid, written } = await laidOut({ HOME: "/home/me" }, existing);
    assert.equal(laid.policy, policy);
    assert.equal(written.has("/s/policy.json"), policy !== undefined);
  }
});

test("each build has temporary files of its own", async () => {
  const { env, written } = await laidOut({ TMPDIR: "/var/tmp" });
  assert.equal(env["TMPDIR"], "/s/tmp");
  for (const path of ["/s/Dockerfile", "/s/ignore"]) assert.ok(written.has(path), path);
  const isThere = [...written.keys()].some((path) => path.startsWith("/s/tmp/"));
  assert.ok(isThere, "the folder is there");
});
