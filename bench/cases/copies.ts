/** Tags and copies of metadata: retagging a set, and a fork's first run, beside skopeo in a loop. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testPassword, testUser } from "../../test/support/token-service.ts";
import { type Case, type Row, timesFaster } from "../case.ts";
import { inTurns, timeOf } from "../measure.ts";
import { ensure, openShelf, type Shelf, upstream } from "../shelf.ts";

const fork = "contributor/project";

interface Kind {
  readonly name: string;
  readonly project: string;
  readonly layers: number;
  readonly variables: Record<string, string>;
  /** `publish` does no more than to tag what a plan says; `ensure` looks, copies and tags. */
  readonly command: "publish" | "ensure";
}

const kinds: readonly Kind[] = [
  { name: "retag 25 images", project: upstream, layers: 2, variables: {}, command: "publish" },
  {
    name: "fork's first run by mounts, 25 images of 8 blobs",
    project: fork,
    layers: 7,
    variables: { BERTH_UPSTREAM: upstream, CI_PROJECT_ID: "2" },
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
  const configuration = `reference: classic\n`;
  const shelf = await openShelf(berth, latencyMs, kind.layers, configuration);
  const inJob = ensure(berth, shelf, kind.project, kind.variables);
  const command = { ...inJob, args: [berth, kind.command] };
  // Enough for a median; skopeo's time is the same for every image.
  const measured = latencyMs === 0 ? 25 : 5;
  const forget = () => shelf.registry.send({ kind: "forget", below: `${fork}/`, tags: "set-" });
  try {
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
    const times = await inTurns(quick ? 1 : 3, peer, one, false);
    return {
      name: kind.name,
      latencyMs,
      peer: "skopeo copy in a loop",
      ...times,
      requests: requests.length,
      goal: latencyMs === 40 ? timesFaster(40) : undefined,
      note: [
        `berth ${kind.command} asked ${summary(requests)}`,
        ...(measured === 25 ? [] : [`skopeo copied ${measured} images, times ${25 / measured}`]),
      ].join("; "),
    };
  } finally {
    await shelf.close();
  }
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
      const from = `docker://${registry.host}/${upstream}/${name}:key-${key}`;
      const to = `docker://${registry.host}/${project}/${name}:set-by-skopeo`;
      const env = { HOME: home, XDG_RUNTIME_DIR: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home };
      total += await timeOf({ command: "skopeo", args: [...flags, from, to], cwd: home, env });
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
  return total;
}
