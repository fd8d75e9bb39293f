/** Collects what the checks rest on, by asking and from the environment; changes nothing. */

import type { Config } from "../config/config.ts";
import { isShallow } from "../context/objects.ts";
import type { GitLab, ProjectId } from "../gitlab/client.ts";
import { below, printRepository, type Repository } from "../oci/reference.ts";
import { repositoryOf } from "../plan/places.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { type Situation, situationOf } from "../plan/situation.ts";
import { refuseTag, wishesOf } from "../plan/wishes.ts";
import { tagsToPromote } from "../publish/promote.ts";
import type { Registry } from "../registry/registry.ts";
import type { Git } from "../world.ts";
import {
  type CloneFacts,
  type GitLabFacts,
  isFork,
  isTrouble,
  type Known,
  known,
  type RegistryFacts,
  type RightsFacts,
  type Trouble,
  troubleOf,
  type VariableFacts,
} from "./facts.ts";
import { type Rights, type RightsPorts, rightsTo } from "./rights.ts";

/** Repositories that are looked at for one that exists. */
const looks = 3;

interface RegistryPorts {
  readonly registry: Pick<Registry, "tags">;
  readonly rights: RightsPorts;
}

/** What the login may do in the own registry, and whether it may read upstream's. */
export async function gatherRegistry(
  { own, upstream }: Pick<Situation, "own" | "upstream">,
  { repository }: Pick<Config, "repository">,
  images: readonly string[],
  ports: RegistryPorts,
): Promise<RegistryFacts> {
  const record = (base: Repository): Repository => below(base, recordRepositoryName);
  const candidates = (base: Repository): readonly Repository[] =>
    [record(base), ...images.map((name) => repositoryOf(base, repository, name))].slice(0, looks);
  const ownFacts = own === undefined ? undefined : await known(ownRights(candidates(own), ports));
  if (upstream === undefined) return { own: ownFacts, upstream: undefined };
  // Servers ban an address after some failures, so a bad login is not tried at another repository.
  const isBad = upstream.host === own?.host && isRefusedLogin(ownFacts);
  const asked = isBad ? loginRefused : await known(readRights(record(upstream), ports.rights));
  return { own: ownFacts, upstream: asked };
}

const loginRefused: Trouble = {
  trouble: "Not asked, since the login for this registry is refused.",
  todo: "correct the login first",
};

function isRefusedLogin(fact: RegistryFacts["own"]): boolean {
  if (fact === undefined || isTrouble(fact)) return false;
  return fact.rights.kind === "refused" && fact.rights.status === 401;
}

async function readRights(repository: Repository, ports: RightsPorts): Promise<RightsFacts> {
  const rights = await rightsTo(repository, ["pull"], ports);
  return { repository: printRepository(repository), askedToWrite: false, rights };
}

/** Asks to write only where a repository exists: asking would create it. */
async function ownRights(
  candidates: readonly Repository[],
  { registry, rights }: RegistryPorts,
): Promise<RightsFacts> {
  const [first] = candidates;
  if (first === undefined) throw new TypeError("no repository to ask about");
  const read = await readRights(first, rights);
  if (read.rights.kind !== "granted" || !read.rights.actions.includes("pull")) return read;
  const existing = await firstWithTags(candidates, registry);
  if (existing === undefined) return read;
  const write = await rightsTo(existing, ["pull", "push", "delete"], rights);
  return {
    repository: printRepository(existing),
    askedToWrite: true,
    rights: withPull(write),
  };
}

/** Pulling has been seen to be allowed, if perhaps to everybody and not to this login. */
function withPull(rights: Rights): Rights {
  if (rights.kind !== "granted" || rights.actions.includes("pull")) return rights;
  return { ...rights, actions: ["pull", ...rights.actions] };
}

async function firstWithTags(
  candidates: readonly Repository[],
  registry: Pick<Registry, "tags">,
): Promise<Repository | undefined> {
  for (const repository of candidates) {
    for await (const _tag of registry.tags(repository)) return repository;
  }
  return undefined;
}

