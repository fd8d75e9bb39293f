/** Projects on a GitLab for a trial: made, filled, looked at and removed over its API and git. */
import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify, stripVTControlCharacters } from "node:util";

const longestMs = 20 * 60_000;

export interface Trial {
  /** Of GitLab, without a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** The path of the group that gets the projects. */
  readonly group: string;
  /** Begins the projects' names. */
  readonly name: string;
  /** Between two looks. */
  readonly everyMs: number;
  /** Holds the work trees. */
  readonly folder: string;
  /** All that were made, to be removed. */
  readonly made: Project[];
}

export interface Project {
  readonly id: number;
  readonly path_with_namespace: string;
}

export type Files = Readonly<Record<string, string>>;

/** Asks the API; an answer that is none of success is an error with GitLab's words. */
export async function ask<T>({ url, token }: Trial, method: string, path: string, body?: object) {
  const answer = await fetch(`${url}/api/v4/${path}`, {
    method,
    headers: { "private-token": token, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`);
  return (answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text) as T;
}

export async function makeProject(all: Trial, what: string): Promise<Project> {
  const { group, name, made } = all;
  const { id, visibility } = await ask<{ id: number; visibility: string }>(
    all,
    "GET",
    `groups/${encodeURIComponent(group)}`,
  );
  const path = `${name}-${what}`;
  const settings = { path, name: path, namespace_id: id, visibility, default_branch: "main" };
  const project = await ask<Project>(all, "POST", "projects", settings);
  made.push(project);
  return project;
}

/** A fork in the same group, once GitLab has copied what is in it. */
export async function forkOf(all: Trial, { id }: Project): Promise<Project> {
  const path = `${all.name}-fork`;
  const settings = { namespace_path: all.group, path, name: path };
  const fork = await ask<Project>(all, "POST", `projects/${id}/fork`, settings);
  all.made.push(fork);
  const status = () => ask<{ import_status: string }>(all, "GET", `projects/${fork.id}`);
  await until(all, "the fork", async () => {
    const { import_status: state } = await status();
    return state === undefined || state === "finished" || state === "none" ? true : undefined;
  });
  return fork;
}

/** Lets the job tokens of one project read another's files and images. */
export async function letIn(all: Trial, to: Project, from: Project): Promise<void> {
  const list = `projects/${to.id}/job_token_scope/allowlist`;
  await ask(all, "POST", list, { target_project_id: from.id });
}

/** Commits files on what is there, pushes the branch, and gives the commit. */
export async function push(
  all: Trial,
  project: Project,
  branch: string,
  files: Files,
): Promise<string> {
  const folder = join(all.folder, project.path_with_namespace);
  await mkdir(folder, { recursive: true });
  // The token goes by git's environment, never by an argument or a file.
  const login = Buffer.from(`oauth2:${all.token}`).toString("base64");
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${login}`,
  };
  const who = ["-c", "user.name=berth", "-c", "user.email=berth@example.com"];
  const git = async (...args: readonly string[]) => {
    const run = promisify(execFile)("git", ["-C", folder, ...who, ...args], { env });
    return (await run).stdout.trim();
  };
  await git("init", "--quiet", "--initial-branch", branch);
  const address = `${all.url}/${project.path_with_namespace}.git`;
  const old = await git("ls-remote", address, "refs/heads/main");
  if (old !== "") {
    await git("fetch", "--quiet", address, "refs/heads/main");
    await git("reset", "--quiet", "--hard", "FETCH_HEAD");
  }
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await git("add", "--all");
  await git("commit", "--quiet", "--message=Try berth");
  await git("push", "--quiet", address, `HEAD:refs/heads/${branch}`);
  return git("rev-parse", "HEAD");
}

/** Asks one project to take in a branch of another. */
export async function openRequest(all: Trial, from: Project, branch: string, to: Project) {
  const request = { source_branch: branch, target_branch: "main", target_project_id: to.id };
  const path = `projects/${from.id}/merge_requests`;
  await ask(all, "POST", path, { ...request, title: "Try berth" });
}

/** Copies what git tracks here, as it is now. */
export async function copySources(to: string): Promise<void> {
  const top = join(import.meta.dirname, "..");
  const { stdout } = await promisify(execFile)("git", ["-C", top, "ls-files", "-z"]);
  for (const path of stdout.split("\0").filter((one) => one !== ""))
    await cp(join(top, path), join(to, path), { verbatimSymlinks: true });
}

/** Waits until a commit's pipeline has ended, and gives what each job that had a runner said; one that failed is an error. */
export async function passed(
  all: Trial,
  { id }: Project,
  sha: string,
  source = "push",
): Promise<ReadonlyMap<string, string>> {
  const ended = ["success", "failed", "canceled", "skipped"];
  const pipeline = await until(all, `the pipeline of ${sha.slice(0, 12)}`, async () => {
    const found = await ask<Pipeline[]>(
      all,
      "GET",
      `projects/${id}/pipelines?sha=${sha}&source=${source}`,
    );
    return found.find(({ status }) => ended.includes(status));
  });
  const jobs = await ask<Job[]>(all, "GET", `projects/${id}/pipelines/${pipeline.id}/jobs`);
  const traces = new Map<string, string>();
  for (const job of jobs)
    traces.set(
      job.name,
      stripVTControlCharacters(
        await ask<string>(all, "GET", `projects/${id}/jobs/${job.id}/trace`),
      ),
    );
  if (pipeline.status !== "success") {
    const said = jobs
      .filter(({ status }) => status === "failed")
      .map(({ name }) => `${name}:\n${traces.get(name)?.slice(-2000)}`);
    throw new Error(`pipeline ${pipeline.id} is ${pipeline.status}\n${said.join("\n")}`);
  }
  return traces;
}

interface Pipeline {
  readonly id: number;
  readonly status: string;
}

interface Job extends Pipeline {
  readonly name: string;
}

export async function remove(all: Trial, { id, path_with_namespace: path }: Project) {
  await ask(all, "DELETE", `projects/${id}`);
  console.log(`removed ${path}`);
}

async function until<T>(
  { everyMs }: Trial,
  what: string,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const end = Date.now() + longestMs;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(everyMs);
  }
  throw new Error(`${what} took longer than ${longestMs / 60_000} minutes`);
}
