/** A job as GitLab gives it to a runner (gitlab-runner: common/spec/spec.go). */
import type { PlainMap } from "../../../src/pipelines/tree.ts";
import { listed, type Variable } from "../../../src/pipelines/variables.ts";
import type { Attempt, RunJob } from "./jobs.ts";

interface Server {
  readonly url: string;
  readonly registry: string;
}

/** What the runner needs of a job that it takes, and of those whose files and variables the job gets. */
export function jobResponse(attempt: Attempt, given: readonly Attempt[], server: Server): object {
  const { record, job } = attempt;
  const { made, pipeline } = job;
  const { options } = made;
  const { project, sha } = pipeline.facts;
  const { token } = record;
  const seconds = Number(options["timeout"] ?? 3600);
  return {
    id: record.id,
    token,
    allow_git_fetch: true,
    job_info: {
      id: record.id,
      name: made.name,
      stage: made.stage,
      project_id: project.id,
      project_name: project.path.split("/").at(-1),
      project_full_path: project.path,
      pipeline_id: pipeline.facts.id,
      user_id: 1,
    },
    git_info: {
      repo_url: `${server.url.replace("://", `://gitlab-ci-token:${token}@`)}/${project.path}.git`,
      ref: pipeline.facts.ref,
      sha,
      before_sha: "0".repeat(40),
      ref_type: pipeline.start.tag === undefined ? "branch" : "tag",
      refspecs: refspecsOf(job),
      depth: 20,
      repo_object_format: "sha1",
    },
    runner_info: { timeout: seconds },
    variables: told(allVariables(attempt, given)),
    steps: stepsOf(options, seconds),
    image: imageOf(options["image"]),
    services: ((options["services"] ?? []) as readonly PlainMap[]).map(serviceOf),
    artifacts: artifactsOf(options["artifacts"] as PlainMap | undefined),
    cache: toldCaches(options, record.env["CI_COMMIT_REF_PROTECTED"] === "true"),
    credentials: [
      { type: "registry", url: server.registry, username: "gitlab-ci-token", password: token },
    ],
    dependencies: given.flatMap(({ record: { id }, job: { made }, archive }) =>
      archive === undefined
        ? []
        : [
            {
              id,
              name: made.name,
              token,
              artifacts_file: { filename: "artifacts.zip", size: archive.size },
            },
          ],
    ),
    features: { trace_sections: true, failure_reasons: failureReasons },
  };
}

/** F8: those of protected branches and tags are apart, unless a cache says otherwise. */
function toldCaches({ cache = [] }: PlainMap, isProtected: boolean): readonly object[] {
  return (cache as readonly PlainMap[]).map(({ key, unprotect, ...other }) => {
    const side = isProtected && unprotect !== true ? "protected" : "non_protected";
    return { ...other, key: `${key}-${side}` };
  });
}

/** Those that this runner may name (D15); others it names by the nearest of these (F21). */
const failureReasons = [
  ...["unknown_failure", "script_failure", "api_failure", "stuck_or_timeout_failure"],
  ...["runner_system_failure", "runner_unsupported", "job_execution_timeout"],
];

/** F5: a pipeline's own ref, and the branch or tag that it is for; merge requests have no other. */
function refspecsOf({ pipeline: { facts, start } }: RunJob): readonly string[] {
  const own = `+refs/pipelines/${facts.id}:refs/pipelines/${facts.id}`;
  if (start.request !== undefined) return [own];
  const { ref } = facts;
  return start.tag === undefined
    ? [own, `+refs/heads/${ref}:refs/remotes/origin/${ref}`]
    : [own, `+refs/tags/${ref}:refs/tags/${ref}`];
}

const runners = ["CI_BUILDS_DIR", "CI_PROJECT_DIR", "CI_JOB_STATUS"];

