import assert from "node:assert/strict";
import { test } from "node:test";
import {
  aliasesOf,
  envFileText,
  type JobPlace,
  jobArguments,
  listenArguments,
  serviceArguments,
} from "../../src/executor/container.ts";
import type { Host } from "../../src/executor/host.ts";

const tool = { name: "docker", command: "docker", init: true } as const;
const host: Host = { tool, folder: "/f", build: true, logins: [], network: "own" };
const place: JobPlace = { host, name: "berth-1" };
const started = { reference: "sha256:1", name: "n", envFile: "/e" };

/** What follows the reference, and the flags before it without those that all have. */
function split(line: readonly string[]) {
  const at = line.indexOf("sha256:1");
  const held = ["run", "--detach", "--pull=never", "--env-file=/e"];
  const common = [...held, "--label=berth.executor=/f", "--stop-timeout=0"];
  return [line.slice(0, at).filter((word) => !common.includes(word)), line.slice(at + 1)];
}

test("a service is reached by its aliases, and by what GitLab makes of its image's name", () => {
  const names = (name: string, alias?: string) => aliasesOf({ name, alias });
  assert.deepEqual(names("tutum/wordpress:latest"), ["tutum__wordpress", "tutum-wordpress"]);
  const both = ["db", "cache", "r.test__a__b", "r.test-a-b"];
  assert.deepEqual(names("r.test:5000/a/b@sha256:1", "db, cache"), both);
  assert.deepEqual(names("berth://web"), ["web"]);
});

test("an entrypoint, a user and a platform are as the job says", () => {
  const image = {
    name: "x",
    entrypoint: ["/init", "--quiet"],
    command: ["serve"],
    executor_opts: { docker: { user: 1000, platform: "linux/arm64" } },
  };
  const service = { image, reference: "sha256:1", name: "berth-1-1", envFile: "/e" };
  const [flags, command] = split(serviceArguments(place, service));
  assert.deepEqual(flags, [
    "--name=berth-1-1",
    "--network=berth-1-network",
    "--user=1000",
    "--platform=linux/arm64",
    "--network-alias=x",
    "--entrypoint=/init",
  ]);
  assert.deepEqual(command, ["--quiet", "serve"]);
  const plain = { image: { name: "x", command: ["serve"] }, ...started };
  const least = ["--name=n", "--network=berth-1-network", "--network-alias=x"];
  assert.deepEqual(split(serviceArguments(place, plain)), [least, ["serve"]]);
  const shared = { ...place, host: { ...host, network: "host" } } as const;
  const onHost = ["--name=n", "--network=host"];
  assert.deepEqual(split(serviceArguments(shared, plain)), [onHost, ["serve"]]);
});

test("without an entrypoint the job's container waits in the image's shell", () => {
  const job = { image: { name: "x", entrypoint: [""] }, ...started };
  const [flags, command] = split(jobArguments(place, job, ["/builds"], ["db"]));
  assert.ok(flags?.includes("--entrypoint="));
  assert.ok(flags?.includes("--volume=/builds"));
  assert.ok(flags?.includes("--add-host=db:127.0.0.1"));
  assert.deepEqual(command?.slice(0, 2), ["sh", "-c"]);
});

test("whether a service listens is asked from the job's container, with the runner that it is lent", () => {
  const check = "exec env -i SERVICE_TCP_ADDR=db SERVICE_80_TCP_PORT=80 SERVICE_1_TCP_PORT=1";
  assert.deepEqual(listenArguments("berth-1-job", "db", ["80", "1"]), [
    ...["exec", "--user=0:0", "berth-1-job", "sh", "-c"],
    `${check} /.berth/bin/gitlab-runner health-check`,
  ]);
});

test("a file of variables has those that it can hold, each on its line", () => {
  const long = "x".repeat(70_000);
  const text = envFileText({ A: "1 = '2' #3", B: "two\nlines", "C D": "1", E: "", F: long });
  assert.equal(text, "A=1 = '2' #3\nE=\n");
});
