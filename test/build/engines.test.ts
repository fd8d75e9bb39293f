/** Which programs the engines call for a build, played by one that writes them down. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildah } from "../../src/build/buildah.ts";
import { docker } from "../../src/build/docker.ts";
import type { BuildRequest } from "../../src/build/engine.ts";
import type { Run, RunResult } from "../../src/world.ts";
import { ended } from "../support/processes.ts";
import { buildRequest } from "./request.ts";

const digest = `sha256:${"d".repeat(64)}`;
const clock = { now: () => new Date(0), sleep: async () => {} };
const repository = { host: "registry.example.com", path: "g/p/debian" };
const cached = { cacheFrom: [repository], cacheTo: repository };
const store = { GraphDriverName: "overlay", GraphRoot: "/g", RunRoot: "/r" };

const files = {
  entry: async () => undefined,
  write: async () => {},
  read: async (path: string) => {
    const text = { "/s/digest": digest, "/s/image-id": "sha256:id\n" }[path];
    return text === undefined ? undefined : Buffer.from(text);
  },
};

/** What programs answer that are only looked at. */
const answers: Readonly<Record<string, string>> = {
  "--version": "buildah version 1.39.3 (image-spec 1.1.0)\n",
  info: JSON.stringify({ store }, null, 2),
  inspect: "amd64\n",
  context: "tcp://docker:2376\n",
  version: "28.1.0 28.0.4\n",
  push: `t: digest: ${digest} size: 949\n`,
};
const looks = ["--version", "info", "context", "version", "buildx", "build --help"];
const flags = ["--no-cache", "--cache-from", "--cache-to"];

/** The calls of a build, each by its verb, the flags of caches and the store for builds from scratch. */
async function callsOf(
  engine: "buildah" | "docker",
  change: Partial<BuildRequest>,
  builds: readonly Partial<RunResult>[] = [],
  said = answers,
) {
  const calls: string[] = [];
  const left = [...builds];
  const run: Run = async (_, args, options) => {
    assert.ok("SOURCE_DATE_EPOCH" in (options?.env ?? {}) || args[0] === "context");
    const [verb = "", ...rest] = args.filter((arg) => !/^--(root|runroot)=/.test(arg));
    const stdout = said[verb] ?? "";
    if (looks.includes(verb) || looks.includes(args.join(" "))) return ended({ stdout });
    const told = flags.filter((flag) => rest.some((arg) => arg.startsWith(flag)));
    const apart = args.some((arg) => arg.endsWith("-from-scratch")) ? ["apart"] : [];
    calls.push([verb, ...told, ...apart].join(" "));
    return verb === "build" ? ended(left.shift() ?? {}) : ended({ stdout });
  };
  const made = { buildah, docker }[engine]({ run, files, clock, env: {} });
  const result = await made.build(buildRequest(change)).catch(({ code }) => code);
  return [result === digest ? "pushed" : result, ...calls];
}

const plain = buildRequest().traits;
const scratch = { traits: { ...plain, onScratch: true } };
const busy = { exitCode: 125, stderr: "Close_Fd sealing memfd copy: Device or resource busy\n" };
const uncached = { exitCode: 125, stderr: 'Error: failed pushing cache to {{{"h"}}}: denied\n' };
const failed = { exitCode: 1, stderr: "Error: no such file\n" };
const other = { ...answers, inspect: "arm64\n" };
const both = "build --cache-from --cache-to";

test("buildah builds and pushes, once more where that helps, and keeps what is from scratch apart", async () => {
  const rows: readonly (readonly [Parameters<typeof callsOf>[1], RunResults, readonly string[]])[] =
    [
      [cached, [], ["pushed", both, "push"]],
      [{ noCache: true }, [], ["pushed", "build --no-cache apart", "push apart", "rmi apart"]],
      [cached, [busy], ["pushed", both, both, "push"]],
      [cached, [busy, busy], ["BUILD_FAILED", both, both]],
      [cached, [uncached], ["pushed", both, "build --cache-from", "push"]],
      [cached, [{ ...uncached, exitCode: 0 }], ["pushed", both, "push"]],
      [cached, [failed], ["BUILD_FAILED", both]],
      [scratch, [], ["pushed", "build", "inspect", "push"]],
      [
        { ...scratch, noCache: true },
        [],
        ["pushed", "build --no-cache apart", "push apart", "rmi apart"],
      ],
      ...(["runHeredocs", "binds", "expandsArgs"] as const).map(
        (trait) =>
          [
            { ...cached, traits: { ...plain, [trait]: true } },
            [],
            ["pushed", "build --no-cache", "push"],
          ] as const,
      ),
    ];
  for (const [change, builds, calls] of rows)
    assert.deepEqual(await callsOf("buildah", change, builds), calls);
  const again = ["pushed", "build", "inspect", "build --no-cache", "push"];
  assert.deepEqual(await callsOf("buildah", scratch, [], other), again);
  const version = { "--version": "buildah version 1.28.2\n" };
  const volume = { ...answers, ...version, inspect: "/data \n" };
  const steps = ["from", "run"].map((keyword, at) => ({ keyword, line: at + 1, last: at + 1 }));
  const source = { file: "f", lines: [1, 2], stages: [{ name: undefined, steps }] };
  const onVolume = { dockerfile: "FROM debian\nRUN true\n", source };
  const refused = ["BUILD_FAILED", "build", "inspect"];
  assert.deepEqual(await callsOf("buildah", onVolume, [], volume), refused);
  const none = { ...scratch, noCache: true };
  assert.equal((await callsOf("buildah", none, [], other)).length, 4);
});

test("buildah has an image here that is in berth's store and in the machine's own", async () => {
  for (const [berths, machines, expected] of [
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ]) {
    const run: Run = async (_, args) => {
      if (!args.includes("inspect")) return ended({ stdout: answers[args[0] ?? ""] ?? "" });
      const isBerths = args.some((arg) => arg.startsWith("--root="));
      return ended({ exitCode: (isBerths ? berths : machines) ? 0 : 125 });
    };
    const { here } = buildah({ run, files, clock, env: {} });
    assert.equal(await here.has({ ...repository, tag: "key" }), expected);
  }
});

type RunResults = readonly Partial<RunResult>[];

test("docker builds and pushes, once more where that helps, and leaves no name behind", async () => {
  const silent = { ...answers, push: "c9f7: Pushed\n" };
  const stderr = "ERROR: failed to solve: DeadlineExceeded: context deadline exceeded\n";
  const late = { exitCode: 1, stderr };
  const build = "build --cache-from";
  const curl = 'process "curl h: connection refused" did not complete successfully: exit code: 7';
  const refused = { exitCode: 1, stderr: `ERROR: failed to solve: ${curl}\n` };
  const rows: readonly (readonly [RunResults, readonly string[]])[] = [
    [[], ["pushed", build, "push", "image"]],
    [[failed], ["BUILD_FAILED", build]],
    [[refused], ["BUILD_FAILED", build]],
    [[late], ["pushed", build, build, "push", "image"]],
    [
      [late, late],
      ["ENGINE_UNAVAILABLE", build, build],
    ],
  ];
  for (const [builds, calls] of rows)
    assert.deepEqual(await callsOf("docker", cached, builds), calls);
  const [code, ...calls] = await callsOf("docker", {}, [], silent);
  assert.match(code, /^[A-Z_]+$/);
  assert.deepEqual(calls, ["build", "push", "image"]);
});