/** C1: the lowest first; what other jobs' reports say is above the configuration and below settings. */
export function allVariables(
  { record, job }: Attempt,
  given: readonly Attempt[],
): readonly Variable[] {
  const all = listed(record.env).filter(({ key }) => !runners.includes(key));
  const isUsers = ({ key }: Variable) => key.startsWith("GITLAB_USER_");
  return [
    ...all.filter((each) => !isUsers(each)),
    ...[...job.made.variables].reverse(),
    ...all.filter(isUsers),
    ...given.flatMap(({ dotenv }) => dotenv),
    ...job.pipeline.settings,
  ];
}

const secrets = ["CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD", "CI_DEPENDENCY_PROXY_PASSWORD"];

/** C2, C3: expanded in one another; references to what is raw or not there stay as they are. */
function told(variables: readonly Variable[]): readonly object[] {
  const values = expanded(variables);
  return [...values].map(([key, { value, raw }]) => {
    const isSecret = secrets.includes(key);
    return { key, value, public: !isSecret, masked: isSecret, ...(raw ? { raw } : {}) };
  });
}

interface Final {
  readonly value: string;
  readonly raw: boolean;
}

/** The last of each name, expanded; what names itself stays. */
export function expanded(variables: readonly Variable[]): ReadonlyMap<string, Final> {
  const last = new Map(variables.map((each) => [each.key, each]));
  const done = new Map<string, Final>();
  const finalOf = ({ key, value, raw = false }: Variable, above: readonly string[]): Final => {
    const known = done.get(key);
    if (known !== undefined) return known;
    const text = raw
      ? value
      : value.replace(
          /\$\$|%%|\$([a-z_]\w*)|\$\{([a-z_]\w*)\}|%([a-z_]\w*)%/gi,
          (whole, plain, braced, percent) => {
            const other = last.get(plain ?? braced ?? percent ?? "");
            if (other === undefined || other.raw || [...above, key].includes(other.key))
              return whole;
            return finalOf(other, [...above, key]).value;
          },
        );
    const made = { value: text, raw };
    done.set(key, made);
    return made;
  };
  for (const variable of last.values()) finalOf(variable, []);
  return done;
}

/** F6: one script, and what comes after it whatever became of it. */
function stepsOf(options: PlainMap, timeout: number): readonly object[] {
  const lines = (key: string) => (options[key] ?? []) as readonly string[];
  const script = [...lines("before_script"), ...lines("script")];
  const after = lines("after_script");
  const main = { name: "script", script, timeout, when: "on_success", allow_failure: false };
  return after.length === 0
    ? [main]
    : [main, { name: "after_script", script: after, timeout, when: "always", allow_failure: true }];
}

function imageOf(image: unknown): object | null {
  if (image === undefined) return null;
  const { name, entrypoint, pull_policy, executor_opts = {} } = image as PlainMap;
  return { name, entrypoint, pull_policy, executor_opts };
}

function serviceOf(service: PlainMap): object {
  const { alias, command, variables = {} } = service;
  const values = listed(variables as Record<string, string>);
  return { ...imageOf(service), alias, command, variables: values };
}

const reports: Readonly<Record<string, string>> = { dotenv: ".env", junit: "junit.xml" };

/** F8: an archive only where it has something in it, and a compressed file for each report. */
function artifactsOf(artifacts: PlainMap | undefined): readonly object[] {
  if (artifacts === undefined) return [];
  const { paths, untracked, exclude, when = "on_success", expire_in, reports: named } = artifacts;
  const archive =
    paths === undefined && untracked === undefined
      ? []
      : [
          {
            ...{ paths, untracked, exclude, when, expire_in },
            artifact_type: "archive",
            artifact_format: "zip",
          },
        ];
  return [
    ...archive,
    ...Object.entries((named ?? {}) as PlainMap).map(([type, from]) => ({
      ...{ name: reports[type], paths: from, when: "always", expire_in },
      artifact_type: type,
      artifact_format: "gzip",
    })),
  ];
}
