/** Tags and copies of metadata: retagging a set, and a fork's first run, beside skopeo in a loop. */
import { ownTags } from "../../src/image/key.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testPassword, testUser } from "../../test/support/token-service.ts";
import type { Case, Goal, Row } from "../case.ts";
import { inTurns, timeOf } from "../measure.ts";
import { ensure, openShelf, type Shelf, type ShelfImages, upstream } from "../shelf.ts";

const fork = "contributor/project";

interface Kind {
  readonly name: string;
  readonly project: string;
  readonly images: ShelfImages;
  /** Images that skopeo copies; its time is the same for every one. */
  readonly measured: number;
  readonly variables: Record<string, string>;
  /** The most that berth may ask for. */
  readonly requests: number;
  /** `publish` does no more than to tag what a plan says; `ensure` looks, copies and tags. */
  readonly command: "publish" | "ensure";
}

const forkVariables = { BERTH_UPSTREAM: upstream, CI_PROJECT_ID: "2" };

const kinds: readonly Kind[] = [
  {
    name: "retag 25 images",
    project: upstream,
    images: { layers: 2 },
    measured: 5,
    variables: {},
    requests: 56,
    command: "publish",
  },
  {
    name: "fork's first run by mounts, 25 images of 8 blobs, 106 MB",
    project: fork,
    images: { layers: 7, large: 3, layerBytes: 15_140_000 },
    measured: 3,
    variables: forkVariables,
    requests: 270,
    command: "ensure",
  },
  {
    name: "fork's first run by mounts, 25 images of 8 blobs, empty",
    project: fork,
    images: { layers: 7 },
    measured: 5,
    variables: forkVariables,
    requests: 270,
    command: "ensure",
  },
];

export const copies: Case = {
  name: "retag and fork's first run",
  async run({ quick, berth }) {
    const rows: Row[] = [];
    for (const kind of kinds) {
      for (const latencyMs of [0, 40]) rows.push(await measure(kind, latencyMs, quick, berth));
    }
    return rows;
  },
};

async function measure(kind: Kind, latencyMs: number, quick: boolean, berth: string): Promise<Row> {
  const shelf = await openShelf(berth, latencyMs, kind.images, "reference: own-tag\n");
  const inJob = ensure(berth, shelf, kind.project, kind.variables);
  const command = { ...inJob, args: [berth, kind.command] };
  const { measured } = kind;
  // A fork's upstream has published its set; a retag is what publishes it.
  const tags = kind.command === "publish" ? ownTags.set("") : "none";
  const forget = () => shelf.registry.send({ kind: "forget", below: `${fork}/`, tags });
  try {
    await timeOf(ensure(berth, shelf, upstream));
    const one = async () => {
      await forget();
      if (kind.command === "publish") await timeOf({ ...inJob, args: [berth, "plan"] });
      await shelf.registry.send({ kind: "requests" });
      return timeOf(command);
    };
    await one();
    const { requests = [] } = await shelf.registry.send({ kind: "requests" });
    const peer = async () => {
      await forget();
      return (await skopeo(shelf, kind.project, measured)) * (25 / measured);
    };
    const times = await inTurns(quick ? 1 : 5, peer, one, false);
    return {
      name: kind.name,
      latencyMs,
      peer: "skopeo copy in a loop",
      ...times,
      requests: requests.length,
      goal: latencyMs === 0 ? undefined : fastIn(kind.requests, requests.length),
      note: [
        `berth ${kind.command} asked ${summary(requests)}`,
        `skopeo copied ${measured} images, times 25 / ${measured}`,
        ...(kind.command === "ensure" ? [leastForMounts] : []),
      ].join("; "),
    };
  } finally {
    await shelf.close();
  }
}

const leastForMounts =
  "276 of them are what the protocol needs: a manifest, eight mounts and two tags for each of 25 images, and the set record; the eight others are three tokens, two looks for a record, one whether anything is there yet, and two mounts of the record's blobs";

function fastIn(most: number, asked: number): Goal {
  return {
    text: `at least 12 x faster, at most ${most} requests`,
    isMet: (peerMs, berthMs) => peerMs >= 12 * berthMs && asked <= most,
  };
}

function summary(requests: readonly string[]): string {
  const kinds = Map.groupBy(requests, (request) => {
    const [method, path = ""] = request.split(" ");
    const area = /\/(manifests|blobs\/uploads|blobs)\//.exec(path)?.[1];
    return area === undefined ? `${method}` : `${method} ${area}`;
  });
  return [...kinds].map(([kind, { length }]) => `${length} x ${kind}`).join(", ");
}

/** Copies one after the other, each run of the loop with a home of its own and so no memory of blobs. */
async function skopeo({ registry, images }: Shelf, project: string, count: number) {
  const home = await mkdtemp(join(tmpdir(), "berth-bench-home-"));
  const login = `${testUser}:${testPassword}`;
  const flags = [
    "--insecure-policy",
    "copy",
    "--quiet",
    "--src-tls-verify=false",
    "--dest-tls-verify=false",
    `--src-creds=${login}`,
    `--dest-creds=${login}`,
  ];
  let total = 0;
  try {
    for (const { name, key } of images.slice(0, count)) {
      const from = `docker://${registry.host}/${upstream}/${name}:${ownTags.key(key)}`;
      const to = `docker://${registry.host}/${project}/${name}:set-by-skopeo`;
      // As root skopeo would remember in /var/lib where blobs are; a job's machine is a new one.
      const cold = { _CONTAINERS_ROOTLESS_UID: "1000", XDG_DATA_HOME: home, XDG_CACHE_HOME: home };
      const env = { HOME: home, XDG_RUNTIME_DIR: home, ...cold };
      total += await timeOf({ command: "skopeo", args: [...flags, from, to], cwd: home, env });
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
  return total;
}
