/** A job as GitLab gave it to the runner, which no variable of the job's changes, and what berth is told of it and logs in with. */
import { BerthError } from "../errors.ts";
import { readObject } from "../json.ts";
import {
  type CredentialSources,
  type Credentials,
  normalHost,
  printAuthFile,
  resolveCredentials,
} from "../registry/credentials.ts";
import type { Env } from "../world.ts";
import * as z from "../zod.ts";

/** The runner hands on an empty text where the job says nothing. */
const docker = z.looseObject({
  user: z.nullish(z.union([z.string(), z.number()])),
  platform: z.nullish(z.string()),
});

const image = z.looseObject({
  name: z.string(),
  alias: z.nullish(z.string()),
  entrypoint: z.nullish(z.array(z.string())),
  command: z.nullish(z.array(z.string())),
  variables: z.nullish(z.array(z.looseObject({ key: z.string(), value: z.string() }))),
  executor_opts: z.nullish(z.looseObject({ docker: z.nullish(docker) })),
});

/** gitlab-runner: common/spec/spec.go */
const response = z.looseObject({
  token: z.string(),
  job_info: z.looseObject({ project_id: z.int(), project_full_path: z.string() }),
  git_info: z.looseObject({
    repo_url: z.string(),
    sha: z.string(),
    refspecs: z.array(z.string()),
  }),
  variables: z.array(z.looseObject({ key: z.string(), public: z.nullish(z.boolean()) })),
  image,
  services: z.nullish(z.array(image)),
  cache: z.nullish(z.array(z.any())),
  credentials: z.nullish(
    z.array(z.looseObject({ url: z.string(), username: z.string(), password: z.string() })),
  ),
});

/** An image of a job or of one of its services, and how it is to be run. */
export type WantedImage = z.output<typeof image>;

/** The platform that a job asks for, such as `linux/arm64`. */
export function platformOf({ executor_opts }: WantedImage): string | undefined {
  return executor_opts?.docker?.platform || undefined;
}
export type Job = z.output<typeof response>;

/** Reads the file JOB_RESPONSE_FILE. */
export function parseJob(text: string): Job {
  const read = response.safeParse(readObject(text), z.once);
  if (read.success) return read.data;
  const what = read.error.issues.map(({ path }) => path.join(".")).join(", ");
  throw new BerthError("USAGE", `read the job that the runner hands on: not as expected: ${what}`, {
    hint: "this is called by GitLab Runner, from version 17 on; see berth executor install",
  });
}

/**
 * Whose jobs may use what this one makes, beside its project: a merge request's code may be anybody's.
 *
 * Its refspecs tell, for a merge request has none but its pipeline's own.
 */
export function circleOf({ git_info: { refspecs } }: Job): "branches" | "requests" {
  const isRef = refspecs.some((spec) => /^\+?refs\/(?:heads|tags)\//.test(spec));
  return isRef ? "branches" : "requests";
}

/** The name in `berth://NAME`; `undefined` for every other image. */
export function berthName({ name }: WantedImage): string | undefined {
  return /^berth:\/\/(.+)$/.exec(name)?.[1];
}

/** All variables of a job, as the runner gives them. */
export function jobVariables(env: Env): Readonly<Record<string, string>> {
  const pairs = Object.entries(env).map(([name, value = ""]) => [
    /^CUSTOM_ENV_(.+)$/.exec(name)?.[1] ?? "",
    value,
  ]);
  return Object.fromEntries(pairs.filter(([name]) => name !== ""));
}

/**
 * The environment in which a job's image is looked for and built: the host's, with those of GitLab's variables that tell where.
 * What decides what is believed follows from what GitLab gave the runner. There are no merges and no schedules here: an
 * image is built where it is missing, and for no other reason.
 */
export function sessionEnv(env: Env, job: Job): Env {
  const told = jobVariables(env);
  const isOfUse = /^(?:CI|CI_.*|[A-Z][A-Z0-9_]*_UPSTREAM)$/;
  const login = job.credentials?.find(({ url }) => url !== told["CI_DEPENDENCY_PROXY_SERVER"]);
  const isBranch = circleOf(job) === "branches";
  return {
    ...env,
    ...Object.fromEntries(Object.entries(told).filter(([name]) => isOfUse.test(name))),
    DOCKER_AUTH_CONFIG: told["DOCKER_AUTH_CONFIG"],
    CI_REGISTRY: login?.url,
    CI_REGISTRY_USER: login?.username,
    CI_REGISTRY_PASSWORD: login?.password,
    CI_REGISTRY_IMAGE: login && `${login.url}/${job.job_info.project_full_path.toLowerCase()}`,
    CI_SERVER_URL: repositoryOf(job).origin,
    CI_PIPELINE_SOURCE: undefined,
    CI_MERGE_REQUEST_EVENT_TYPE: undefined,
    // Without it a merge request is another project's.
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: undefined,
    CI_MERGE_REQUEST_IID: isBranch ? undefined : "0",
    // Chroot is no fence between a host and what strangers run on it.
    BUILDAH_ISOLATION: "oci",
  };
}

/** The address of the job's repository, without the login in it. */
export function repositoryOf({ git_info: { repo_url } }: Job): URL {
  return Object.assign(new URL(repo_url), { username: "", password: "" });
}

/** Logs git in at the job's server alone, by its environment: no command line and no file tells. */
export function gitLogin(job: Job): Env {
  const word = Buffer.from(`gitlab-ci-token:${job.token}`).toString("base64");
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${repositoryOf(job).origin}/.extraHeader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${word}`,
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
}

/**
 * Gives the logins that serve a job: its own, and the host's for registries that the host's configuration names.
 *
 * A job's own logins come from its variables, and from no file or program of the host's: what a job writes into
 * DOCKER_AUTH_CONFIG would else choose one.
 */
export function loginsFor(host: CredentialSources, hosts: readonly string[]) {
  return async (job: CredentialSources): Promise<Credentials> => {
    const none = { exitCode: undefined, signal: undefined, stdout: "", stderr: "" };
    const run = async () => ({ ...none, missing: true, timedOut: false });
    const own = await resolveCredentials({ ...job, run, read: async () => undefined });
    const lent = await resolveCredentials(host);
    const isLent = (name: string) => hosts.some((one) => normalHost(one) === normalHost(name));
    const forHost = async (name: string) =>
      (await own.forHost(name)) ?? (isLent(name) ? lent.forHost(name) : undefined);
    return {
      forHost,
      async authFileFor(names) {
        const found = names.map(async (name) => [name, await forHost(name)] as const);
        return printAuthFile(await Promise.all(found));
      },
    };
  };
}
