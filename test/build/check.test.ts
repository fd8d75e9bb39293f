/** How an engine is looked at before it builds, and what is said where it does not work; its program is played. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildah } from "../../src/build/buildah.ts";
import { docker } from "../../src/build/docker.ts";
import { BerthError, type ErrorCode } from "../../src/errors.ts";
import type { Run, RunOptions, RunResult } from "../../src/world.ts";
import { ended } from "../support/processes.ts";

interface Row {
  readonly engine: "buildah" | "docker";
  readonly env?: Readonly<Record<string, string>>;
  readonly waitMs?: number;
  /** What the program answers to a call, the how manieth it is of its kind. */
  readonly answer: (
    verb: string,
    env: NonNullable<RunOptions["env"]>,
    time: number,
  ) => Partial<RunResult>;
  /** The version and the number of calls, or the error. */
  readonly wanted: readonly [string, number] | readonly [ErrorCode, RegExp, hint: RegExp];
}

const failed = (stderr: string, exitCode = 1) => ({ exitCode, stderr });
const isOnVfs = ({ STORAGE_DRIVER, CONTAINERS_STORAGE_CONF }: NonNullable<RunOptions["env"]>) =>
  `${STORAGE_DRIVER} ${CONTAINERS_STORAGE_CONF}` === "vfs /dev/null";
const vfs = { stdout: '"GraphDriverName": "vfs", "GraphRoot": "/g", "RunRoot": "/r"' };
const overlay = failed("Error: 'overlay' is not supported over overlayfs\n", 125);
const missing = { exitCode: undefined, missing: true };
const dind = { DOCKER_HOST: "tcp://docker:2376" };
const old = { stdout: "20.10.24 20.10.24\n" };
const away = failed("Cannot connect to the Docker daemon. Is the docker daemon running?\n");
const upOn =
  (attempt: number): Row["answer"] =>
  (verb, _, time) =>
    verb === "version" && time < attempt ? away : old;

const rows: Readonly<Record<string, Row>> = {
  "a machine without buildah is told how to install it": {
    engine: "buildah",
    answer: () => missing,
    wanted: ["ENGINE_MISSING", /not installed/, /apt-get install buildah/],
  },
  "a machine without docker is told how to install it": {
    engine: "docker",
    answer: () => missing,
    wanted: ["ENGINE_MISSING", /not installed/, /apt-get install docker/],
  },
  "buildah falls back to vfs where the storage that is configured does not work": {
    engine: "buildah",
    answer: (_, env) => (isOnVfs(env) ? vfs : overlay),
    wanted: ["1.30.0", 3],
  },
  "a storage driver that the environment names is not overruled": {
    engine: "buildah",
    env: { STORAGE_DRIVER: "overlay" },
    answer: (_, env) => (isOnVfs(env) ? vfs : overlay),
    wanted: ["ENGINE_UNAVAILABLE", /^start buildah: 'overlay'/, /vfs/],
  },
  "buildah is moved to vfs for good where its own choice of vfs spoils its next call": {
    engine: "buildah",
    answer: (_, env, time) => (isOnVfs(env) || time === 1 ? vfs : overlay),
    wanted: ["1.30.0", 4],
  },
  "docker waits for a daemon that comes up late": {
    engine: "docker",
    env: dind,
    waitMs: 10_000,
    answer: upOn(4),
    wanted: ["20.10.24", 4],
  },
  "docker waits for a daemon no longer than the bound": {
    engine: "docker",
    env: dind,
    waitMs: 3000,
    answer: upOn(1000),
    wanted: [
      "ENGINE_UNAVAILABLE",
      /^reach the docker daemon at tcp:\/\/docker:2376: Cannot connect/,
      /docker:dind/,
    ],
  },
  "docker's certificates that are not there are told from a daemon that is not": {
    engine: "docker",
    env: dind,
    answer: () =>
      failed("unable to resolve docker endpoint: open /certs/client/ca.pem: no such file\n"),
    wanted: ["ENGINE_UNAVAILABLE", /ca\.pem/, /DOCKER_CERT_PATH/],
  },
  "a new client without BuildKit's part is told what to install": {
    engine: "docker",
    answer: (verb) => (verb === "buildx" ? failed("") : { stdout: "26.1.5 26.1.5\n" }),
    wanted: ["ENGINE_MISSING", /docker-buildx is missing/, /docker-buildx/],
  },
  "the daemon of the user's own docker context is used where DOCKER_HOST is not set": {
    engine: "docker",
    answer: (verb, { DOCKER_HOST }) => {
      const host = "unix:///run/user/1/docker.sock";
      if (verb === "context") return { stdout: `${host}\n` };
      return DOCKER_HOST === host ? old : away;
    },
    wanted: ["20.10.24", 2],
  },
};

const lost = 'time="2026-11-21T01:09:23Z" level=error msg="(Unable to determine exit status)"';
const forbidden = [
  `Error during unshare(CLONE_NEWUSER): Operation not permitted\n${lost}`,
  `time="2026-11-21T01:09:23Z" level=error msg="writing \\"0 0 1\\n\\" to /proc/13/gid_map: write /proc/13/gid_map: operation not permitted"\n${lost}`,
  'time="2026-11-21T00:55:50Z" level=error msg="error determining current user: user: unknown userid 1234"',
].map((said): readonly [string, Row] => [
  `a runner that forbids buildah what it needs is named with the setting to change: ${/unshare|gid_map|userid/.exec(said)}`,
  {
    engine: "buildah",
    answer: () => failed(`${said}\n`),
    wanted: [
      "ENGINE_UNAVAILABLE",
      /^start buildah: (?!time=).*(?:unshare|gid_map|userid)/,
      /seccomp:unconfined/,
    ],
  },
]);

for (const [title, { engine, env = {}, waitMs = 0, answer, wanted }] of [
  ...Object.entries(rows),
  ...forbidden,
])
  test(title, async () => {
    let now = 0;
    const clock = {
      now: () => new Date(now),
      sleep: async (milliseconds: number) => {
        now += milliseconds;
      },
    };
    const calls: string[] = [];
    const run: Run = async (_, [verb = ""], options) => {
      calls.push(verb);
      const answered = answer(verb, options?.env ?? {}, calls.filter((one) => one === verb).length);
      const isKnown = verb === "--version" && answered.missing !== true;
      return ended(isKnown ? { stdout: "buildah version 1.30.0 (x)\n" } : answered);
    };
    const nothing = async () => undefined;
    const files = { entry: nothing, read: nothing, write: async () => {} };
    const check = { buildah, docker }[engine]({ run, files, clock, env, waitMs }).check();
    if (wanted.length === 2) {
      const kinds = new Set(["--version", "info", "version", "context"]);
      assert.deepEqual([await check, calls.filter((verb) => kinds.has(verb)).length], wanted);
    } else {
      const [code, message, hint] = wanted;
      await assert.rejects(check, (error: unknown) => {
        assert.ok(error instanceof BerthError, String(error));
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.match(error.hint ?? "", hint);
        return true;
      });
    }
  });
