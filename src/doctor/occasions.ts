/** The pipelines that matter to a project, upstream and in a fork: which they are follows from what its files ask for. */
import { slugOf } from "../config/promoted.ts";
import { compilePattern } from "../pipelines/expression.ts";
import type { Occasion } from "../pipelines/ports.ts";
import { listed } from "../pipelines/variables.ts";

/** Who makes pipelines of the files: both projects by their full paths. */
export interface CiProject {
  readonly upstream: string;
  readonly fork: string;
  readonly defaultBranch: string;
  /** Hosts of GitLab and of its registry. */
  readonly server: string;
  readonly registry: string;
  /** Begins the names of the variables that ask for pipelines. */
  readonly prefix: string;
  /** Branches that promote, as `publish` names them. */
  readonly promoting: readonly string[];
  /** Variables of the settings, which no file tells. */
  readonly settings: Readonly<Record<string, string>>;
}

/** One pipeline that may come about. */
export interface PipelineCase {
  readonly title: string;
  readonly isUpstream: boolean;
  readonly event: "push" | "push with request" | "tag" | "schedule" | "request";
  readonly occasion: Occasion;
}

interface Happening extends Pick<PipelineCase, "title" | "event"> {
  readonly ref: string;
  readonly isFork?: boolean;
  readonly settings?: Readonly<Record<string, string>>;
}

const topic = "topic";
const mostBranches = 5;

/** `words` are all texts of the configuration, with inputs in place. */
export function casesOf(project: CiProject, words: readonly string[]): readonly PipelineCase[] {
  const { prefix, defaultBranch, fork } = project;
  const asks = words.some((word) => new RegExp(`\\$${prefix}\\b *[!=]=`).test(word));
  const plays = words.some((word) => word.includes(`$${prefix}_UPSTREAM`));
  const branches = branchesOf(project, words);
  const pushed: Happening = { title: "push", event: "push", ref: topic };
  const push = (ref: string): Happening => ({ ...pushed, title: `push to ${ref}`, ref });
  const schedule: Happening = {
    title: `schedule on ${defaultBranch}`,
    event: "schedule",
    ref: defaultBranch,
  };
  const inFork = (happening: Happening, settings: Happening["settings"] = {}): Happening => {
    const given = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    const title = [`fork: ${happening.title}`, ...given].join(", ");
    return { ...happening, title, isFork: true, settings };
  };
  const played = { [`${prefix}_UPSTREAM`]: fork.slice(0, fork.lastIndexOf("/")) };
  const happenings: readonly Happening[] = [
    push(defaultBranch),
    { ...pushed, title: "push to another branch" },
    { title: "the same with a merge request", event: "push with request", ref: topic },
    ...branches.map(push),
    { title: "push of a tag", event: "tag", ref: samplesOf("COMMIT_TAG", words)[0] ?? "v1.0.0" },
    schedule,
    { title: "merge request of a branch", event: "request", ref: topic },
    { title: "merge request of a fork", event: "request", ref: topic, isFork: true },
    inFork(pushed),
    ...(asks ? ["1", "2"] : []).map((value) => inFork(pushed, { [prefix]: value })),
    inFork(schedule),
    ...(plays ? [inFork(push(branches[0] ?? defaultBranch), played)] : []),
  ];
  return happenings.map((happening) => caseOf(project, happening));
}

/** Branches that rules or `publish` tell apart from others. */
function branchesOf(project: CiProject, words: readonly string[]): readonly string[] {
  const promoting = project.promoting
    .filter((branch) => branch !== "{default}")
    .map((branch) => branch.replaceAll("*", "9.2"));
  const all = new Set([...promoting, ...samplesOf("COMMIT_(?:BRANCH|REF_NAME)", words)]);
  const others = [...all].filter((branch) => branch !== project.defaultBranch && branch !== topic);
  return others.slice(0, mostBranches);
}

/** Values with which a predefined variable fits what conditions compare it with. */
export function samplesOf(variable: string, words: readonly string[]): readonly string[] {
  const compared = new RegExp(
    `\\$CI_${variable}\\s*[!=][=~]\\s*(?:"([^"$]+)"|'([^'$]+)'|(/(?:[^/\\\\]|\\\\.)+/))`,
    "g",
  );
  const found = words.flatMap((word) => [...word.matchAll(compared)]);
  const samples = found.map(([, one, other, pattern]) => one ?? other ?? sampleOf(pattern ?? ""));
  return [...new Set(samples)].filter((sample) => sample !== undefined);
}

