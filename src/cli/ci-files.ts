/** The project's CI files as doctor looks at them: those of the work tree, joined by GitLab where they are not all here. */
import { basename, join } from "node:path";
import {
  type CiFiles,
  type KnownProject,
  type Pipelines,
  readPipelines,
} from "../doctor/evaluate.ts";
import { strangeRegistry } from "../doctor/job-image.ts";
import { isTrouble, type Known, known } from "../doctor/judgement.ts";
import { ifPossible } from "../errors.ts";
import type { GitLab, ProjectId } from "../gitlab/client.ts";
import { noGitLab, type Remote, remotesOf } from "../init/remotes.ts";
import type { Situation } from "../plan/situation.ts";
import type { Git, World } from "../world.ts";
import type { Project } from "./project.ts";
import { shipped } from "./verb.ts";

interface Around {
  readonly situation: Situation;
  readonly port: Known<GitLab>;
  readonly id: ProjectId | undefined;
  /** Variables of the settings. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Reads all pipelines; `undefined` where the project has no CI file here. */
export async function gatherPipelines(
  { env, files }: World,
  { git, tree, config, images }: Project,
  { situation, port, id, settings }: Around,
): Promise<Pipelines | undefined> {
  const root = (situation.ci ? env["CI_CONFIG_PATH"] : undefined) || ".gitlab-ci.yml";
  // A configuration of another project or host is not here.
  if (/@|:\/\//.test(root)) return undefined;
  const folder = shipped("templates");
  const ci: CiFiles = {
    root,
    source: {
      project: "",
      paths: (await ifPossible(tree.find(["*"]))) ?? [],
      read: async (path) => (await ifPossible(tree.read(path)))?.toString(),
    },
    merged: undefined,
    template: async (name) =>
      folder === undefined
        ? undefined
        : (await files.read(join(folder, name, "template.yml")))?.toString(),
  };
  const { host, path } = situation.ci ? {} : await cloned(git, config.upstream);
  const about: KnownProject = {
    own: env["CI_PROJECT_PATH"] || situation.own?.path || path,
    name: basename(git.root),
    defaultBranch: situation.defaultBranch ?? (await defaultBranch(git)) ?? "main",
    server: env["CI_SERVER_FQDN"] || env["CI_SERVER_HOST"] || (host ?? "gitlab.example.com"),
    registry: env["CI_REGISTRY"] || situation.own?.host || (registryOf(host) ?? strangeRegistry),
    settings,
    config,
    images: images.map(({ name }) => name),
  };
  const here = await readPipelines(ci, about);
  if (here === undefined || here.unread.length === 0 || isTrouble(port) || id === undefined)
    return here;
  const merged = await known(joinedByGitLab(git, port, id));
  if (isTrouble(merged) || merged === undefined) return here;
  return readPipelines({ ...ci, merged }, about);
}

/** What this clone is of: a project's own clone may have no other remote, and a fork's has upstream beside it. */
async function cloned(git: Git, known: string | undefined): Promise<Partial<Remote>> {
  const { upstream, origin } = await remotesOf(git);
  const remote = known === undefined ? (upstream ?? origin) : origin;
  return remote === undefined || noGitLab.includes(remote.host) ? {} : remote;
}

function registryOf(host: string | undefined): string | undefined {
  return host === "gitlab.com" ? "registry.gitlab.com" : undefined;
}

/** What GitLab makes of the files of this commit, where it has it. */
async function joinedByGitLab(git: Git, port: GitLab, id: ProjectId): Promise<string | undefined> {
  const head = (await git.run(["rev-parse", "HEAD"])).toString().trim();
  return port.mergedYaml(id, head);
}

/** As the remote told when it was cloned. */
async function defaultBranch(git: Git): Promise<string | undefined> {
  const head = ["symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"];
  const name = await ifPossible(git.run(head));
  return name
    ?.toString()
    .trim()
    .replace(/^origin\//, "");
}
