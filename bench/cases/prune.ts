/** Planning a prune of very many tags, and deleting some: requests, memory, and time beside the bare requests and crane. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MemoryRegistry, startMemoryRegistry } from "../../test/support/memory-registry.ts";
import { compiledBundle } from "../bundle.ts";
import { atMost, type Case, type Goal, type Row, timesFaster } from "../case.ts";
import { eightAtATime, peerPrograms } from "../eight.ts";
import { inTurns, memoryOf, timeOf } from "../measure.ts";
import { tagsOf } from "../many-tags.ts";

const bare = join(import.meta.dirname, "../prune-bare.mjs");
const repositories = 20;
const parent = "group/project";

/** What a run of berth's asked for, and what it tells of itself. */
interface Told {
  readonly requests: number;
  readonly planned: number;
  readonly megabytes: number;
}

interface Kind {
  readonly name: string;
  readonly latencyMs: number;
  /** In each repository. */
  readonly tags: number;
  readonly doomed: number;
  readonly peer: "Node script, same requests" | "crane under xargs -P 8";
  readonly goal: (told: () => Told) => Goal;
}

const many = { tags: 5000, doomed: 100, peer: "Node script, same requests" } as const;
const crane = { latencyMs: 40, tags: 1000, peer: "crane under xargs -P 8" } as const;
const asked = repositories * (5 + many.doomed);

const kinds: readonly Kind[] = [
  {
    ...{ name: "20 repositories of 5000 tags, 2000 deleted", latencyMs: 0, ...many },
    goal: (told) => ({
      text: `${asked} requests, under 150 MB`,
      isMet: () => told().requests === asked && told().megabytes < 150,
    }),
  },
  {
    ...{ name: "20 repositories of 5000 tags, 2000 deleted", latencyMs: 40, ...many },
    goal: (told) => ({ text: "planned in 1.6 s", isMet: () => told().planned <= 1600 }),
  },
  { name: "list 20 repositories of 1000 tags", doomed: 0, ...crane, goal: () => atMost(1, "at least as fast") },
  { name: "list them, delete 1000", doomed: 50, ...crane, goal: () => timesFaster(6) },
];

export const pruneManyTags: Case = {
  name: "prune of many tags",
  async run({ quick }) {
    const folder = await mkdtemp(join(tmpdir(), "berth-bench-prune-"));
    try {
      const program = await compiledBundle(folder, "./bench/prune-many.ts");
      const programs = await peerPrograms();
      const rows: Row[] = [];
      for (const kind of kinds) rows.push(await measure(kind, { folder, program, programs, quick }));
      return rows;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Place {
  readonly folder: string;
  /** Plans and deletes. */
  readonly program: string;
  /** Where crane is. */
  readonly programs: string;
  readonly quick: boolean;
}

async function measure(kind: Kind, { folder, program, programs, quick }: Place): Promise<Row> {
  const { name, latencyMs, peer, doomed, goal } = kind;
  const registry = await startMemoryRegistry({ latencyMs });
  const args = (script: string) => [script, registry.host, `${repositories}`, `${doomed}`];
  const other =
    peer === many.peer
      ? { command: process.execPath, args: args(bare), cwd: folder }
      : eightAtATime(withCrane(registry.host, kind), programs, folder);
  let told: Told = { requests: 0, planned: 0, megabytes: 0 };
  try {
    const times = await inTurns(
      quick ? 1 : 3,
      () => {
        fill(registry, kind);
        return timeOf(other);
      },
      async () => {
        fill(registry, kind);
        const process = { args: args(program), cwd: folder };
        const { took, output, megabytes } = await memoryOf(process);
        const planned = Number(/^planned in (\d+) ms$/m.exec(output)?.[1]);
        const most = Math.max(told.megabytes, megabytes);
        told = { requests: registry.log.length, planned, megabytes: most };
        return took;
      },
      false,
    );
    const { requests, planned, megabytes } = told;
    const note = `planned in ${Math.round(planned)} ms; at most ${Math.round(megabytes)} MB`;
    return { name, latencyMs, peer, ...times, requests, goal: goal(() => told), note };
  } finally {
    await registry.stop();
  }
}

/** Gives a registry all tags anew, and forgets what it was asked. */
function fill(registry: MemoryRegistry, { tags, doomed }: Kind): void {
  for (let index = 0; index < repositories; index++) {
    const names = tagsOf(tags, doomed).map((name) => [name, "sha256:0"] as const);
    registry.repositories.set(`${parent}/image-${index}`, {
      blobs: new Set(),
      manifests: new Map(),
      tags: new Map(names),
    });
  }
  registry.log.length = 0;
  registry.requests.length = 0;
}

/** Lists each repository, and deletes what is doomed. */
function withCrane(host: string, { tags, doomed }: Kind): readonly string[] {
  const paths = Array.from({ length: repositories }, (_, index) => `${host}/${parent}/image-${index}`);
  const gone = tagsOf(tags, doomed).filter((tag) => /-r\d+$/.test(tag));
  return [
    ...paths.map((path) => `crane --insecure ls --full-ref ${path}`),
    ...paths.flatMap((path) => gone.map((tag) => `crane --insecure delete ${path}:${tag}`)),
  ];
}