/** What GitLab tells of the projects' settings, each as far as the tokens go. */
export async function gatherGitLab(
  gitlab: GitLab | Trouble,
  about: {
    readonly own: ProjectId | undefined;
    readonly situation: Pick<Situation, "role" | "upstream">;
    /** Tags that jobs ask for together. */
    readonly tags: readonly (readonly string[])[];
  },
): Promise<GitLabFacts> {
  const { own, situation, tags } = about;
  const ask = async <T>(
    project: ProjectId | undefined,
    question: (port: GitLab, project: ProjectId) => Promise<T>,
  ): Promise<Known<T>> => {
    if (isTrouble(gitlab)) return gitlab;
    if (project === undefined) return noProject;
    return known(question(gitlab, project));
  };
  const source = situation.upstream?.path;
  const fork = isFork(situation);
  const [ownProject, upstreamProject, pathRules, tagRules, jobTokens, schedules, idleTags] =
    await Promise.all([
      ask(own, (port, project) => port.project(project)),
      ask(source, (port, project) => port.project(project)),
      fork ? noProject : ask(own, (port, project) => port.pathRules(project)),
      fork ? noProject : ask(own, (port, project) => port.tagRules(project)),
      ask(fork ? source : own, (port, project) => port.jobTokenAccess(project)),
      fork
        ? noProject
        : ask(own, async (port, project) => (await port.schedules(project)).map(({ ref }) => ref)),
      ask(own, (port, project) => tagsWithoutRunner(port, project, tags)),
    ]);
  const projects = { own: ownProject, upstream: upstreamProject };
  return { ...projects, pathRules, tagRules, jobTokens, schedules, idleTags };
}

/** Of more sets of tags only these are asked about. */
const mostTagSets = 20;

async function tagsWithoutRunner(
  port: GitLab,
  project: ProjectId,
  all: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const asked = all.slice(0, mostTagSets);
  const found = await Promise.all(asked.map((tags) => port.runners(project, tags)));
  return asked.filter((_, index) => found[index]?.length === 0).map((tags) => tags.join(","));
}

const noProject: Trouble = {
  trouble: "It is not known which project of GitLab this is.",
  todo: "give --registry host/path of the project",
};

export async function gatherClone(
  git: Pick<Git, "run">,
  config: Config,
  situation: Situation,
): Promise<CloneFacts> {
  return { shallow: await isShallow(git), promotes: tagsToPromote(config, situation) };
}

type Env = Readonly<Record<string, string | undefined>>;

/** The situation as far as it can be read, and what the variables are; pure. */
export function readVariables(
  env: Env,
  config: Config,
  registry: string | undefined,
): { readonly situation: Situation; readonly variables: VariableFacts } {
  const { prefix } = config;
  const read = attempt(() => situationOf(env, config, registry));
  const { CI, GITLAB_CI } = env;
  const situation = isTrouble(read)
    ? situationOf(
        { CI, GITLAB_CI },
        { ...config, upstream: undefined, registry: undefined },
        undefined,
      )
    : read;
  const name = `${prefix}_UPSTREAM`;
  const alone = attempt(() => situationOf(env, { ...config, upstream: undefined }, registry));
  const ignored =
    config.upstream !== undefined &&
    situation.role === "upstream" &&
    !isTrouble(alone) &&
    alone.role === "fork";
  const wishes = wishesOf(prefix, (variable) => env[variable] || undefined);
  const { defaultBranch } = situation;
  const refused = attempt(() => refuseTag({ wishes, defaultBranch }, config));
  const trouble = isTrouble(refused) ? refused : undefined;
  return {
    situation,
    variables: {
      containerTag: wishes.tag === undefined ? undefined : { value: wishes.tag, trouble },
      upstream: env[name] || undefined,
      ignored,
      situation: isTrouble(read) ? read : undefined,
      serverHost: env["CI_SERVER_HOST"] || undefined,
      serverVersion: env["CI_SERVER_VERSION"] || undefined,
      tokenVariable: `${prefix}_GITLAB_TOKEN`,
    },
  };
}

function attempt<T>(read: () => T): Known<T> {
  try {
    return read();
  } catch (error) {
    return troubleOf(error);
  }
}
