/** Pipelines in this process against one registry in memory. */
import { situationOf } from "../../src/plan/situation.ts";
import type { Fetch } from "../../src/world.ts";
import { client } from "../registry/clients.ts";
import { type Flow, type FlowOptions, run } from "../support/flow.ts";
import { config, jobEnv } from "../support/keyed.ts";
import type { MemoryRegistry } from "../support/memory-registry.ts";
import { lacksOf, tagOf } from "./checks.ts";

export const project = "qemu-project/qemu";
export const one: Readonly<Record<string, string>> = { only: "FROM scratch\nRUN make\n" };

export interface PipelineOptions extends Pick<FlowOptions, "dockerfiles"> {
  readonly fetch: Fetch;
  readonly revision?: string;
  readonly onBuild?: NonNullable<FlowOptions["onBuild"]>;
}

export function runAt(
  { host }: MemoryRegistry,
  { fetch, dockerfiles, revision = "c1", onBuild = () => undefined }: PipelineOptions,
): Promise<Flow> {
  const all = config();
  const env = { ...jobEnv(project), CI_REGISTRY: host, CI_REGISTRY_IMAGE: `${host}/${project}` };
  return run({
    registry: client(undefined, { fetch }),
    situation: situationOf(env, all, undefined),
    config: all,
    dockerfiles,
    revision,
    onBuild,
  });
}

export const setOf = ({ plan }: Flow) => ({ id: plan.set.id, images: plan.images });

export function empty(memory: MemoryRegistry): void {
  memory.repositories.clear();
  memory.blobs.clear();
  memory.log.length = 0;
  memory.requests.length = 0;
}

/** What is lacking of the images that a pipeline handed on, in outcomes and variables. */
export function brokenReferences(memory: MemoryRegistry, flow: Flow): readonly string[] {
  const outcomes = flow.outcomes.map(({ reference }) => reference ?? "none");
  const images = /^[^/]+\/([^@:]+)(?::([^@]+))?(?:@(.+))?$/;
  const variables = Object.entries(flow.plan.variables).flatMap(([name, value]) =>
    /_IMAGE_/.test(name) ? [value] : [],
  );
  return [...outcomes, ...variables].flatMap((reference) => {
    const [, path = "", tag = "", digest] = images.exec(reference) ?? [];
    const lacks = lacksOf(memory, path, digest ?? tagOf(memory, path, tag) ?? "no tag");
    return lacks.map((lack) => `${reference}: ${lack}`);
  });
}
