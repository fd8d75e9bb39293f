/** Carries out decisions, and publishes what came of them; for all commands that build. */
import { lookUpBase } from "../build/bases.ts";
import { buildah } from "../build/buildah.ts";
import { newBase } from "../build/derive.ts";
import { docker } from "../build/docker.ts";
import { chooseEngine, type Engine } from "../build/engine.ts";
import { execute, type ParentOutcomes, runParentsFirst } from "../build/execute.ts";
import { buildHere, type Here } from "../build/here.ts";
import { type Carried, type Ended, isFatal, manifestsOf, type Outcome } from "../build/outcome.ts";
import type { BaseFacts, Task, Tools } from "../build/tools.ts";
import { unpackTar } from "../host/unpack.ts";
import { parseReference, printReference, withDigest } from "../oci/reference.ts";
import { isBuilt } from "../plan/decision.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Planned } from "../plan/plan-of.ts";
import { announceRun } from "../plan/rights.ts";
import { ownBase } from "../plan/situation.ts";
import { type Published, publishSet } from "../publish/set.ts";
import { type OutputFolder, sightedManifests, writeOutcomes } from "./folder.ts";
import { refuseDirty, type Session } from "./session.ts";
import { type BuildOptions, engineOf } from "./verb.ts";

/** Makes all images of a plan be there, then tags and records the set, unless one of them failed or is left. */
export async function buildAndPublish(
  session: Session,
  options: BuildOptions & { readonly build: boolean },
  { plan, identified, observation }: Planned,
  folder: OutputFolder,
): Promise<Carried> {
  const { world, situation, login } = session;
  const { registry } = login;
  const base = ownBase(situation);
  refuseDirty("publish", plan.dirty, options);
  const { materials } = identified;
  const task = { plan, materials, manifests: sightedManifests(observation) };
  announceRun(plan, base, registry);
  const left = options.build ? [] : plan.images.filter(({ decision }) => isBuilt(decision));
  const images = plan.images.filter((image) => !left.includes(image));
  const ended = await carryOut(images, task, session, options);
  const outcomes = ended.map(({ outcome }) => outcome);
  await writeOutcomes(folder, plan, outcomes);
  if (left.length > 0) return { outcomes, left: left.map(({ name }) => name) };
  if (outcomes.some(isFatal)) return { outcomes };
  const now = world.clock.now();
  const published = await publishSet({ plan, situation, base, registry, now }, manifestsOf(ended));
  const settled = outcomes.map((outcome) => adoptedSince(outcome, published.adopted));
  if (published.adopted.size > 0) await writeOutcomes(folder, plan, settled);
  return { outcomes: settled, record: published.record };
}

/** An outcome as the set was published, where another pipeline moved the key's tag after the build. */
function adoptedSince(outcome: Outcome, adopted: Published["adopted"]): Outcome {
  const digest = adopted.get(outcome.name);
  if (digest === undefined || outcome.reference === null) return outcome;
  const reference = printReference(withDigest(parseReference(outcome.reference), digest));
  return { ...outcome, result: "adopted", reference, digest };
}

/** Makes images of the task be there; tells of each how it ended. */
export function carryOut(
  images: readonly PlannedImage[],
  task: Task,
  session: Session,
  options: BuildOptions,
): Promise<readonly Ended[]> {
  const tools = makeTools(task, session, options);
  return inOrder(images, session, (image, parents) => execute(image, parents, tools));
}

/** What builds for the program that runs containers here. */
export function engineHere(session: Session, program: "docker" | "podman"): Engine {
  const { docker, podman } = enginesOf(session);
  return program === "docker" ? docker : podman;
}

export interface HereWith extends Here {
  readonly engine: Engine;
}

/** Makes images be there for this machine alone; the first failure ends it. */
export function carryOutHere(
  images: readonly PlannedImage[],
  task: Task,
  session: Session,
  here: HereWith,
): Promise<readonly Ended[]> {
  const tools = { ...makeTools(task, session, {}), engine: async () => here.engine };
  return inOrder(images, session, (image, parents) => buildHere(image, parents, tools, here));
}

/** Does the work of each image after that of its parents. */
function inOrder(
  images: readonly PlannedImage[],
  { world, project }: Session,
  work: (image: PlannedImage, parents: ParentOutcomes) => Promise<Ended>,
): Promise<readonly Ended[]> {
  // From here on a signal ends the builds first, and then the process, so that the terminal is left in order.
  if (images.some(({ decision }) => isBuilt(decision))) world.guard();
  return runParentsFirst(images, project.config.parallel, work);
}

/** Tools whose engine, logins and base facts are found when they are first needed, and then kept. */
function makeTools(task: Task, session: Session, options: Pick<BuildOptions, "engine">): Tools {
  const { world, login, situation } = session;
  const { files, env, clock, log, platform } = world;
  const bases = new Map<string, Promise<BaseFacts>>();
  let engine: Promise<Engine> | undefined;
  return {
    task,
    situation,
    registry: login.registry,
    engine: () => {
      engine ??= findEngine(session, options);
      return engine;
    },
    machine: { files, root: session.project.git.root, env, platform, unpack: unpackTar },
    logins: {
      authFile: async (hosts) => (await login.credentials()).authFileFor(hosts),
      insecureHosts: login.insecureHosts,
    },
    clock,
    log,
    base: (name, platform) => {
      const id = `${platform} ${name}`;
      const known = bases.get(id) ?? lookUpBase(name, platform, login.registry);
      bases.set(id, known);
      return known;
    },
    isNew: newBase(situation.own, login.registry),
  };
}

function findEngine(session: Session, options: Pick<BuildOptions, "engine">): Promise<Engine> {
  const { world, project } = session;
  return chooseEngine(engineOf(options.engine, project.config, world.env), enginesOf(session));
}

function enginesOf({ world, project }: Session) {
  const { run, files, clock, env } = world;
  // A signal must end the programs that a build starts.
  world.guard();
  const network = env[`${project.config.prefix}_BUILD_NETWORK`] || undefined;
  const shared = { run, files, clock, env, network };
  return {
    buildah: buildah(shared),
    docker: docker(shared),
    podman: buildah({ ...shared, command: "podman" }),
  };
}
