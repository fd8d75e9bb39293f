import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { buildah } from "../../src/build/buildah.ts";
import { docker } from "../../src/build/docker.ts";
import { BerthError, type ErrorCode } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { createRunner } from "../../src/host/run.ts";
import { program } from "../support/programs.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

/** Writes a shell script that stands in for an engine into a folder of its own, `$HERE`, and gives its path. */
async function script(folder: string, name: string, text: string): Promise<string> {
  const own = await mkdtemp(join(folder, "script-"));
  const path = join(own, name);
  await writeFile(path, `#!/bin/sh\nHERE='${own}'\n${text}\n`, { mode: 0o755 });
  return path;
}

let folder: Folder;
before(async () => {
  folder = await temporaryFolder();
});
after(() => folder.remove());

type Env = Readonly<Record<string, string>>;

/** A clock whose sleep takes no time and moves the hands. */
function ports() {
  let now = 0;
  const clock = {
    now: () => new Date(now),
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
  return { run: createRunner().run, files: realFiles(), clock };
}

const checkBuildah = (command: string, env: Env = {}) =>
  buildah({ ...ports(), env, command }).check();
const checkDocker = (command: string, env: Env = {}, waitMs = 0) =>
  docker({ ...ports(), env, command, waitMs }).check();

async function refused(check: Promise<string>, code: ErrorCode, message: RegExp, hint: RegExp) {
  await assert.rejects(check, (error: unknown) => {
    assert.ok(error instanceof BerthError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.match(error.hint ?? "", hint);
    return true;
  });
}

const version = `[ "$1" = --version ] && { echo "buildah version 1.30.0 (x)"; exit 0; }`;
const vfs = `echo '"GraphDriverName": "vfs", "GraphRoot": "/g", "RunRoot": "/r"'`;
const overlay = `echo "Error: 'overlay' is not supported over overlayfs" >&2; exit 125`;

test("a machine without the program is told how to install it", async () => {
  const nowhere = "/nowhere/program";
  await refused(
    checkBuildah(nowhere),
    "ENGINE_MISSING",
    /not installed/,
    /apt-get install buildah/,
  );
  await refused(checkDocker(nowhere), "ENGINE_MISSING", /not installed/, /apt-get install docker/);
});

test("buildah falls back to vfs where the storage that is configured does not work", async () => {
  const command = await script(
    folder.path,
    "buildah",
    `${version}\n[ "$STORAGE_DRIVER $CONTAINERS_STORAGE_CONF" = "vfs /dev/null" ] && { ${vfs}; exit 0; }\n${overlay}`,
  );
  assert.equal(await checkBuildah(command), "1.30.0");
});

test("a storage driver that the environment names is not overruled", async () => {
  const command = await script(folder.path, "buildah", `${version}\n${overlay}`);
  const env = { STORAGE_DRIVER: "overlay" };
  await refused(
    checkBuildah(command, env),
    "ENGINE_UNAVAILABLE",
    /^start buildah: 'overlay'/,
    /vfs/,
  );
});

test("buildah is moved to vfs for good where its own choice of vfs spoils its next call", async () => {
  const command = await script(
    folder.path,
    "buildah",
    `${version}
[ "$STORAGE_DRIVER $CONTAINERS_STORAGE_CONF" = "vfs /dev/null" ] && { : >"$HERE/moved"; ${vfs}; exit 0; }
[ -e "$HERE/overlay" ] && { ${overlay}; }
: >"$HERE/overlay"; ${vfs}`,
  );
  assert.equal(await checkBuildah(command), "1.30.0");
  assert.ok(await realFiles().entry(join(dirname(command), "moved")));
});

const forbidden = [
  "Error during unshare(CLONE_NEWUSER): Operation not permitted",
  'time="2026-11-21T01:09:23Z" level=error msg="writing \\"0 0 1\\n\\" to /proc/13/gid_map: write /proc/13/gid_map: operation not permitted"',
  'time="2026-11-21T00:55:50Z" level=error msg="error determining current user: user: unknown userid 1234"',
];
for (const said of forbidden) {
  test(`a runner that forbids buildah what it needs is named with the setting to change: ${said.slice(-40)}`, async () => {
    const end = 'time="2026-11-21T01:09:23Z" level=error msg="(Unable to determine exit status)"';
    const lines = said.includes("userid") ? said : `${said}\n${end}`;
    const text = `${version}\ncat >&2 <<'END'\n${lines}\nEND\nexit 1`;
    const command = await script(folder.path, "buildah", text);
    await refused(
      checkBuildah(command),
      "ENGINE_UNAVAILABLE",
      /^start buildah: (?!time=).*(?:unshare|gid_map|userid)/,
      /seccomp:unconfined/,
    );
  });
}

const upOn = (attempt: number) => `
case "$1" in
version)
  echo x >> "$HERE/tries"
  [ "$(wc -l < "$HERE/tries")" -ge ${attempt} ] && { echo "20.10.24 20.10.24"; exit 0; }
  echo "Cannot connect to the Docker daemon at $DOCKER_HOST. Is the docker daemon running?" >&2; exit 1 ;;
esac`;

test("docker waits for a daemon that comes up late, and not longer than the bound", async () => {
  const env = { DOCKER_HOST: "tcp://docker:2376" };
  const late = await script(folder.path, "docker", upOn(4));
  assert.equal(await checkDocker(late, env, 10_000), "20.10.24");
  const never = await script(folder.path, "docker", upOn(1000));
  await refused(
    checkDocker(never, env, 3000),
    "ENGINE_UNAVAILABLE",
    /^reach the docker daemon at tcp:\/\/docker:2376: Cannot connect/,
    /docker:dind/,
  );
});

test("docker's certificates that are not there are told from a daemon that is not", async () => {
  const env = { DOCKER_HOST: "tcp://docker:2376" };
  const text = `echo "unable to resolve docker endpoint: open /certs/client/ca.pem: no such file" >&2; exit 1`;
  const command = await script(folder.path, "docker", text);
  await refused(checkDocker(command, env), "ENGINE_UNAVAILABLE", /ca\.pem/, /DOCKER_CERT_PATH/);
});

test("a daemon that is nowhere is said by the real client too", async () => {
  const env = { DOCKER_HOST: "unix:///nowhere/docker.sock" };
  await refused(
    checkDocker(program("docker"), env, 300),
    "ENGINE_UNAVAILABLE",
    /^reach the docker daemon at unix:\/\/\/nowhere\/docker\.sock: /,
    /DOCKER_HOST/,
  );
});

test("a new client without BuildKit's part is told what to install", async () => {
  const text = `case "$1" in version) echo "26.1.5 26.1.5" ;; buildx) exit 1 ;; esac`;
  const command = await script(folder.path, "docker", text);
  await refused(
    checkDocker(command),
    "ENGINE_MISSING",
    /docker-buildx is missing/,
    /docker-buildx/,
  );
});

test("the daemon of the user's own docker context is used where DOCKER_HOST is not set", async () => {
  const text = `
case "$1" in
context) echo unix:///run/user/1/docker.sock ;;
version) [ "$DOCKER_HOST" = unix:///run/user/1/docker.sock ] && echo "20.10.24 20.10.24" ;;
esac`;
  const command = await script(folder.path, "docker", text);
  assert.equal(await checkDocker(command), "20.10.24");
});
