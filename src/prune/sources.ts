/** What prune asks of a project: what is going on in it, which commits its branches were at, and what these need. */
import type { Given } from "../config/config.ts";
import { loadConfig, type NamedConfig, stateOf } from "../config/load.ts";
import { hasCommit, isShallow } from "../context/objects.ts";
import type { Tree } from "../context/tree.ts";
import { type ErrorCode, expected } from "../errors.ts";
import type { GitLab, PipelineFilter } from "../gitlab/client.ts";
import { isDenied, unlessDenied } from "../gitlab/rights.ts";
import { imageOf } from "../image/image.ts";
import { ownTags, type SetPlace, setIdOf } from "../image/key.ts";
import { parseRepository, type Repository } from "../oci/reference.ts";
import { ownTemplate } from "../plan/places.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { triedRepositoryName } from "../plan/situation.ts";
import type { Git } from "../world.ts";
import type { GitLabProject } from "./shelf.ts";

/** Whom prune asks what is needed. */
export interface Sources {
  readonly activity: ReturnType<typeof gitlabActivity>;
  readonly history: ReturnType<typeof gitHistory>;
  readonly readCommit: ReadCommit;
}

/** A branch or merge request, and the commit that it is at. */
export interface Head {
  readonly name: string;
  readonly commit: string;
  /** Of a fork's merge request, whose commits anybody may have written. */
  readonly isFork?: boolean;
}

export interface ProjectPipeline {
  readonly id: number;
  readonly commit: string;
  /** Not ended yet, whatever it waits for. */
  readonly running: boolean;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
}

/** What is going on in a project right now; what a token may not see is `undefined`, which is not the same as none. */
export function gitlabActivity({ gitlab, project }: Pick<GitLabProject, "gitlab" | "project">) {
  return {
    /** All of them; a failure to list them is an error. */
    branches: (): Promise<readonly Head[]> => gitlab.branches(project),
    /** The open ones. */
    async mergeRequests(): Promise<readonly Head[] | undefined> {
      const open = await unlessDenied(gitlab.openMergeRequests(project));
      if (isDenied(open)) return undefined;
      const heads = open.flatMap(({ iid, sha, isFork }) =>
        sha === undefined ? [] : [{ name: `!${iid}`, commit: sha, isFork }],
      );
      return heads.length === open.length ? heads : undefined;
    },
    /** Those that run, and those begun since. */
    async pipelines(since: Date): Promise<readonly ProjectPipeline[] | undefined> {
      const updatedAfter = since.toISOString();
      const filters: readonly PipelineFilter[] = [
        { updatedAfter },
        { updatedAfter, source: "parent_pipeline" },
        ...unfinished.map((status) => ({ status })),
      ];
      const found = new Map<number, ProjectPipeline>();
      for (const filter of filters) {
        const listed = await unlessDenied(gitlab.pipelines(project, filter));
        if (isDenied(listed)) return undefined;
        for (const pipeline of listed) found.set(pipeline.id, pipelineOf(pipeline, since));
      }
      return [...found.values()];
    },
  };
}

const unfinished = ["running", "pending", "created", "preparing", "waiting_for_resource"] as const;
/** In any other state, such as `manual`, a pipeline may go on with the images that it began with. */
const ended = ["success", "failed", "canceled", "skipped"];

type Listed = Awaited<ReturnType<GitLab["pipelines"]>>[number];

function pipelineOf({ id, sha, status, createdAt }: Listed, since: Date): ProjectPipeline {
  const running = !ended.includes(status);
  return { id, commit: sha, running, begunAt: (createdAt ?? since).getTime() };
}

/** The commits that a branch was at within some days, from a clone that may hold only a part of them. */
export function gitHistory(git: Git) {
  let whole: Promise<void> | undefined;
  /** Makes sure that a commit is here, fetching it where it is not. */
  const bring = async (commit: string): Promise<void> => {
    if (await hasCommit(git, commit)) return;
    const flags = ["--quiet", "--no-tags", ...(await filter(git))];
    await git.run(["fetch", ...flags, "--", "origin", commit]);
  };
  return {
    bring,
    /**
     * The commits of a branch since a time, its head, and the commit that it was at before: all that may have
     * been its head. Fails where the clone cannot be completed.
     */
    async headsSince(head: string, since: Date): Promise<readonly string[]> {
      await bring(head);
      whole ??= completeHistory(git);
      await whole;
      const seconds = Math.floor(since.getTime() / 1000);
      const [recent, before] = await Promise.all([
        revisions(git, [`--max-age=${seconds}`, head]),
        revisions(git, ["--first-parent", `--min-age=${seconds}`, "--max-count=1", head]),
      ]);
      return [...new Set([head, ...recent, ...before])];
    },
  };
}

