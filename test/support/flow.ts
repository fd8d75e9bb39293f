/** A whole run in memory: keys, plan, builds by an engine that pushes small images, publishing. */

import assert from "node:assert/strict";
import { lookUpBase } from "../../src/build/bases.ts";
import { deriveAll, newBase } from "../../src/build/derive.ts";
import type { BuildRequest, Engine } from "../../src/build/engine.ts";
import { execute, runParentsFirst } from "../../src/build/execute.ts";
import { isFatal, manifestsOf, type Outcome } from "../../src/build/outcome.ts";
import type { Tools } from "../../src/build/tools.ts";
import { sightedManifests } from "../../src/cli/folder.ts";
import type { Config } from "../../src/config/config.ts";
import { BerthError } from "../../src/errors.ts";
import { realFiles } from "../../src/host/files.ts";
import { unpackTar } from "../../src/host/unpack.ts";
import type { Spool } from "../../src/image/contexts.ts";
import { identify } from "../../src/image/identify.ts";
import type { Image } from "../../src/image/image.ts";
import { refuseForeign } from "../../src/plan/asked.ts";
import type { MergeHistory } from "../../src/plan/freshness.ts";
import { configOf } from "../../src/plan/make.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { type Planned, type Planning, planOf as planFrom } from "../../src/plan/plan-of.ts";
import { announceRun } from "../../src/plan/rights.ts";
import { ownBase, type Situation } from "../../src/plan/situation.ts";
import { type Published, publishSet } from "../../src/publish/set.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { pushImage, testImage } from "../registry/clients.ts";
import { declaredImage } from "./keyed.ts";
import { type MemoryFile, memoryTree } from "./tree.ts";

/** When runs happen that do not say. */
export const flowTime = new Date("2026-11-20T12:00:00Z");

export function hoursLater(hours: number): Date {
  return new Date(flowTime.getTime() + hours * 60 * 60 * 1000);
}

export interface FlowOptions {
  readonly registry: Registry;
  readonly situation: Situation;
  readonly config: Config;
  /** Dockerfiles by image name. */
  readonly dockerfiles: Readonly<Record<string, string>>;
  readonly change?: (image: Image) => Image;
  readonly revision?: string;
  /** What git knows of a merge; nothing where not given. */
  readonly history?: MergeHistory;
  /** What changed in images that are nowhere; nothing where not given. */
  readonly changes?: Planning["changes"];
  /** The time of planning and building. */
  readonly now?: Date;
  /** Files beside the Dockerfiles. */
  readonly context?: Readonly<Record<string, MemoryFile>>;
  /** What really builds; where not given, something small is pushed for each build. */
  readonly engine?: Engine;
  /** Variables that secrets are read from; none where not given. */
  readonly machineEnv?: Readonly<Record<string, string>>;
  /** Called at each build of the latter, before anything is pushed. */
  readonly onBuild?: (request: BuildRequest) => Promise<void> | void;
  /** Called at the end of each build's section of the log. */
  readonly onEnd?: (isFailed: boolean | undefined) => void;
}

export interface Flow {
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
  readonly published: Published | undefined;
  readonly built: readonly string[];
}

/** The digest that an image of a flow ended at. */
export function digestOf({ outcomes }: Flow, name: string): string | null | undefined {
  return outcomes.find((outcome) => outcome.name === name)?.digest;
}

