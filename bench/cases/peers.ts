/** Beside crane and regctl as fast as they can be made: eight at a time, where no login is asked for. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { distribution } from "../../test/support/distribution.ts";
import { type DockerRegistry, startDockerRegistry } from "../../test/support/docker-registry.ts";
import { ownTags } from "../../src/image/key.ts";
import { type Case, type Row, timesFaster } from "../case.ts";
import { eightAtATime, peerPrograms } from "../eight.ts";
import { type Command, inTurns, timeOf } from "../measure.ts";
import { jobEnvironment } from "../registry.ts";
import { forget, openStand, type Stand } from "../stand.ts";

const latencyMs = 40;

interface Kind {
  readonly name: string;
  readonly command: "ensure" | "publish";
  readonly isFork: boolean;
  readonly goal: number;
  /** What berth's time is made of, where more requests at once would not make it shorter. */
  readonly floor: string;
  /** What each peer does for one image: words of a shell, `$from` and `$to` being references. */
  readonly peers: Readonly<Record<string, string>>;
}

const digests = { crane: "crane digest --insecure $from", regctl: "regctl image digest $from" };
const copies = {
  crane: "crane copy --insecure $from $to",
  regctl: "regctl image copy $from $to",
};

const kinds: readonly Kind[] = [
  {
    ...{ name: "nothing changed, 25 images", command: "ensure", isFork: false, goal: 2.5 },
    floor: "a bare Node script with the same two requests takes most of it (row above)",
    peers: digests,
  },
  {
    ...{ name: "retag 25 images", command: "publish", isFork: false, goal: 4 },
    floor: "four rounds wait for each other, 160 ms, of which a quarter of regctl's time would leave nothing: the first request, which learns whether a login is asked for, the other manifests, the tags, the record; before the first Node, its http and berth start",
    peers: { ...copies, crane: "crane tag --insecure $from set" },
  },
  {
    ...{ name: "fork's first run by mounts, 25 images of 8 blobs", command: "ensure", isFork: true },
    ...{ goal: 4, peers: copies },
    floor: "fourteen rounds wait for each other, 560 ms, more than a quarter of either peer's time: two records, whether anything is there yet, manifests, 225 mounts and tags at 32 a time (8), the set's tags, its record; Node's http takes 1 to 2 ms of a processor for each request besides",
  },
];

export const besidePeers: Case = {
  name: "beside crane and regctl",
  async run({ quick, berth }) {
    const programs = await peerPrograms();
    const registry = await startDockerRegistry({ delete: true, program: await distribution() });
    const configuration = "reference: own-tag\n";
    const stand = await openStand(registry, { images: 25, latencyMs, berth, configuration });
    const home = await mkdtemp(join(tmpdir(), "berth-bench-home-"));
    const options: Options = { registry, stand, berth, rounds: quick ? 1 : 5, ...{ home, programs } };
    try {
      const hosts = { [stand.host]: { tls: "disabled", hostname: stand.host } };
      await writeFile(join(home, "regctl.json"), JSON.stringify({ hosts }));
      const rows: Row[] = [];
      for (const kind of kinds) {
        for (const peer of Object.keys(kind.peers)) rows.push(await measure(kind, peer, options));
      }
      return rows;
    } finally {
      await stand.close();
      await registry.stop();
      await rm(home, { recursive: true, force: true });
    }
  },
};

interface Options {
  readonly registry: DockerRegistry;
  readonly stand: Stand;
  readonly berth: string;
  readonly rounds: number;
  readonly home: string;
  readonly programs: string;
}

let forks = 0;

async function measure(kind: Kind, peer: string, options: Options): Promise<Row> {
  const { registry, stand, rounds } = options;
  const paths = [...stand.images.map(({ name }) => name), "berth"];
  let requests = 0;
  const berth = async () => {
    // A fork that has nothing is a new one each time: a registry of this kind deletes no repository.
    if (kind.isFork) forks++;
    const inJob = job(kind, options);
    if (kind.command === "publish") {
      await forget(registry, paths.map((path) => `${stand.project}/${path}`), ownTags.set(""));
      await timeOf({ ...inJob, args: [options.berth, "plan"] });
    }
    const before = registry.log().length;
    const took = await timeOf(inJob);
    requests = registry.log().length - before;
    return took;
  };
  const others = async () => {
    if (kind.isFork) forks++;
    return timeOf(peerJob(kind, kind.peers[peer] ?? "", options));
  };
  const times = await inTurns(rounds, others, berth);
  return {
    ...{ name: `${kind.name}, beside ${peer}`, latencyMs, peer: `${peer} under xargs -P 8` },
    ...{ ...times, requests, goal: timesFaster(kind.goal) },
    note: `Distribution 3 without a login; the peer's command for one image: ${kind.peers[peer]}; ${kind.floor}`,
  };
}

const forkProject = (): string => `contributor-${forks}/project`;

function job({ isFork, command }: Kind, { stand, berth }: Options): Command {
  const place = { host: stand.host, realm: `http://${stand.host}` };
  const own = isFork ? forkProject() : stand.project;
  const upstream = isFork ? { BERTH_UPSTREAM: stand.project, CI_PROJECT_ID: `${100 + forks}` } : {};
  return {
    command: process.execPath,
    args: [berth, command],
    cwd: stand.cwd,
    env: { ...jobEnvironment(place, own), ...upstream },
  };
}

function peerJob({ isFork }: Kind, words: string, options: Options): Command {
  const { stand, home, programs } = options;
  const to = isFork ? forkProject() : stand.project;
  const lines = stand.images.map(({ name, tag }) => {
    const from = `${stand.host}/${stand.project}/${name}:${tag}`;
    return words.replace("$from", from).replace("$to", `${stand.host}/${to}/${name}:set`);
  });
  const { env, ...command } = eightAtATime(lines, programs, home);
  const own = { HOME: home, DOCKER_CONFIG: home, REGCTL_CONFIG: join(home, "regctl.json") };
  return { ...command, env: { ...env, ...own } };
}
