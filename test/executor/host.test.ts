import assert from "node:assert/strict";
import { test } from "node:test";
import { clearLeftovers, type Host, nameOf, type Owner } from "../../src/executor/host.ts";
import type { Files, Run } from "../../src/world.ts";

const tool = { name: "docker", command: "docker", init: true } as const;
const host: Host = { tool, folder: "/f", build: true, logins: [], network: "own" };
const ours: Owner = { pid: 7, since: "100", folder: "/tmp/job-ours" };

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
      const fields = ["S", "1", ...Array(17).fill("0"), since, "0"].join(" ");
      return since === undefined ? undefined : Buffer.from(`1 (a (b) c) ${fields}\n`);
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