async function revisions(git: Git, args: readonly string[]): Promise<readonly string[]> {
  const text = (await git.run(["rev-list", ...args])).toString();
  return text.split("\n").filter((line) => line !== "");
}

/** Contents are left to be fetched when they are read. */
async function completeHistory(git: Git): Promise<void> {
  if (!(await isShallow(git))) return;
  await git.run(["fetch", "--quiet", "--no-tags", "--unshallow", "--filter=blob:none", "origin"]);
}

/** A partial or shallow clone takes commits without their files; a full one stays full. */
async function filter(git: Git): Promise<readonly string[]> {
  const partial = await git.test(["config", "--get", "remote.origin.promisor"]);
  return partial || (await isShallow(git)) ? ["--filter=blob:none"] : [];
}

/** The images and members of one commit, as a pipeline of that commit would name them. */
export interface CommitNeeds {
  readonly setId: string;
  /** The id that a pipeline with another upstream, or none, would give the set. */
  readonly setIdWith: (upstream: string | undefined) => string;
  readonly images: readonly { readonly repository: string; readonly key: string }[];
  /** Places, `repository:tag`, that a pipeline of this commit may read. */
  readonly places: readonly string[];
}

/** A commit whose files no berth could have planned: it needs nothing, and never did. */
interface BrokenCommit {
  readonly broken: string;
}

export type ReadCommit = (commit: string) => Promise<CommitNeeds | BrokenCommit>;

/** The configuration that pipelines ran with, beside what a commit holds. */
export interface CommitSettings {
  readonly named?: NamedConfig | undefined;
  readonly given?: Given;
  /** Base of upstream's repositories, where that is another project. */
  readonly upstream?: Repository | undefined;
  /** The same of runs that nobody believes, whose registry is below `try`. */
  readonly upstreamOfTried?: Repository | undefined;
}

const contentErrors: ReadonlySet<ErrorCode> = new Set([
  "CONFIG_INVALID",
  "DOCKERFILE_INVALID",
  "CONTEXT_INVALID",
  "REFERENCE_INVALID",
  "IMAGE_CYCLE",
]);

/**
 * Makes a reader that asks about each commit once.
 *
 * Whatever is wrong with the repository rather than with the commit's files is thrown, and asked again next time.
 */
export function commitReader(
  treeAt: (commit: string) => Promise<Tree>,
  settings: CommitSettings = {},
): ReadCommit {
  const known = new Map<string, CommitNeeds | BrokenCommit>();
  return async (commit) => {
    const found = known.get(commit) ?? (await readCommit(await treeAt(commit), settings));
    known.set(commit, found);
    return found;
  };
}

function readCommit(tree: Tree, settings: CommitSettings): Promise<CommitNeeds | BrokenCommit> {
  return needsOf(tree, settings).catch(
    expected((error) => {
      if (!contentErrors.has(error.code)) throw error;
      return { broken: error.message };
    }),
  );
}

async function needsOf(tree: Tree, settings: CommitSettings): Promise<CommitNeeds> {
  const config = await loadConfig(tree, settings.named, settings.given);
  // A branch without a single Dockerfile, such as one of web pages, is no mistake here.
  const { images } = await (await stateOf(tree, config, { missing: "skip" })).identify();
  const { repository } = config;
  const { upstream, upstreamOfTried } = settings;
  const idWith = (other: Repository | undefined) =>
    setIdOf(images, { repository, upstream: other });
  const placedBy = (template: string) =>
    images.map(({ name, key }) => ({
      repository: template.replaceAll("{name}", imageOf(name)),
      key,
    }));
  const placesBelow = (folder: string, place: SetPlace) => {
    const set = ownTags.set(setIdOf(images, place));
    const tagged = placedBy(place.repository).flatMap(({ repository: path, key }) =>
      [ownTags.key(key), set].map((tag) => `${folder}${path}:${tag}`),
    );
    return [`${folder}${recordRepositoryName}:${set}`, ...tagged];
  };
  const tried = { repository: ownTemplate({ untrusted: "" }, config), upstream: upstreamOfTried };
  const places = [
    ...placesBelow("", { repository, upstream }),
    ...placesBelow(`${triedRepositoryName}/`, tried),
  ];
  return {
    setId: idWith(upstream),
    setIdWith: (text) => idWith(text === undefined ? text : parseRepository(text)),
    images: placedBy(repository),
    places: images.length === 0 ? [] : places,
  };
}
