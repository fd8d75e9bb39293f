/** One job as GitLab's runner does it: a shallow checkout or none, artifacts of earlier jobs, a script, an end. */
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Env, ended, startProgram, succeed } from "../support/command.ts";
import type { TestJob } from "../support/gitlab-jobs.ts";
import type { World } from "./world.ts";

export interface Done {
  readonly code: number | null;
  /** Both streams, one after the other. */
  readonly output: string;
  /** The job's folder. */
  readonly folder: string;
}

export interface Work {
  readonly job: TestJob;
  readonly script: readonly string[];
  /** The commit that is checked out; nothing where not given. */
  readonly checkout: Checkout | undefined;
  readonly variables: Env;
  /** Folders of earlier jobs whose artifacts this one gets. */
  readonly after: readonly string[];
}

/** What the component's jobs keep: the plan, and what became of images. */
const kept = [".berth/plan.json", ".berth/outcome"];

/** Runs a job in a folder of its own, and ends its token with it. */
export async function runJob(world: World, work: Work): Promise<Done> {
  const { job, script, checkout, variables, after } = work;
  const folder = join(world.folder, "builds", String(job.id));
  if (checkout === undefined) await mkdir(folder, { recursive: true });
  else await cp(await checkout.folder, folder, { recursive: true, verbatimSymlinks: true });
  for (const from of after)
    for (const path of kept) await copy(join(from, path), join(folder, path));
  const env = { ...world.env, ...job.env, ...variables, CI_PROJECT_DIR: folder };
  const shell = startProgram("/bin/sh", ["-ec", script.join("\n")], { cwd: folder, env });
  const { code, stdout, stderr } = await ended(shell);
  job.finish(code === 0 ? "success" : "failed");
  return { code, output: `${stdout}${stderr}`, folder };
}

async function copy(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** What GitLab's runners fetch for the jobs of a pipeline: its own ref, 20 commits deep. */
export interface Checkout {
  readonly folder: Promise<string>;
}

export function checkoutOf(world: World, bare: string, pipeline: number, sha: string): Checkout {
  const folder = join(world.folder, "checkouts", String(pipeline));
  const ref = `refs/pipelines/${pipeline}`;
  const script = `git -C "$1" update-ref ${ref} ${sha}
git init --quiet "$2"
cd "$2"
git remote add origin "file://$1"
git fetch --quiet --no-tags --depth=20 origin +${ref}:${ref}
git checkout --quiet --force --detach ${sha}`;
  const made = succeed("/bin/sh", ["-ec", script, "sh", bare, folder], { env: world.env });
  return { folder: made.then(() => folder) };
}
