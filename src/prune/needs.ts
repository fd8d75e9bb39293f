/** What commits need: read from git's objects, commit by commit, without a checkout. */
import type { Given } from "../config/given.ts";
import { loadConfig, type NamedConfig } from "../config/load.ts";
import { stateOf } from "../config/state.ts";
import type { Tree } from "../context/tree.ts";
import { BerthError, type ErrorCode } from "../errors.ts";
import { ownTags, setIdOf } from "../image/key.ts";
import { imageOf } from "../image/platforms.ts";
import { parseRepository, type Repository } from "../oci/reference.ts";
import { recordRepositoryName } from "../plan/record.ts";
import { triedRepositoryName } from "../plan/situation.ts";

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
export interface BrokenCommit {
  readonly broken: string;
}

export type ReadCommit = (commit: string) => Promise<CommitNeeds | BrokenCommit>;

/** The configuration that pipelines ran with, beside what a commit holds. */
export interface CommitSettings {
  readonly named?: NamedConfig;
  readonly given?: Given;
  /** Base of upstream's repositories, where that is another project. */
  readonly upstream?: Repository | undefined;
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

async function readCommit(
  tree: Tree,
  settings: CommitSettings,
): Promise<CommitNeeds | BrokenCommit> {
  try {
    return await needsOf(tree, settings);
  } catch (error) {
    if (!(error instanceof BerthError) || !contentErrors.has(error.code)) throw error;
    return { broken: error.message };
  }
}

async function needsOf(tree: Tree, settings: CommitSettings): Promise<CommitNeeds> {
  const config = await loadConfig(tree, settings.named, settings.given);
  // A branch without a single Dockerfile, such as one of web pages, is no mistake here.
  const { images } = await (await stateOf(tree, config, { missing: "skip" })).identify();
  const idWith = (upstream: Repository | undefined) =>
    setIdOf(images, { repository: config.repository, upstream });
  const setId = idWith(settings.upstream);
  const placed = images.map(({ name, key }) => ({
    repository: config.repository.replaceAll("{name}", imageOf(name)),
    key,
  }));
  const places = placed.flatMap(({ repository, key }) =>
    [ownTags.key(key), ownTags.set(setId)].map((tag) => `${repository}:${tag}`),
  );
  const tried = images.map(
    ({ name, key }) => `${triedRepositoryName}/${imageOf(name)}:${ownTags.key(key)}`,
  );
  const record = `${recordRepositoryName}:${ownTags.set(setId)}`;
  return {
    setId,
    setIdWith: (upstream) => idWith(upstream === undefined ? upstream : parseRepository(upstream)),
    images: placed,
    places: images.length === 0 ? [] : [record, ...places, ...tried],
  };
}
