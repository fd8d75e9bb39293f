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
import type { Task, Tools } from "../execute/tools.ts";
import { makeFolder, unpackTar } from "../host/unpack.ts";
import { type Ended, isFatal, type Outcome } from "../output/outcome.ts";
import { isBuilt, type PlannedImage } from "../plan/plan.ts";
import type { Session } from "./session.ts";
import { type BuildOptions, engineOf } from "./verb.ts";

/** Makes images of the task be there; tells of each how it ended. */
export async function carryOut(
  images: readonly PlannedImage[],
  task: Task,
  session: Session,
  options: BuildOptions,
): Promise<readonly Ended[]> {
  const { world, project } = session;
  const { log } = world;
  const tools = makeTools(task, session, options);
  const builds = images.filter(({ decision }) => isBuilt(decision));
  // From here on a signal ends the builds first, and then the process, so that the terminal is left in order.
  if (builds.length > 0) world.guard();
  log.expect(builds.map(({ name }) => ({ name, section: sectionOf(name) })));
  try {
    return await runParentsFirst(images, project.config.parallel, async (image, parents) => {
      if (!isBuilt(image.decision)) return execute(image, parents, tools);
      log.began(image.name);
      const ended = await execute(image, parents, tools);
      log.ended(image.name, wordOf(ended.outcome));
      return ended;
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
function makeTools(task: Task, session: Session, options: BuildOptions): Tools {
  const { world, login, situation } = session;
  const { files, env, clock, log } = world;
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
    machine: { files, root: session.project.git.root, env, unpack },
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

async function unpack(tar: string | undefined, folder: string): Promise<void> {
  await makeFolder(folder);
  if (tar !== undefined) await unpackTar(tar, folder);
}

function findEngine({ world, project }: Session, options: BuildOptions): Promise<Engine> {
  const { run, files, clock, env } = world;
  // A signal must end the programs that a build starts.
  world.guard();
  const { config } = project;
  const network = env[`${config.prefix}_BUILD_NETWORK`];
  const shared = { run, files, clock, env, ...(network ? { network } : {}) };
  return chooseEngine(engineOf(options.engine, config, env), {
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
