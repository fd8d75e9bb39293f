/** The tool images in containers: what they run, and as whom and with which rights they build. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeProgram, version } from "../../src/cli/program.ts";
import { ownTags } from "../../src/image/key.ts";
import { testKeys } from "../support/certificates.ts";
import { berth, type Ended, plainEnv } from "../support/command.ts";
import { imageTree } from "../support/filetree.ts";
import { openStage, type RunOptions, type Stage } from "./stage.ts";

let stage: Stage;
before(async () => {
  stage = await openStage();
});
after(() => stage?.stop());

function said({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, stderr.slice(-4000));
  return stdout.trim();
}

const flags = ["--entrypoint="];
/** How GitLab's docker executor looks for a shell that it then gives the script to. */
const findShell =
  "if [ -x /usr/local/bin/bash ]; then exec /usr/local/bin/bash; elif [ -x /usr/bin/bash ]; then exec /usr/bin/bash; else exec sh; fi";

const calls: readonly (readonly [string, readonly string[], RunOptions?])[] = [
  ["berth with an option", ["--version"]],
  ["berth by its name", ["berth", "--version"]],
  ["a shell", ["sh", "-c", "berth --version"]],
  ["a shell by its path, fed from standard input", ["/bin/sh"], { input: "berth --version\n" }],
  ["a script as GitLab gives it", ["sh", "-c", findShell], { input: "berth --version\n" }],
  ["berth without the entrypoint", ["berth", "--version"], { flags }],
  ["a shell without entrypoint", ["sh", "-c", findShell], { flags, input: "berth --version\n" }],
];
for (const [name, args, options] of calls) {
  // All images have one entrypoint (build.test.ts).
  test(`the images run ${name}`, async () =>
    assert.equal(said(await stage.run("tool", args, options)), version));
}

test("the entrypoint leaves every word that is no program to berth", async () => {
  const key = await berth(["key"], { cwd: stage.project, env: plainEnv({ HOME: stage.folder }) });
  assert.equal(said(await stage.run("tool", ["key"])), said(key));
  assert.match(said(await stage.run("tool", [])), /^Usage: berth /);
  const mistaken = await stage.run("tool", ["plann"]);
  assert.equal(mistaken.code, 64);
  assert.match(mistaken.stderr, /unknown command 'plann'/);
});

test("no command of berth has the name of a program in an image", async () => {
  const names = (await makeProgram()).commands.map((command) => command.name());
  assert.ok(names.includes("ensure"));
  const found = 'for name; do which "$name" && exit 1; done; exit 0';
  for (const image of stage.images)
    assert.equal(said(await stage.run(image, ["sh", "-c", found, "sh", ...names])), "");
});

test("each image has one engine's programs, or none", async () => {
  const versions = "buildah --version; docker buildx version; git --version";
  const found = async (image: string) => {
    const { stdout } = await stage.run(image, ["sh", "-c", versions]);
    return stdout.match(/^buildah version 1\.(?:3\d|4[0-3])\.|buildx|^git version/gm);
  };
  assert.deepEqual(await found("tool"), ["git version"]);
  assert.match(`${await found("tool-buildah")}`, /^buildah version 1\.\d+\.,git version$/);
  assert.deepEqual(await found("tool-docker"), ["buildx", "git version"]);
});

test("git asks a server by https, and believes no stranger", async (t) => {
  const { key, certificate: cert } = testKeys();
  const server = createServer({ key, cert }, (_, response) => response.writeHead(404).end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const file = join(stage.folder, "authority.pem");
  await writeFile(file, cert);
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/project.git`;
  const ask = (...options: readonly string[]) =>
    stage.run("tool", ["git", ...options, "ls-remote", url], {
      flags: [`--volume=${file}:${file}`],
    });
  assert.match((await ask()).stderr, /certificate signer not trusted/);
  assert.match((await ask("-c", `http.sslCAInfo=${file}`)).stderr, /repository .* not found/);
});

/** Leaves the driver's name as the last line, as its folder below the store shows it. */
const ensure = `
berth --registry "$BASE" ensure --engine "$ENGINE" --output /tmp/out >&2 || exit $?
ls -d ~/.local/share/containers/storage/berth*/*-layers /var/lib/containers/storage/berth*/*-layers 2>/dev/null || :
`;
const rootVolume = "--volume=/var/lib/containers";
const userVolume = "--volume=/home/build/.local/share/containers";

let bases = 0;
function build(engine: "buildah" | "docker", flags: readonly string[]) {
  const path = `group/project-${++bases}`;
  const env = [`--env=BASE=${stage.registry.host}/${path}`, `--env=ENGINE=${engine}`];
  const all = { flags: [...env, ...flags] };
  return { path, ended: stage.run(`tool-${engine}`, ["sh", "-c", ensure], all) };
}

const places: readonly (readonly [string, readonly string[], "vfs" | "overlay"])[] = [
  ["root without any privilege", [], "vfs"],
  ["root without any privilege, its store on a volume", [rootVolume], "overlay"],
  ["root who may mount", ["--cap-add=SYS_ADMIN"], "vfs"],
  ["root who may mount, its store on a volume", ["--cap-add=SYS_ADMIN", rootVolume], "overlay"],
  ["the user build", ["--user=build"], "vfs"],
  ["the user build, its store on a volume", ["--user=build", userVolume], "overlay"],
];
for (const [name, flags, driver] of places)
  test(`buildah builds in the image as ${name}, with ${driver}`, async () => {
    const { path, ended } = build("buildah", flags);
    assert.match(said(await ended), new RegExp(`/storage/berth\\d+/${driver}-layers$`));
    await assertBuilt(path);
  });

test("the image's docker builds with a daemon outside of the container", async () => {
  const socket = `--volume=${stage.socket}:/var/run/docker.sock`;
  // The daemon has no network of its own.
  const { path, ended } = build("docker", [socket, "--env=BERTH_BUILD_NETWORK=host"]);
  said(await ended);
  await assertBuilt(path);
});

async function assertBuilt(path: string): Promise<void> {
  const { host } = stage.registry;
  const answer = await fetch(`http://${host}/v2/${path}/small/tags/list`);
  const { tags } = (await answer.json()) as { readonly tags: readonly string[] };
  const tree = await imageTree(
    host,
    `${path}/small`,
    tags.find((tag) => tag.startsWith(ownTags.key("")))!,
  );
  assert.deepEqual(tree.get("srv"), { kind: "directory", mode: 0o750 });
  assert.deepEqual([tree.has("srv/file"), tree.has("srv/user")], [true, true]);
}

test("where user namespaces are forbidden or of no use, berth says what the runner has to allow", async () => {
  const profile = join(stage.folder, "seccomp.json");
  const unshare = { names: ["unshare"], action: "SCMP_ACT_ERRNO", errnoRet: 1 };
  await writeFile(
    profile,
    JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [unshare] }),
  );
  const refused = [
    [`--security-opt=seccomp=${profile}`],
    [`--security-opt=seccomp=${profile}`, "--user=build"],
    ["--cap-drop=ALL"],
    ["--user=1234"],
    ["--user=1234", "--env=HOME=/tmp"],
  ];
  for (const flags of refused) {
    const { code, stderr } = await build("buildah", flags).ended;
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /\[ENGINE_UNAVAILABLE\]\n +hint: .*security_opt.*docker engine/,
      flags.join(" "),
    );
  }
});
