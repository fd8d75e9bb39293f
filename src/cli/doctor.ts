/** `berth doctor`: what stands in the way of this project's images, and what to do about it. */
import type { Command } from "commander";
import { buildah } from "../build/buildah.ts";
import { docker } from "../build/docker.ts";
import type { Engine } from "../build/engine.ts";
import { type Config, defaultConfig } from "../config/config.ts";
import { givenSettings } from "../config/given.ts";
import { diagnose, findingsJson, printFindings } from "../doctor/diagnose.ts";
import { type DoctorFacts, isTrouble, type Known, known, type Trouble } from "../doctor/facts.ts";
import {
  gatherClone,
  gatherGitLab,
  gatherMachine,
  gatherRegistry,
  readVariables,
} from "../doctor/gather.ts";
import { BerthError, type ExitCode, exitCodes, printProblem } from "../errors.ts";
import type { GitLab } from "../gitlab/client.ts";
import type { World } from "../host/world.ts";
import type { Situation } from "../plan/situation.ts";
import { openProject, type Project } from "./project.ts";
import { gitlabHint, gitlabOf, login } from "./session.ts";
import { doing, engineOf, engineOption, examples, type GlobalOptions } from "./verb.ts";

export function declare(program: Command): void {
  program
    .command("doctor")
    .description(
      "check configuration, variables, logins, GitLab's settings and the engine, and say what to do",
    )
    .addOption(engineOption())
    .addHelpText(
      "after",
      `\nChanges nothing. Exit code 1 where a finding is an error, else 0.\n${examples(
        "berth doctor",
        "berth doctor --registry registry.example.com/group/project",
        "berth doctor --json",
      )}`,
    )
    .action(doing(doctor));
}

interface DoctorOptions extends GlobalOptions {
  readonly engine?: Config["engine"];
}

async function doctor(world: World, options: DoctorOptions): Promise<ExitCode> {
  const findings = diagnose(await gather(world, options));
  world.print(options.json === true ? findingsJson(findings) : printFindings(findings));
  return findings.some(({ level }) => level === "error") ? exitCodes.failed : exitCodes.done;
}

async function gather(world: World, options: DoctorOptions): Promise<DoctorFacts> {
  const project = await known(openProject(world, options));
  const config = isTrouble(project) ? fallback(world) : project.config;
  const { situation, variables } = readVariables(world.env, config, options.registry);
  const images = isTrouble(project) ? [] : project.images.map(({ name }) => name);
  const identified = await identify(project);
  const [registry, gitlab, machine, clone, scheduledJobs] = await Promise.all([
    askRegistry(world, config, situation, images),
    gatherGitLab(await openPort(world, config), projectId(world, situation), situation),
    gatherMachine(engines(world, engineOf(options.engine, config, world.env)), world.files),
    known(askClone(world, config, situation)),
    isTrouble(project) ? undefined : readSchedule(world, project, situation),
  ]);
  const facts = { images, ...identified, scheduledJobs };
  return { config, situation, project: facts, variables, registry, gitlab, machine, clone };
}

/** What the checks go by where the configuration cannot be read. */
function fallback({ env }: World): Config {
  const { prefix } = givenSettings(env);
  return prefix === undefined ? defaultConfig : { ...defaultConfig, prefix };
}

async function identify(
  project: Known<Project>,
): Promise<Pick<DoctorFacts["project"], "configuration" | "identified" | "warnings">> {
  if (isTrouble(project)) return { configuration: project, identified: undefined, warnings: [] };
  const keys = await known(project.identify([]));
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
): Promise<DoctorFacts["registry"]> {
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
  const todo = `set CI_SERVER_URL, and a token (role Maintainer, scope read_api) in ${prefix}_GITLAB_TOKEN`;
  return (await gitlabOf(world, prefix)) ?? { trouble: "No GitLab is known here.", todo };
}

function projectId({ env }: World, { own }: Situation): string | undefined {
  return env["CI_PROJECT_ID"] || env["CI_PROJECT_PATH"] || own?.path;
}

/** A daemon that takes longer to come up is a finding. */
const daemonMs = 20_000;

function engines(world: World, setting: Config["engine"]): readonly Engine[] {
  const { run, files, clock, env } = world;
  world.guard();
  const promised = env["DOCKER_HOST"] !== undefined || env["CI"] !== undefined;
  const waitMs = promised ? daemonMs : 0;
  const all = [buildah({ run, files, clock, env }), docker({ run, files, clock, env, waitMs })];
  return all.filter(({ name }) => setting === "auto" || setting === name);
}

async function readSchedule({ env }: World, { tree }: Project, { ci }: Situation) {
  const root = (ci ? env["CI_CONFIG_PATH"] : undefined) || ".gitlab-ci.yml";
  // A configuration of another project or host is not here.
  if (/@|:\/\//.test(root)) return undefined;
  const text = (await tree.read(root).catch(nothing))?.toString();
  if (text === undefined) return undefined;
  const { jobsInSchedules } = await import("../doctor/scheduled.ts");
  const paths = (await tree.find(["*"]).catch(nothing)) ?? [];
  const read = async (path: string) => (await tree.read(path).catch(nothing))?.toString();
  return jobsInSchedules(text, { project: "", paths, read });
}

/** GitLab has read these files; that they cannot be read here is no finding. */
function nothing(error: unknown): undefined {
  if (!(error instanceof BerthError)) throw error;
}

async function askClone(world: World, config: Config, situation: Situation) {
  return gatherClone(await world.openGit(world.cwd), config, situation);
}
