/** What the example's tests share: a registry with bases, an engine, the example in git, berth as a process. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Outcome } from "../../src/build/outcome.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { berth, type Ended, type Env } from "../support/command.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { exampleProject, type Project, pushExampleBases } from "../support/example.ts";
import { until } from "../support/processes.ts";
import { opened } from "../support/services.ts";
import type { TestEngine } from "./engines.ts";

export interface Stage {
  readonly folder: string;
  readonly registry: DockerRegistry;
  readonly engine: TestEngine;
  readonly project: Project;
  stop(): Promise<void>;
}

/** Opens a stage with the example, or with the example less some of its images. */
export const openStage = (
  make: (folder: string) => Promise<TestEngine>,
  without: readonly string[] = [],
): Promise<Stage> =>
  opened("berth-example-", async (folder, ends) => {
    const registry = await startDockerRegistry();
    ends.push(registry.stop);
    await pushExampleBases(registry.host, { debian: !without.includes("debian") });
    const engine = await make(join(folder, "engine"));
    ends.push(engine.stop);
    const project = exampleProject(folder, "example", registry.host);
    project.dropImages(...without);
    return { registry, engine, project };
  });

export interface Call {
  readonly project?: Project;
  /** The path of the project's registry base. */
  readonly base?: string;
  readonly env?: Env;
}

/** The base where the first test puts the whole example. */
export const mainBase = "group/project";

/** Runs a command of berth in a project of the stage, for one of the registry's bases. */
export function call(
  { registry, engine, project: main }: Stage,
  command: readonly string[],
  { project = main, base = mainBase, env = {} }: Call = {},
): Promise<Ended> {
  const args = ["--config", project.config, "--registry", `${registry.host}/${base}`, ...command];
  return berth(args, { cwd: project.path, env: { ...engine.env, ...env } });
}

export interface Ensured {
  readonly plan: Plan;
  readonly outcomes: readonly Outcome[];
  readonly record: string | null;
}

/** Runs `berth ensure`, which must end with the code given, and reads what it printed. */
export async function ensure(stage: Stage, options: Call = {}, code = 0): Promise<Ensured> {
  const command = ["ensure", "--engine", stage.engine.name, "--json"];
  return read<Ensured>(await call(stage, command, options), code);
}

export async function plan(stage: Stage, options: Call = {}): Promise<Plan> {
  return read<Plan>(await call(stage, ["plan", "--json"], options), 0);
}

function read<T>(result: Ended, code: number): T {
  assert.equal(result.code, code, result.stderr.slice(-4000));
  return JSON.parse(result.stdout) as T;
}

/** The results by name of the image. */
export function results({ outcomes }: Pick<Ensured, "outcomes">): Readonly<Record<string, string>> {
  return Object.fromEntries(outcomes.map(({ name, result }) => [name, result]));
}

let marks = 0;

/** The requests that a registry answers while something runs. */
export async function requestsDuring<T>(
  registry: DockerRegistry,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly requests: readonly string[] }> {
  const begin = await mark(registry);
  const result = await work();
  const end = await mark(registry);
  const log = registry.log();
  return { result, requests: log.slice(log.indexOf(begin) + 1, log.indexOf(end)) };
}

/** Asks for something that nobody else asks for, and waits until the log shows it. */
async function mark({ host, log }: DockerRegistry): Promise<string> {
  const line = `GET /v2/?mark=${++marks}`;
  await (await fetch(`http://${host}${line.slice(4)}`)).arrayBuffer();
  await until(() => log().includes(line));
  return line;
}

/** The tags of a repository, sorted; none where it is not there. */
export async function tagsOf(host: string, repository: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${host}/v2/${repository}/tags/list`);
  if (answer.status === 404) return [];
  const { tags } = (await answer.json()) as { readonly tags: readonly string[] | null };
  return [...(tags ?? [])].sort();
}

/** The annotations of a set record. */
export async function recordOf(reference: string): Promise<Readonly<Record<string, string>>> {
  const [, host = "", path = "", tag = ""] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`http://${host}/v2/${path}/manifests/${tag}`, { headers: { accept } });
  assert.equal(answer.status, 200, reference);
  return ((await answer.json()) as { readonly annotations: Record<string, string> }).annotations;
}
