/** What the checks rest on: found out by asking and from the environment, without any change; judged by pure functions. */
import type { Config } from "../config/config.ts";
import type { GitLab, ProjectId } from "../gitlab/client.ts";
import { refuseTag, type Situation, situationOf, wishesOf } from "../plan/situation.ts";
import type { Env } from "../world.ts";
import type { Pipelines } from "./evaluate.ts";
import { attempt, isTrouble, type Known, known, type Trouble } from "./judgement.ts";
import type { MachineFacts } from "./machine.ts";
import type { RegistryFacts } from "./rights.ts";

export interface DoctorFacts {
  readonly config: Config;
  readonly situation: Situation;
  readonly project: ProjectFacts;
  /** `undefined` where the project's CI files are not here. */
  readonly pipelines: Pipelines | undefined;
  readonly variables: ReturnType<typeof readVariables>["variables"];
  readonly registry: RegistryFacts;
  readonly gitlab: Awaited<ReturnType<typeof gatherGitLab>>;
  readonly machine: MachineFacts;
}

export interface ProjectFacts {
  /** Why the configuration cannot be used; the defaults are looked at instead. */
  readonly configuration: Trouble | undefined;
  readonly images: readonly string[];
  /** Why keys cannot be computed. */
  readonly identified: Trouble | undefined;
  readonly warnings: readonly string[];
}

/** A project beside another one that is upstream; on a person's machine too, where the own base is the fork's. */
export function isFork({ role, upstream }: Pick<Situation, "role" | "upstream">): boolean {
  return role === "fork" || (role === "local" && upstream !== undefined);
}

/** What GitLab tells of the projects' settings, each as far as the tokens go. */
export function gatherGitLab(
  gitlab: Known<GitLab>,
  own: ProjectId | undefined,
  situation: Pick<Situation, "role" | "upstream">,
) {
  const ask = asking(gitlab);
  // Named as the registry base is.
  const source = situation.upstream?.path;
  const fork = isFork(situation);
  // What a fork is set to is nothing to upstream.
  const guarded = fork ? undefined : own;
  return allOf({
    own: ask(own, (port, id) => port.project(id)),
    upstream: ask(source, (port, id) => port.project(id)),
    pathRules: told(
      ask(guarded, (port, id) => port.pathRules(id)),
      "This GitLab does not tell its rules (older than 17.9).",
    ),
    tagRules: told(
      ask(guarded, (port, id) => port.tagRules(id)),
      "This GitLab does not tell its rules (older than 18.7, or its registry has no metadata database).",
    ),
    /** Of upstream in a fork, of the project itself elsewhere. */
    jobTokens: told(
      ask(fork ? source : own, (port, id) => port.jobTokenAccess(id)),
      "GitLab shows no allowlist of that project.",
    ),
    /** The branches and tags of the project's own pipeline schedules. */
    schedules: ask(guarded, async (port, id) => (await port.schedules(id)).map(({ ref }) => ref)),
  });
}

/** Asks of a project where both are known. */
function asking(gitlab: Known<GitLab>) {
  return async <T>(
    project: ProjectId | undefined,
    question: (port: GitLab, project: ProjectId) => Promise<T>,
  ): Promise<Known<T>> => {
    if (isTrouble(gitlab)) return gitlab;
    return project === undefined ? noProject : known(question(gitlab, project));
  };
}

/** An answer that GitLab has nothing for is a trouble. */
async function told<T>(answer: Promise<Known<T | undefined>>, trouble: string): Promise<Known<T>> {
  return (await answer) ?? { trouble, todo: undefined };
}

async function allOf<T extends object>(facts: { [Name in keyof T]: Promise<T[Name]> }): Promise<T> {
  const found = Object.entries<Promise<unknown>>(facts).map(
    async ([name, fact]) => [name, await fact] as const,
  );
  return Object.fromEntries(await Promise.all(found)) as T;
}

const noProject: Trouble = {
  trouble: "It is not known which project of GitLab this is.",
  todo: "give --registry host/path of the project",
};

/** The situation as far as it can be read, and what the variables are; pure. */
export function readVariables(env: Env, config: Config, registry: string | undefined) {
  const { prefix } = config;
  const { CI, GITLAB_CI } = env;
  const read = attempt(() => situationOf(env, config, registry));
  const unnamed = { ...config, upstream: undefined };
  const situation = isTrouble(read)
    ? situationOf({ CI, GITLAB_CI }, { ...unnamed, registry: undefined }, undefined)
    : read;
  const alone = attempt(() => situationOf(env, unnamed, registry));
  const ignored =
    config.upstream !== undefined &&
    situation.role === "upstream" &&
    !isTrouble(alone) &&
    alone.role === "fork";
  const wishes = wishesOf(prefix, (variable) => env[variable] || undefined);
  const { defaultBranch } = situation;
  const refused = attempt(() => refuseTag({ wishes, defaultBranch }, config));
  const trouble = isTrouble(refused) ? refused : undefined;
  const variables = {
    /** `<PREFIX>_CONTAINER_TAG`, and why it cannot be used. */
    containerTag: wishes.tag === undefined ? undefined : { value: wishes.tag, trouble },
    /** `<PREFIX>_UPSTREAM`. */
    upstream: env[`${prefix}_UPSTREAM`] || undefined,
    /** Whether that names another project in the one that the configuration calls upstream, and so is ignored. */
    ignored,
    /** Why the registry base or upstream cannot be read from the environment. */
    situation: isTrouble(read) ? read : undefined,
    /** Which variable takes a token for GitLab's API. */
    tokenVariable: `${prefix}_GITLAB_TOKEN`,
  };
  return { situation, variables };
}
