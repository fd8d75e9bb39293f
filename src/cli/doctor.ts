/** `berth doctor`: what stands in the way of this project's images, and what to do about it. */
import { type Config, defaultConfig } from "../config/config.ts";
import { givenSettings } from "../config/given.ts";
import { diagnose } from "../doctor/diagnose.ts";
import { type Facts, isTrouble, type Known, known, type Trouble } from "../doctor/facts.ts";
import { gatherClone, gatherGitLab, gatherMachine, gatherRegistry } from "../doctor/gather.ts";
import { findingsJson, printFindings } from "../doctor/report.ts";
import { readVariables } from "../doctor/variables.ts";
import type { Engine } from "../engine/engine.ts";
import { type ExitCode, exitCodes, printProblem } from "../errors.ts";
import { accessOf } from "../gitlab/access.ts";
import type { GitLab } from "../gitlab/gitlab.ts";
import { realWorld, type World } from "../host/world.ts";
import type { Situation } from "../plan/situation.ts";
import type { GlobalOptions } from "./program.ts";
import { openProject, type Project } from "./project.ts";
import { gitlabHint, login } from "./registry.ts";

export interface DoctorOptions extends GlobalOptions {
  readonly engine?: Config["engine"];
}

export async function doctorCommand(options: DoctorOptions): Promise<ExitCode> {
  const world = realWorld();
  const findings = diagnose(await gather(world, options));
  world.print(options.json === true ? findingsJson(findings) : printFindings(findings));
  return findings.some(({ level }) => level === "error") ? exitCodes.failed : exitCodes.done;
}

async function gather(world: World, options: DoctorOptions): Promise<Facts> {
  const project = await known(openProject(world, options));
  const config = isTrouble(project) ? fallback(world) : project.config;
  const { situation, variables } = readVariables(world.env, config, options.registry);
  const images = isTrouble(project) ? [] : project.images.map(({ name }) => name);
  const identified = await identify(project);
  const [registry, gitlab, machine, clone] = await Promise.all([
    askRegistry(world, config, situation, images),
    gatherGitLab(await openPort(world, config), projectId(world, situation), situation),
    gatherMachine(await engines(world, options.engine ?? config.engine), world.files),
    known(askClone(world, config, situation)),
  ]);
  if (!isTrouble(project)) await project.git.close();
  const facts = { images, ...identified };
  return { config, situation, project: facts, variables, registry, gitlab, machine, clone };
}

/** What the checks go by where the configuration cannot be read. */
function fallback({ env }: World): Config {
  const { prefix } = givenSettings(env);
  return prefix === undefined ? defaultConfig : { ...defaultConfig, prefix };
}

async function identify(
  project: Known<Project>,
): Promise<Pick<Facts["project"], "configuration" | "identified" | "warnings">> {
  if (isTrouble(project)) return { configuration: project, identified: undefined, warnings: [] };
  const keys = await known(project.identify());
  return isTrouble(keys)
    ? { configuration: undefined, identified: keys, warnings: [] }
    : {
        configuration: undefined,
        identified: undefined,
        warnings: keys.warnings.map(printProblem),
      };
}

function askRegistry(
  world: World,
  config: Config,
  situation: Situation,
  images: readonly string[],
): Promise<Facts["registry"]> {
  const { registry, credentials, insecureHosts } = login(world, config);
  const { fetch, clock, env } = world;
  return gatherRegistry(situation, config, images, {
    registry,
    rights: {
      fetch,
      clock,
      login: async (host) => (await credentials()).forHost(host),
      plainHosts: insecureHosts,
      tokenHints: gitlabHint(env),
    },
  });
}

async function openPort(world: World, { prefix }: Config): Promise<GitLab | Trouble> {
  const access = accessOf(world.env, prefix);
  if (access === undefined) {
    return {
      trouble: "No GitLab is known here.",
      todo: `set CI_SERVER_URL, and a token (role Maintainer, scope read_api) in ${prefix}_GITLAB_TOKEN`,
    };
  }
  const { openGitLab } = await import("../host/gitlab.ts");
  const { fetch, clock, random, log } = world;
  return openGitLab(access, { fetch, clock, random, log: log.info });
}

function projectId({ env }: World, { own }: Situation): string | undefined {
  return env["CI_PROJECT_ID"] || env["CI_PROJECT_PATH"] || own?.path;
}

/** A daemon that takes longer to come up is a finding. */
const daemonMs = 20_000;

async function engines(world: World, setting: Config["engine"]): Promise<readonly Engine[]> {
  const [{ buildah }, { docker }] = await Promise.all([
    import("../engine/buildah.ts"),
    import("../engine/docker.ts"),
  ]);
  const { run, files, clock, env } = world;
  world.guard();
  const promised = env["DOCKER_HOST"] !== undefined || env["CI"] !== undefined;
  const waitMs = promised ? daemonMs : 0;
  const all = [buildah({ run, files, clock, env }), docker({ run, files, clock, env, waitMs })];
  return all.filter(({ name }) => setting === "auto" || setting === name);
}

async function askClone(world: World, config: Config, situation: Situation) {
  const git = await world.openGit(world.cwd);
  try {
    return await gatherClone(git, config, situation);
  } finally {
    await git.close();
  }
}
