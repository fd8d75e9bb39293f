/** Carries out decisions while a person can look on, and says how that ended; for all commands that build. */
import { buildah } from "../engine/buildah.ts";
import { docker } from "../engine/docker.ts";
import type { Engine } from "../engine/engine.ts";
import { chooseEngine } from "../engine/select.ts";
import { type ExitCode, errorCodes, exitCodes } from "../errors.ts";
import { type BaseFacts, lookUpBase } from "../execute/bases.ts";
import { sectionOf } from "../execute/build.ts";
import { newBase } from "../execute/copy.ts";
import { execute } from "../execute/execute.ts";
import { runParentsFirst } from "../execute/schedule.ts";
import type { Tools } from "../execute/tools.ts";
import { makeFolder, unpackTar } from "../host/unpack.ts";
import type { Material } from "../image/identify.ts";
import type { Manifest } from "../oci/manifest.ts";
import { isFatal, type Outcome } from "../output/outcome.ts";
import { isBuilt, type Plan, type PlannedImage } from "../plan/plan.ts";
import type { Session } from "./session.ts";
import type { BuildOptions } from "./verb.ts";

/** What is carried out, and what the run knows of it. */
export interface Task {
  readonly plan: Plan;
  /** Those of the plan's images that this run is for. */
  readonly images: readonly PlannedImage[];
  readonly materials: ReadonlyMap<string, Material>;
  /** Manifests at hand; those that images end at are added. */
  readonly manifests?: Map<string, Manifest>;
}

/** Gives an outcome for each image of the task. */
export async function carryOut(
  task: Task,
  session: Session,
  options: BuildOptions,
): Promise<readonly Outcome[]> {
  const { world, project } = session;
  const { log } = world;
  const tools = makeTools(task, session, options);
  const builds = task.images.filter(({ decision }) => isBuilt(decision));
  // From here on a signal ends the builds first, and then the process, so that the terminal is left in order.
  if (builds.length > 0) world.guard();
  log.expect(builds.map(({ name }) => ({ name, section: sectionOf(name) })));
  try {
    return await runParentsFirst(task.images, project.config.parallel, async (image, parents) => {
      if (!isBuilt(image.decision)) return execute(image, parents, tools);
      log.began(image.name);
      const outcome = await execute(image, parents, tools);
      log.ended(image.name, wordOf(outcome));
      return outcome;
    });
  } finally {
    log.settle();
  }
}

/** What an engine said before it was ended is of no use to whoever ended it. */
function wordOf({ result, error }: Outcome): string {
  return error?.code === "INTERRUPTED" ? "interrupted" : result;
}

/** Tools whose engine, logins and base facts are found when they are first needed, and then kept. */
function makeTools(
  { plan, materials, manifests = new Map() }: Task,
  session: Session,
  options: BuildOptions,
): Tools {
  const { world, login } = session;
  // A job of the child pipeline has another pipeline's number than the plan.
  const situation = { ...session.situation, pipeline: plan.pipeline ?? session.situation.pipeline };
  const bases = new Map<string, Promise<BaseFacts>>();
  let engine: Promise<Engine> | undefined;
  return {
    registry: login.registry,
    engine: () => {
      engine ??= findEngine(session, options);
      return engine;
    },
    files: world.files,
    root: session.project.git.root,
    clock: world.clock,
    log: world.log,
    situation,
    revision: plan.revision,
    planned: plan.images,
    material: (name) => {
      const material = materials.get(name);
      if (material === undefined) throw new TypeError(`no material for ${name}`);
      return material;
    },
    unpack: async (tar, folder) => {
      await makeFolder(folder);
      if (tar !== undefined) await unpackTar(tar, folder);
    },
    authFile: async (hosts) => (await login.credentials()).authFileFor(hosts),
    insecureHosts: login.insecureHosts,
    env: world.env,
    isNew: newBase(session.situation.own, login.registry),
    base: (name, platform) => {
      const id = `${platform} ${name}`;
      const known = bases.get(id) ?? lookUpBase(name, platform, login.registry);
      bases.set(id, known);
      return known;
    },
    keep: (name, manifest) => void manifests.set(name, manifest),
    inHand: (name) => manifests.get(name),
  };
}

function findEngine({ world, project }: Session, options: BuildOptions): Promise<Engine> {
  const { run, files, clock, env } = world;
  // A signal must end the programs that a build starts.
  world.guard();
  const network = env["BERTH_BUILD_NETWORK"];
  const shared = { run, files, clock, env, ...(network ? { network } : {}) };
  return chooseEngine(options.engine ?? project.config.engine, {
    buildah: buildah(shared),
    docker: docker(shared),
  });
}

/** Names every failure at the end, where a person looks first. */
export function reportFailures({ world }: Session, outcomes: readonly Outcome[]): void {
  for (const { name, error, optional } of outcomes) {
    if (error === null) continue;
    const weight = optional ? "optional, so the set goes on without it" : error.code;
    world.log.info(`berth: ${name}: ${error.message} [${weight}]`);
    if (error.hint !== null) world.log.info(`  hint: ${error.hint}`);
  }
}

/** Only weather (75) if all that failed is weather, so that a retry is never wasted on a broken build. */
export function exitCodeFor(outcomes: readonly Outcome[]): ExitCode {
  const fatal = outcomes.filter(isFatal).filter(({ result }) => result === "failed");
  if (fatal.length === 0) return outcomes.some(isFatal) ? exitCodes.failed : exitCodes.done;
  const codes = fatal.map(({ error }) =>
    error === null ? exitCodes.failed : errorCodes[error.code],
  );
  return codes.every((code) => code === codes[0])
    ? (codes[0] ?? exitCodes.failed)
    : exitCodes.failed;
}