export async function planOf(options: FlowOptions, spool?: Spool) {
  const { registry, situation, config, dockerfiles, change = (image: Image) => image } = options;
  const texts = Object.entries(dockerfiles).map(([name, text]) => [`${name}.docker`, text]);
  const tree = memoryTree({ ...options.context, ...Object.fromEntries(texts) });
  const images = Object.keys(dockerfiles).map((name) => change(declaredImage(name)));
  const parentOf = (reference: string): string | undefined =>
    /^qemu\/([a-z0-9-]+)$/.exec(reference)?.[1];
  const state = { revision: options.revision ?? "c0ffee", dirty: [] };
  const planned = await planFrom({
    config,
    situation,
    env: {},
    images,
    registry,
    now: options.now ?? flowTime,
    identify: () => identify(images, tree, { parentOf, spool }),
    filesState: async () => state,
    history: options.history ?? {
      target: async () => undefined,
      isAncestor: async () => undefined,
    },
    changes: options.changes ?? (async () => new Map()),
  });
  // Whatever is planned, the jobs that carry it out take it for what they would write themselves.
  refuseForeign(planned.plan, planned.situation, configOf(config));
  return planned;
}

/** Plans, executes and, where nothing failed, publishes. */
export async function run(options: FlowOptions): Promise<Flow> {
  const contexts = await realFiles().temporary("berth-flow-");
  try {
    return await runWith(options, async (name) => {
      const path = `${contexts.path}/${name}.tar`;
      return { path, sink: realFiles().writer(path) };
    });
  } finally {
    await contexts.remove();
  }
}

async function runWith(options: FlowOptions, spool: Spool): Promise<Flow> {
  const { registry } = options;
  const { plan, situation, identified, observation } = await planOf(options, spool);
  const built: string[] = [];
  const engine = options.engine ?? pushingEngine(registry, built, options.onBuild);
  const tools: Tools = {
    task: { plan, materials: identified.materials, manifests: sightedManifests(observation) },
    registry,
    situation,
    engine: async () => engine,
    machine: {
      files: realFiles(),
      root: "/",
      env: options.machineEnv ?? {},
      platform: "linux/amd64",
      unpack: unpackTar,
    },
    logins: { authFile: async () => "{}", insecureHosts: [] },
    clock: { now: () => options.now ?? flowTime, sleep: async () => undefined },
    log: {
      info: () => undefined,
      warn: () => undefined,
      section: () => ({ line: () => undefined, end: options.onEnd ?? (() => undefined) }),
    },
    base: (name, platform) => lookUpBase(name, platform, registry),
    isNew: newBase(situation.own, registry),
  };
  if (situation.own !== undefined) announceRun(plan, situation.own, registry);
  const ended = await runParentsFirst(plan.images, 2, (image, parents) =>
    execute(image, parents, tools),
  );
  const outcomes = ended.map(({ outcome }) => outcome);
  const now = new Date((options.now ?? flowTime).getTime() + 1000);
  const published = outcomes.some(isFatal)
    ? undefined
    : await publishSet(
        { plan, situation, base: ownBase(situation), registry, now },
        manifestsOf(ended),
      );
  return { plan, outcomes, published, built };
}

/** Makes what needs no engine, as the job that publishes does. */
export function derive({ registry }: FlowOptions, { plan, situation }: Planned) {
  const clock = { now: () => flowTime, sleep: async () => undefined };
  const task = { plan, manifests: new Map() };
  return deriveAll({ task, registry, situation, clock, isNew: async () => true });
}

let builds = 0;

/** Pushes an image of two layers for each build; a Dockerfile with `RUN false` fails. */
function pushingEngine(
  registry: Registry,
  built: string[],
  onBuild: FlowOptions["onBuild"],
): Engine {
  return {
    name: "buildah",
    check: async () => "1.0",
    async build(request) {
      await onBuild?.(request);
      request.onLine(`STEP of ${request.name}`);
      if (request.dockerfile.includes("RUN false"))
        throw new BerthError("BUILD_FAILED", `build ${request.name}: exit code 1`);
      builds += 1;
      const image = testImage(`${request.dockerfile} ${builds}`);
      await pushImage(
        registry,
        { host: request.destination.host, path: request.destination.path },
        image,
        request.destination.tag ?? "",
      );
      built.push(request.name);
      return image.manifest.descriptor.digest;
    },
    here: {
      has: () => assert.fail("all of it is in registries"),
      build: () => assert.fail("all of it is pushed"),
    },
  };
}
