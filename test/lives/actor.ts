/** Projects on the stand-in of GitLab with real git repositories: upstream, its forks, and what people do to them. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { succeed } from "../support/command.ts";
import { gitHistory } from "../support/gitlab-history.ts";
import type { ProjectSettings, TestProject, TestRequest } from "../support/gitlab-model.ts";
import { projectFiles } from "./files.ts";
import type { World } from "./world.ts";

export type Files = Readonly<Record<string, string>>;

export interface Actor {
  readonly project: TestProject;
  /** The bare repository. */
  readonly bare: string;
  /** Commits files on a branch, which begins at `from` (the default branch) where it is new; gives the commit. */
  commit(branch: string, files: Files, from?: string): Promise<string>;
  /** Merges a commit of any project into a branch; `ref` is what points at the result, else the branch moves on. */
  merge(
    branch: string,
    other: { readonly bare: string; readonly sha: string },
    ref?: string,
  ): Promise<string>;
  /** So many commits on a branch that change nothing; gives the last. */
  idle(branch: string, count: number): Promise<string>;
  /** Lets a branch begin at, or move on to, a commit of the repository. */
  point(branch: string, sha: string): Promise<void>;
  /** Takes over a branch of another project, as a fork is brought up to date. */
  pull(from: Actor, branch: string): Promise<string>;
  head(branch: string): string;
}

/** The project proper: `acme/tools`, with a maintainer and a developer; `more` is added to berth.yml. */
export async function upstreamOf(
  world: World,
  settings: ProjectSettings = {},
  more = "",
): Promise<Actor> {
  const members = { olga: "maintainer", dave: "developer" } as const;
  const actor = await newProject(world, "acme/tools", { members, ...settings });
  await actor.commit("main", projectFiles(world.bases, more));
  return actor;
}

/** What projects need of a world. */
export type Ground = Pick<World, "folder" | "gitlab" | "env">;

/** A project with an empty repository. */
export async function newProject(
  world: Ground,
  path: string,
  settings: ProjectSettings,
): Promise<Actor> {
  const bare = join(world.folder, "git", `${path}.git`);
  const { env } = world;
  await succeed("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare], { env });
  await serveAsGitLab(world, bare);
  const project = world.gitlab.project(path, { history: gitHistory(bare), ...settings });
  return actorAt(world, project, bare);
}

/** A fork of one person, who is its owner. */
export async function forkOf(
  world: Ground,
  parent: Pick<Actor, "project" | "bare">,
  owner: string,
  path = `${owner}/${parent.project.path.split("/").at(-1)}`,
): Promise<Actor> {
  const bare = join(world.folder, "git", `${path}.git`);
  await succeed("git", ["clone", "--quiet", "--bare", parent.bare, bare], { env: world.env });
  await serveAsGitLab(world, bare);
  const members = { [owner]: "owner" } as const;
  const project = world.gitlab.fork(parent.project, path, { members, history: gitHistory(bare) });
  return actorAt(world, project, bare);
}

/** Opens a merge request and gives its head the ref that GitLab keeps in the target project. */
export async function openRequest(
  world: Ground,
  from: Pick<Actor, "project" | "bare">,
  branch: string,
  to: Pick<Actor, "project" | "bare">,
): Promise<TestRequest> {
  const request = world.gitlab.request(from.project, branch, to.project);
  const ref = `refs/merge-requests/${request.iid}/head`;
  const args = ["fetch", "--quiet", from.bare, `+refs/heads/${branch}:${ref}`];
  await succeed("git", ["-C", to.bare, ...args], { env: world.env });
  return request;
}

/** The commit that GitLab makes of a merge request's branch for a merged result or a train, behind its ref in the target. */
export async function mergedFor(
  { iid, sourceBranch, targetBranch }: TestRequest,
  from: Actor,
  to: Actor,
  name: "merge" | "train",
): Promise<string> {
  const other = { bare: from.bare, sha: from.head(sourceBranch) };
  return to.merge(targetBranch, other, `refs/merge-requests/${iid}/${name}`);
}

/** GitLab's servers give single commits, and histories without files. */
async function serveAsGitLab({ env }: Ground, bare: string): Promise<void> {
  for (const name of ["allowAnySHA1InWant", "allowFilter"])
    await succeed("git", ["-C", bare, "config", `uploadpack.${name}`, "true"], { env });
}

function actorAt(world: Ground, project: TestProject, bare: string): Actor {
  const work = join(world.folder, "work", project.path);
  const git = async (...args: string[]) =>
    (await succeed("git", ["-C", work, ...args], { env: world.env })).trim();
  let made: Promise<unknown> | undefined;
  const open = async () => {
    made ??= succeed("git", ["clone", "--quiet", bare, work], { env: world.env });
    await made;
  };
  const at = async (branch: string, from: string) => {
    await open();
    const start = project.history.heads().get(branch) ?? from;
    if (project.history.heads().size === 0) return git("checkout", "--quiet", "--orphan", branch);
    await git("fetch", "--quiet", "origin");
    return git("checkout", "--quiet", "--force", "--detach", start);
  };
  const push = async (ref: string) => {
    await git("push", "--quiet", "--force", "origin", `HEAD:${ref}`);
    return git("rev-parse", "HEAD");
  };
  const head = (branch: string) => {
    const sha = project.history.heads().get(branch);
    if (sha === undefined) throw new Error(`${project.path} has no branch ${branch}`);
    return sha;
  };
  return {
    project,
    bare,
    head,
    async commit(branch, files, from = project.defaultBranch) {
      await at(branch, project.history.heads().get(from) ?? from);
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(work, name)), { recursive: true });
        await writeFile(join(work, name), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
      }
      await git("add", "--all");
      await git("commit", "--quiet", "--allow-empty", "--message=a change");
      return push(`refs/heads/${branch}`);
    },
    async merge(branch, other, ref = `refs/heads/${branch}`) {
      await at(branch, head(branch));
      await git("fetch", "--quiet", other.bare, other.sha);
      await git("merge", "--quiet", "--no-ff", "--message=a merge", other.sha);
      return push(ref);
    },
    async idle(branch, count) {
      await at(branch, head(branch));
      const commit = "git commit --quiet --allow-empty --message=idle";
      const script = `cd "$1"; for _ in $(seq ${count}); do ${commit}; done`;
      await succeed("/bin/sh", ["-ec", script, "sh", work], { env: world.env });
      return push(`refs/heads/${branch}`);
    },
    async point(branch, sha) {
      const args = ["update-ref", `refs/heads/${branch}`, sha];
      await succeed("git", ["-C", bare, ...args], { env: world.env });
    },
    async pull(from, branch) {
      await at(branch, project.defaultBranch);
      await git("fetch", "--quiet", from.bare, `refs/heads/${branch}`);
      await git("checkout", "--quiet", "--detach", "FETCH_HEAD");
      return push(`refs/heads/${branch}`);
    },
  };
}
