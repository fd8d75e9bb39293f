/** What more images and more pipelines at once cost, on a real registry whose answers take a while. */
import { readFile } from "node:fs/promises";
import { distribution } from "../../test/support/distribution.ts";
import { type DockerRegistry, startDockerRegistry } from "../../test/support/docker-registry.ts";
import type { Case, Row } from "../case.ts";
import { memoryOf } from "../measure.ts";
import { openStand, type Stand } from "../stand.ts";

const latencyMs = 40;
interface Seen {
  readonly times: readonly number[];
  /** Of one of them. */
  readonly requests: number;
  /** Of the largest. */
  readonly megabytes: number;
  readonly registrySeconds: number;
}

export const growth: Case = {
  name: "growth",
  async run({ quick, berth }) {
    const rows: Row[] = [];
    const registry = await startDockerRegistry({ delete: true, program: await distribution() });
    try {
      const sizes = quick ? [25, 100] : [25, 100, 400];
      const counts = quick ? [1, 10] : [1, 10, 100];
      let first: readonly Seen[] | undefined;
      for (const images of sizes) {
        const configuration = "reference: tag\n";
        const stand = await openStand(registry, { images, latencyMs, berth, configuration });
        const ensure = (pipelines: number) => atOnce(pipelines, berth, stand, registry);
        try {
          const looks = await ensure(1);
          const idle = await ensure(1);
          first ??= [looks, idle];
          rows.push(rowOf(`set record missing, ${images} images`, first[0]!, looks));
          rows.push(rowOf(`nothing changed, ${images} images`, first[1]!, idle));
          if (images !== sizes[0]) continue;
          for (const pipelines of counts.slice(1)) {
            const seen = await ensure(pipelines);
            rows.push(rowOf(`nothing changed, ${images} images, ${pipelines} at once`, idle, seen));
          }
        } finally {
          await stand.close();
        }
      }
    } finally {
      await registry.stop();
    }
    return rows;
  },
};

function rowOf(name: string, one: Seen, seen: Seen): Row {
  return {
    ...{ name, latencyMs, peer: "berth with 25 images, alone" },
    ...{ peerTimes: one.times, berthTimes: seen.times, requests: seen.requests, goal: undefined },
    note: `each at most ${seen.megabytes.toFixed(0)} MB; ${seen.registrySeconds.toFixed(2)} s of a processor in the registry for all`,
  };
}

/** Runs `ensure` in so many processes at once. */
async function atOnce(
  pipelines: number,
  berth: string,
  { host, project, cwd }: Stand,
  registry: DockerRegistry,
): Promise<Seen> {
  const where = ["--registry", `${host}/${project}`];
  const args = [berth, "ensure", ...where];
  const ensure = () => memoryOf({ args, cwd, env: { CI: "true" } });
  const before = { asked: registry.log().length, seconds: await secondsOf(registry.pid) };
  const all = await Promise.all(Array.from({ length: pipelines }, ensure));
  return {
    times: all.map(({ took }) => took),
    requests: (registry.log().length - before.asked) / pipelines,
    megabytes: Math.max(...all.map(({ megabytes }) => megabytes)),
    registrySeconds: (await secondsOf(registry.pid)) - before.seconds,
  };
}

/** What a process has had of processors so far (proc(5): stat, utime and stime, in hundredths). */
async function secondsOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
