/** Projects whose pipelines run in memory against one registry, which is empty before each test. */
import { after, beforeEach } from "node:test";
import type { Config } from "../../src/config/config.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import type { MergeHistory } from "../../src/plan/freshness.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { type Promotion, promote } from "../../src/publish/promote.ts";
import type { Fetch } from "../../src/world.ts";
import { client } from "../registry/clients.ts";
import type { Flow, FlowOptions } from "./flow.ts";
import { config, jobEnv } from "./keyed.ts";
import { type Fault, type MemoryRegistry, startMemoryRegistry } from "./memory-registry.ts";

/** What is not as in a pipeline of the default branch. */
export interface Job extends Partial<FlowOptions> {
  readonly settings?: Partial<Config>;
  readonly env?: Readonly<Record<string, string>>;
  /** How the registry is reached; it may hold requests. */
  readonly fetch?: Fetch;
}

export interface Move {
  readonly tag?: string;
  /** Revisions are in the order of their names where it is not given. */
  readonly isAncestor?: MergeHistory["isAncestor"];
  readonly now?: Date;
  readonly owner?: string;
  readonly fetch?: Fetch;
}

export interface Projects {
  readonly memory: MemoryRegistry;
  /** What becomes of requests for the rest of a test. */
  fault: ((method: string, path: string) => Fault | undefined) | undefined;
  /** A job of a project, to plan or run; all are of `qemu-project` or its forks. */
  job(project: string, job?: Job): FlowOptions;
  promote(project: string, flow: Pick<Flow, "plan">, how?: Move): Promise<Promotion>;
  /** The tags of a repository, in their order. */
  tagsIn(path: string): readonly string[];
  /** Method and path of the requests since the last time. */
  requests(): readonly string[];
  /** The digest of a tag. */
  tagged(path: string, tag: string): string | undefined;
  /** The requests since the log was cleared that put something. */
  puts(): readonly string[];
  /** Empties the registry, as before each test. */
  clear(): void;
}

/** Opens the projects of a suite, which awaits them. */
export async function openProjects(): Promise<Projects> {
  const memory = await startMemoryRegistry({
    fault: ({ method, path }) => projects.fault?.(method, path),
  });
  const projects: Projects = {
    memory,
    fault: undefined,
    job(project, { settings, env, fetch, ...change } = {}) {
      const all = config({ upstream: "qemu-project", ...settings });
      const own = { CI_REGISTRY: memory.host, CI_REGISTRY_IMAGE: `${memory.host}/${project}` };
      const situation = situationOf({ ...jobEnv(project, env), ...own }, all, undefined);
      const registry = clientBy(fetch);
      return { registry, situation, config: all, dockerfiles: {}, ...change };
    },
    promote(project, { plan }, how = {}) {
      const { tag = "latest", isAncestor, now = new Date(0), owner, fetch } = how;
      const base = parseRepository(`${memory.host}/${project}`);
      const inOrder: MergeHistory["isAncestor"] = async (one, other) => one < other;
      return promote(
        { plan, base, registry: clientBy(fetch), now },
        tag,
        isAncestor ?? inOrder,
        owner,
      );
    },
    tagsIn: (path) => [...(memory.repositories.get(path)?.tags.keys() ?? [])].sort(),
    requests: () => memory.log.splice(0),
    tagged: (path, tag) => memory.repositories.get(path)?.tags.get(tag),
    puts: () => memory.log.filter((line) => line.startsWith("PUT")),
    clear() {
      memory.repositories.clear();
      memory.blobs.clear();
      memory.log.length = 0;
      memory.requests.length = 0;
    },
  };
  after(() => memory.stop());
  beforeEach(() => {
    projects.clear();
    projects.fault = undefined;
  });
  return projects;
}

function clientBy(fetch: Fetch | undefined) {
  return client(undefined, fetch === undefined ? {} : { fetch });
}
