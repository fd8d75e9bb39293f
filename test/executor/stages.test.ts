import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { stagesScript } from "../../src/executor/stages.ts";
import { temporary } from "../context/repository.ts";

const tool = { name: "docker", command: "docker", init: true } as const;
const host = { tool, folder: "/f", build: true, logins: [], network: "own" } as const;
const script = stagesScript({ host, name: "berth-1" });

/** Runs the script as the runner does, with an engine that answers by these lines of shell and notes what it was told. */
function runs(t: TestContext, engine: string, ...words: readonly string[]) {
  const folder = temporary(t);
  const at = (name: string) => join(folder, name);
  writeFileSync(
    at("docker"),
    `#!/bin/sh\nprintf '%s\\n' "$*" | head -1 >>'${at("told")}'\n${engine}\n`,
  );
  chmodSync(at("docker"), 0o755);
  writeFileSync(at("file"), "echo ${SSL_CERT_FILE:-none} ${PATH##*:} $(umask)\n");
  const env = {
    PATH: `${folder}:${process.env["PATH"]}`,
    BUILD_FAILURE_EXIT_CODE: "1",
    SYSTEM_FAILURE_EXIT_CODE: "2",
    BUILD_EXIT_CODE_FILE: at("code"),
  };
  const args = ["-c", script, ...words.map((word) => (word === "FILE" ? at("file") : word))];
  const { status, stdout, stderr } = spawnSync("sh", args, { env, encoding: "utf8" });
  const code = existsSync(at("code")) ? readFileSync(at("code"), "utf8") : "";
  return { status, stdout, stderr, code, told: readFileSync(at("told"), "utf8").split("\n") };
}

test("a project's script runs as the image's user, the runner's own work as root", (t) => {
  const own = runs(t, "cat", "run", "FILE", "build_script");
  assert.deepEqual([own.status, own.stdout.split(" ").length], [0, 4]);
  assert.match(own.told[0] ?? "", /^exec --interactive berth-1-job sh -c /);
  const lent = runs(t, 'shift 4; exec "$@"', "run", "FILE", "get_sources");
  const certificates = existsSync("/etc/ssl/certs/ca-certificates.crt") ? "none" : "/.berth/ca.pem";
  assert.equal(lent.stdout, `${certificates} /.berth/bin 0000\n`);
  assert.match(lent.told[0] ?? "", /^exec --interactive --user=0:0 berth-1-job sh -c /);
});

test("a script's own exit code is kept, and an engine that does not answer is the system's failure", (t) => {
  const failing = (state: string) => `case $1 in exec) exit 9;; inspect) ${state};; esac`;
  const failed = runs(t, failing("echo true false"), "run", "FILE", "build_script");
  assert.deepEqual([failed.status, failed.code, failed.stderr], [1, "9\n", ""]);
  const ended = runs(t, failing("echo false true"), "run", "FILE", "build_script");
  assert.deepEqual([ended.status, ended.code], [1, "9\n"]);
  assert.match(ended.stderr, /has ended before the job: it ran out of memory/);
  const gone = runs(t, failing("exit 1"), "run", "FILE", "build_script");
  assert.deepEqual([gone.status, gone.code], [2, ""]);
});

test("the end removes all of the job, and tells where the engine does not", (t) => {
  const cleared = runs(t, "[ $1 != ps ] || echo one", "cleanup");
  assert.equal(cleared.status, 0);
  const removed = ["rm --force --volumes one", "network rm berth-1-network"];
  assert.deepEqual(cleared.told.slice(1, 3), removed);
  assert.equal(runs(t, "case $1 in ps) echo one;; rm) exit 1;; esac", "cleanup").status, 1);
});
