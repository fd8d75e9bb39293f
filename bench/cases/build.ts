/** `berth ensure` of one image that takes seconds to build beside the raw `buildah build` and `push`. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pushBusybox } from "../../test/support/bases.ts";
import { startDockerRegistry } from "../../test/support/docker-registry.ts";
import { storageIn, storesIn } from "../../test/support/storage.ts";
import type { Case } from "../case.ts";
import { inTurns, timeOf } from "../measure.ts";
import { makeRepository } from "../repository.ts";

const dockerfile = (host: string) => `FROM ${host}/bases/busybox:1
COPY src /src
RUN head -c 200000000 /dev/zero | gzip -1 > /zeros.gz && sleep 4
`;

export const buildOverhead: Case = {
  name: "build overhead",
  async run({ quick, berth }) {
    const registry = await startDockerRegistry();
    const folder = await mkdtemp(join(tmpdir(), "berth-bench-buildah-"));
    const { host } = registry;
    await pushBusybox(host);
    const made = makeRepository([
      ["Dockerfile", dockerfile(host)],
      ["src/a", "a\n"],
    ]);
    const env = await storageIn(folder);
    const cwd = made.path;
    const inStorage = (...args: string[]) =>
      execFileSync("buildah", args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
    let run = 0;
    // The base stays, what was built goes, and each run has a repository of its own: nothing to reuse.
    const fresh = () => {
      run += 1;
      for (const store of storesIn(folder)) {
        inStorage(...store, "rmi", "--all", "--force");
        inStorage(...store, "pull", "--quiet", "--tls-verify=false", `${host}/bases/busybox:1`);
      }
      return `${host}/run-${run}`;
    };
    const raw = (base: string) =>
      `buildah build --isolation chroot --network host --layers --format=docker --tls-verify=false -t one . && buildah push --tls-verify=false one docker://${base}/image:raw`;
    try {
      const times = await inTurns(
        quick ? 1 : 5,
        () => timeOf({ command: "sh", args: ["-c", raw(fresh())], cwd, env }),
        () => {
          const args = [berth, "ensure", "--engine", "buildah", "--registry", fresh()];
          return timeOf({ command: process.execPath, args, cwd, env });
        },
      );
      const goal = {
        text: "at most 3 % + 0.5 s more",
        isMet: (peerMs: number, berthMs: number) => berthMs <= 1.03 * peerMs + 500,
      };
      const peer = "buildah build && push";
      return [{ name: this.name, latencyMs: 0, peer, ...times, requests: undefined, goal }];
    } finally {
      inStorage("rmi", "--all", "--force");
      await rm(folder, { recursive: true, force: true });
      made.remove();
      await registry.stop();
    }
  },
};
