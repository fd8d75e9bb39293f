/** A GitLab project on disk that includes the component, and gitlab-ci-local to ask what would run. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type Ended, plainEnv, succeed } from "../support/command.ts";

const top = fileURLToPath(new URL("../../", import.meta.url));
const program = join(top, "node_modules/gitlab-ci-local/dist/index.js");

export type Variables = Readonly<Record<string, string>>;

/** A template with its inputs, as under `include:`. */
export interface Include {
  readonly template: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** A job as `--list-json` tells it: `when` and `allow_failure` are what the rules came to. */
export interface ListedJob {
  readonly name: string;
  readonly stage: string;
  readonly when: string;
  readonly allow_failure: boolean;
  readonly needs?: readonly string[];
  /** As they are written, inputs filled in. */
  readonly rules?: readonly ListedRule[];
}

export interface ListedRule {
  readonly if?: string;
  readonly when?: string;
  readonly allow_failure?: boolean;
}

export interface GitlabProject extends AsyncDisposable {
  readonly folder: string;
  /** Runs gitlab-ci-local; `variables` as a pipeline has them. */
  run(args: readonly string[], variables?: Variables): Promise<Ended>;
  /** All jobs, those that do not run too, by name; an invalid configuration is an error. */
  list(variables?: Variables): Promise<ReadonlyMap<string, ListedJob>>;
}

/** Makes a repository `path` on gitlab.example.com that holds the templates and this pipeline. */
export async function gitlabProject(
  includes: readonly Include[],
  jobs: Readonly<Record<string, unknown>>,
  path = "acme/tools",
): Promise<GitlabProject> {
  const folder = await mkdtemp(join(tmpdir(), "berth-gitlab-"));
  await cp(join(top, "templates"), join(folder, "templates"), { recursive: true });
  const pipeline = stringify({ include: includes.map((each) => printed(path, each)), ...jobs });
  await writeFile(join(folder, ".gitlab-ci.yml"), pipeline);
  await repository(folder, path);
  const run = (args: readonly string[], variables: Variables = {}) =>
    runLocal(folder, [...args, ...given(variables)]);
  return {
    folder,
    run,
    list: async (variables) => {
      const { code, stdout, stderr } = await run(["--list-json"], variables);
      if (code !== 0) throw new Error(`gitlab-ci-local ended with ${code}: ${stdout}${stderr}`);
      const listed = JSON.parse(stdout) as readonly ListedJob[];
      return new Map(listed.map((job) => [job.name, job]));
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

// The path literally, since a pipeline may be told that it runs in another project.
function printed(path: string, { template, inputs }: Include) {
  return { component: `$CI_SERVER_FQDN/${path}/${template}@$CI_COMMIT_SHA`, inputs };
}

async function repository(folder: string, path: string): Promise<void> {
  const git = (...args: string[]) =>
    succeed("git", args, {
      cwd: folder,
      env: plainEnv({ HOME: folder, GIT_CONFIG_NOSYSTEM: "1" }),
    });
  await git("init", "--quiet", "--initial-branch=main");
  await git("config", "user.name", "Test");
  await git("config", "user.email", "test@example.com");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=project");
  await git("remote", "add", "origin", `https://gitlab.example.com/${path}.git`);
  await git("update-ref", "refs/remotes/origin/main", "HEAD");
  await git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main");
}

/** Its output goes to files: gitlab-ci-local ends without waiting until a pipe has taken all of it. */
async function runLocal(folder: string, args: readonly string[]): Promise<Ended> {
  const own = await mkdtemp(join(tmpdir(), "berth-output-"));
  const paths = [join(own, "stdout"), join(own, "stderr")] as const;
  const files = await Promise.all(paths.map((path) => open(path, "w")));
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: plainEnv({ HOME: folder, GIT_CONFIG_NOSYSTEM: "1", NO_COLOR: "1" }),
    stdio: ["ignore", ...files.map(({ fd }) => fd)],
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  await Promise.all(files.map((file) => file.close()));
  const [stdout, stderr] = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  await rm(own, { recursive: true });
  return { code, signal, stdout: stdout ?? "", stderr: stderr ?? "" };
}

// What a test's pipelines and jobs may set; without this a warning comes before the JSON.
const overridden = [
  "CI_COMMIT_BRANCH",
  "CI_DEFAULT_BRANCH",
  "CI_PIPELINE_SOURCE",
  "CI_PROJECT_NAME",
  "CI_PROJECT_NAMESPACE",
  "CI_PROJECT_PATH",
];

/** A branch that is not given is none, where gitlab-ci-local would take the checkout's. */
function given(variables: Variables): readonly string[] {
  return [
    ...["--ignore-predefined-vars", [...overridden, ...Object.keys(variables)].join(",")],
    ...Object.entries(variables).flatMap(([name, value]) => ["--variable", `${name}=${value}`]),
    ...(Object.hasOwn(variables, "CI_COMMIT_BRANCH")
      ? []
      : ["--unset-variable", "CI_COMMIT_BRANCH"]),
  ];
}
