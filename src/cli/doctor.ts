/** `berth doctor`: what stands in the way of this project's images, and what to do about it. */
import type { Command } from "commander";
import { buildah } from "../build/buildah.ts";
import { docker } from "../build/docker.ts";
import type { Engine } from "../build/engine.ts";
import { type Config, defaultConfig, givenSettings } from "../config/config.ts";
import { diagnose, type Finding, findingsJson, printFindings } from "../doctor/diagnose.ts";
import type { Pipelines } from "../doctor/evaluate.ts";
import {
  type DoctorFacts,
  gatherGitLab,
  type ProjectFacts,
  readVariables,
} from "../doctor/facts.ts";
import { attempt, isTrouble, type Known, known } from "../doctor/judgement.ts";
import { gatherMachine } from "../doctor/machine.ts";
import { gatherRegistry } from "../doctor/rights.ts";
import { pipelinesJson, printPipelines } from "../doctor/table.ts";
import { type ExitCode, exitCodes, printProblem } from "../errors.ts";
import type { GitLab } from "../gitlab/client.ts";
import { platformsOf } from "../image/image.ts";
import type { Screen, World } from "../world.ts";
import { gatherPipelines } from "./ci-files.ts";
import { openProject, type Project } from "./project.ts";
import { gitlabOf, login } from "./session.ts";
import {
  engineOf,
  engineOption,
  examples,
  type GlobalOptions,
  usageError,
  type Work,
} from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description(
      "check configuration, variables, logins, GitLab's settings and the engine, and say what to do",
    )
    .addOption(engineOption())
    .option("--pipelines", "show every job of the project's pipelines in every situation")
    .option(
      "--variable <NAME=VALUE>",
      "for pipelines, a CI/CD variable of the project's settings (repeatable)",
      collectVariable,
    )
    .option("--all", "tell also what is fine, and what could not be checked")
    .addHelpText(
      "after",
      `\nChanges nothing. Exit code 1 where a finding is an error, else 0.\n${examples(
        "berth doctor",
        "berth doctor --pipelines",
        "berth doctor --registry registry.example.com/group/project",
        "berth doctor --json",
      )}`,
    );
  return doctor;
}

interface DoctorOptions extends GlobalOptions {
  readonly engine?: Config["engine"];
  readonly pipelines?: boolean;
  readonly variable?: Readonly<Record<string, string>>;
  readonly all?: boolean;
}

/** Adds one variable to those before it. */
function collectVariable(text: string, before: Readonly<Record<string, string>> = {}) {
  const [, name, value = ""] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined)
    throw usageError(`read --variable: ${text} is no variable`, "write NAME=VALUE");
  return { ...before, [name]: value };
}

async function doctor(world: World, options: DoctorOptions): Promise<ExitCode> {
  const facts = await gather(world, options);
  const findings = diagnose(facts);
  world.print(
    resultText(findings, options, world.screen, options.pipelines ? facts.pipelines : undefined),
  );
  return findings.some(({ level }) => level === "error") ? exitCodes.failed : exitCodes.done;
}

function resultText(
  findings: readonly Finding[],
  { json, all }: DoctorOptions,
  screen: Screen,
  pipelines: Pipelines | undefined,
): string {
  if (json === true)
    return findingsJson(findings, pipelines && { pipelines: pipelinesJson(pipelines) });
  const table = pipelines === undefined ? "" : `${printPipelines(pipelines, screen)}\n`;
  return `${table}${printFindings(findings, screen, all)}`;
}

async function gather(world: World, options: DoctorOptions): Promise<DoctorFacts> {
  const project = await known(openProject(world, options));
  const config = isTrouble(project) ? fallback(world) : project.config;
  const { situation, variables } = readVariables(world.env, config, options.registry);
  const found = await projectFacts(project);
  const port = await openPort(world, config);
  const id = world.env["CI_PROJECT_ID"] || world.env["CI_PROJECT_PATH"] || situation.own?.path;
  const pipelines = isTrouble(project)
    ? undefined
    : await gatherPipelines(world, project, {
        situation,
        port,
        id,
        settings: options.variable ?? {},
      });
  const [registry, gitlab, machine] = await Promise.all([
    gatherRegistry(situation, config, found.images, login(world, config).registry),
    gatherGitLab(port, id, situation),
    gatherMachine(
      attempt(() => engines(world, engineOf(options.engine, config, world.env))),
      world.files,
      isTrouble(project) ? [] : foreignPlatforms(project, world.platform),
    ),
  ]);
  return { config, situation, project: found, pipelines, variables, registry, gitlab, machine };
}

/** Platforms of images whose programs this machine does not start by itself; amd64 starts 386's, and most arm64 arm's. */
function foreignPlatforms({ images }: Project, machine: string): readonly string[] {
  const native = { "linux/amd64": ["linux/386"], "linux/arm64": ["linux/arm"] }[machine] ?? [];
  const isOwn = (platform: string) =>
    [machine, ...native].some((own) => platform === own || platform.startsWith(`${own}/`));
  const all = new Set(images.flatMap(platformsOf));
  return [...all].filter((platform) => !isOwn(platform)).sort();
}

/** What the checks go by where the configuration cannot be read. */
function fallback({ env }: World): Config {
  const { prefix } = givenSettings(env);
  return prefix === undefined ? defaultConfig : { ...defaultConfig, prefix };
}

async function projectFacts(project: Known<Project>): Promise<ProjectFacts> {
  const none = { configuration: undefined, images: [], identified: undefined, warnings: [] };
  if (isTrouble(project)) return { ...none, configuration: project };
  const images = project.images.map(({ name }) => name);
  const keys = await known(project.identify([]));
  if (isTrouble(keys)) return { ...none, images, identified: keys };
  return { ...none, images, warnings: keys.warnings.map(printProblem) };
}

async function openPort(world: World, { prefix }: Config): Promise<Known<GitLab>> {
  const todo = `set CI_SERVER_URL, and a token (role Maintainer, scope read_api) in ${prefix}_GITLAB_TOKEN`;
  return (await known(gitlabOf(world, prefix))) ?? { trouble: "No GitLab is known here.", todo };
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