/** A name that fits a pattern: how it begins, where that is a name, or with a number behind. */
function sampleOf(pattern: string): string | undefined {
  const compiled = compilePattern(pattern);
  const [, written = ""] = /^\/[\^(?:]*((?:\\[^\w]|[\w-])*)/.exec(pattern) ?? [];
  const begin = written.replaceAll("\\", "");
  const names = /\w$/.test(begin) ? [begin] : [];
  return [...names, `${begin}9.2`, `${begin}9`, `${begin}9.2.1`].find((name) =>
    compiled?.matcher(name).find(),
  );
}

const kinds = {
  push: { kind: "branch", source: "push" },
  "push with request": { kind: "branch", source: "push" },
  tag: { kind: "tag", source: "push" },
  schedule: { kind: "branch", source: "schedule" },
  request: { kind: "merge_request", source: "merge_request_event" },
} as const;

function caseOf(
  project: CiProject,
  { title, event, ref, isFork = false, settings = {} }: Happening,
): PipelineCase {
  const { kind, source } = kinds[event];
  const path = isFork ? project.fork : project.upstream;
  const predefined = {
    ...projectVariables(project, path),
    CI_PROJECT_ID: idOf(project, path),
    ...(event === "request" ? requestVariables(project, path, ref) : {}),
    ...(event === "push with request" ? opened(project) : {}),
    ...(kind === "branch" ? { CI_COMMIT_BRANCH: ref } : {}),
    ...(kind === "tag" ? { CI_COMMIT_TAG: ref } : {}),
    CI_PIPELINE_SOURCE: source,
    CI_COMMIT_REF_NAME: ref,
    CI_COMMIT_REF_SLUG: slugOf(ref),
    CI_COMMIT_REF_PROTECTED: String(!isFork && ref !== topic),
  };
  return {
    title,
    isUpstream: !isFork,
    event,
    occasion: {
      ...{ source, ref, kind, project: path },
      predefined: listed(predefined),
      settings: listed({ ...project.settings, ...settings }),
    },
  };
}

type Values = Readonly<Record<string, string>>;

function projectVariables({ server, registry, defaultBranch }: CiProject, path: string): Values {
  const parts = path.split("/");
  return {
    CI: "true",
    GITLAB_CI: "true",
    CI_SERVER_HOST: server,
    CI_SERVER_FQDN: server,
    CI_SERVER_URL: `https://${server}`,
    CI_PROJECT_PATH: path,
    CI_PROJECT_NAME: parts.at(-1) ?? "",
    CI_PROJECT_NAMESPACE: parts.slice(0, -1).join("/"),
    CI_PROJECT_ROOT_NAMESPACE: parts[0] ?? "",
    CI_PROJECT_URL: `https://${server}/${path}`,
    CI_PROJECT_VISIBILITY: "public",
    CI_DEFAULT_BRANCH: defaultBranch,
    CI_REGISTRY: registry,
    CI_REGISTRY_IMAGE: `${registry}/${path.toLowerCase()}`,
  };
}

/** Numbers that tell both projects apart. */
function idOf({ upstream }: CiProject, path: string): string {
  return path === upstream ? "1" : "2";
}

function opened({ upstream }: CiProject): Values {
  return { CI_OPEN_MERGE_REQUESTS: `${upstream}!1` };
}

/** Of a merge request that is not merged for its pipeline: heads of branches are told as empty. */
function requestVariables(project: CiProject, source: string, ref: string): Values {
  const { server, upstream, defaultBranch } = project;
  const side = (branch: string, own: string, name: string, path: string): Values => ({
    [`CI_MERGE_REQUEST_${branch}_NAME`]: name,
    [`CI_MERGE_REQUEST_${branch}_PROTECTED`]: String(name === defaultBranch),
    [`CI_MERGE_REQUEST_${branch}_SHA`]: "",
    [`CI_MERGE_REQUEST_${own}_ID`]: idOf(project, path),
    [`CI_MERGE_REQUEST_${own}_PATH`]: path,
    [`CI_MERGE_REQUEST_${own}_URL`]: `https://${server}/${path}`,
  });
  return {
    ...opened(project),
    CI_MERGE_REQUEST_ID: "1",
    CI_MERGE_REQUEST_IID: "1",
    CI_MERGE_REQUEST_TITLE: "A change",
    CI_MERGE_REQUEST_EVENT_TYPE: "detached",
    CI_MERGE_REQUEST_REF_PATH: "refs/merge-requests/1/head",
    CI_MERGE_REQUEST_DIFF_BASE_SHA: "0".repeat(40),
    CI_MERGE_REQUEST_SQUASH_ON_MERGE: "false",
    ...side("TARGET_BRANCH", "PROJECT", defaultBranch, upstream),
    ...side("SOURCE_BRANCH", "SOURCE_PROJECT", ref, source),
  };
}
