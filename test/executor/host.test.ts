import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clearLeftovers,
  type Host,
  nameOf,
  type Owner,
  ownerOf,
  runnerLines,
} from "../../src/executor/host.ts";
import type { Files, Run } from "../../src/world.ts";

const tool = { name: "docker", command: "docker", init: true } as const;
const host: Host = { tool, folder: "/f", build: true, logins: [], network: "own" };
const ours: Owner = { pid: 7, since: "100", folder: "/tmp/job-ours" };

/** What the kernel tells of a process. */
function statText(parent: string, since: string): Buffer {
  const fields = ["S", parent, ...Array(17).fill("0"), since, "0"];
  return Buffer.from(`1 (a (b) c) ${fields.join(" ")}\n`);
}

/** Runs on a host where these jobs have a container each, and gives those that are removed. */
async function removedOf(jobs: Readonly<Record<string, Owner>>): Promise<readonly string[]> {
  const names = Object.entries(jobs).map(
    ([what, owner]) => [what, `${nameOf(owner)}-job`] as const,
  );
  const removed: string[] = [];
  const run = (async (_command, args) => {
    if (args.includes("rm")) removed.push(...args.filter((word) => word.startsWith("berth-")));
    const all = names.map(([, name]) => name);
    const listed = args[0] === "ps" ? all : all.map((name) => name.replace(/job$/, "network"));
    return { exitCode: 0, stdout: [...listed, "other", ""].join("\n") };
  }) as Run;
  // Two runners live: ours, and another whose folders we do not see.
  const began = new Map([
    ["/proc/7/stat", "100"],
    ["/proc/8/stat", "200"],
  ]);
  const files = {
    read: async (path) => {
      const since = began.get(path);
      return since === undefined ? undefined : statText("1", since);
    },
    entry: async (path) =>
      path === "/tmp/job-lives" ? { kind: "directory", executable: true, size: 0 } : undefined,
  } satisfies Pick<Files, "read" | "entry">;
  await clearLeftovers(host, ours, { run, files });
  const due = names.filter(([, name]) => removed.includes(name));
  const networks = due.map(([, name]) => name.replace(/job$/, "network"));
  assert.deepEqual(removed, [...due.map(([, name]) => name), ...networks]);
  return due.map(([what]) => what);
}

test("what is removed of other jobs is over: its runner has gone, or is ours and its folder too", async () => {
  const removed = await removedOf({
    "gone runner": { pid: 9, since: "300", folder: "/tmp/job-lives" },
    "a later process of that number": { pid: 8, since: "150", folder: "/tmp/job-lives" },
    "our runner's, over": { pid: 7, since: "100", folder: "/tmp/job-done" },
    "our runner's, at work": { pid: 7, since: "100", folder: "/tmp/job-lives" },
    "another runner's, whose folders are hidden": { pid: 8, since: "200", folder: "/tmp/job-x" },
  });
  assert.deepEqual(removed, [
    "gone runner",
    "a later process of that number",
    "our runner's, over",
  ]);
});

test("the runner is the nearest process above that was not given a job", async () => {
  const given = "A=1\0JOB_RESPONSE_FILE=/x\0";
  const table: readonly (readonly [number, parent: string, environ: string | undefined])[] = [
    [40, "30", given],
    [30, "20", "JOB_RESPONSE_FILE=/x"],
    [20, "1", "OLD_JOB_RESPONSE_FILE=/x\0"],
    [50, "0", given],
    [60, "20", undefined],
  ];
  const files = {
    entry: async () => undefined,
    read: async (path: string) => {
      const found = table.find(([pid]) => path.startsWith(`/proc/${pid}/`));
      if (found === undefined) return undefined;
      const [pid, parent, environ] = found;
      if (path.endsWith("/stat")) return statText(parent, `${pid}00`);
      return environ === undefined ? Promise.reject(new Error("EACCES")) : Buffer.from(environ);
    },
  };
  for (const [from, pid] of [
    [40, 20],
    [20, 20],
    [50, 50],
    [60, 60],
  ] as const) {
    const owner = { pid, since: `${pid}00`, folder: "/job" };
    assert.deepEqual(await ownerOf(from, "/job", files), owner);
  }
  assert.deepEqual(await ownerOf(70, "/job", files), { pid: 70, since: "", folder: "/job" });
});

test("the runner's lines say what the host allows", () => {
  const argsIn = (lines: string) => JSON.parse(/prepare_args = (.*)/.exec(lines)?.[1] ?? "");
  const lines = runnerLines({ ...host, logins: ["r.test"], network: "host" });
  const flags = ["--with=docker", "--init", "--folder=/f", "--build", "--login=r.test"];
  assert.deepEqual(argsIn(lines), ["executor", "prepare", ...flags, "--host-network"]);
  const least = runnerLines({ ...host, tool: { ...tool, init: false }, build: false });
  assert.deepEqual(argsIn(least), ["executor", "prepare", "--with=docker", "--folder=/f"]);
  assert.match(lines, /^executor = "custom"\nbuilds_dir = "\/builds"\ncache_dir = "\/cache"\n/);
  assert.match(lines, /\n {2}run_args = \["-c",". \\"\$TMPDIR\/stages\.sh\\"","run"\]\n/);
});
