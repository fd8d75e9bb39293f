/** GitLab behind the ports of prune. */

import type { GitLab, PipelineFilter } from "../gitlab/client.ts";
import { isDenied, unlessDenied } from "../gitlab/rights.ts";
import type { Repository } from "../oci/reference.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";
import { referenceAt, repositoryAt } from "./plain.ts";
import type { Activity, Deletion, ProjectPipeline, Shelf } from "./port.ts";

/** A project of GitLab and the base of its repositories. */
export interface GitLabProject {
  readonly gitlab: GitLab;
  readonly registry: Registry;
  /** Number or full path. */
  readonly project: number | string;
  readonly base: Repository;
}

/**
 * The registry of a project: repositories and single tags through GitLab's API, lists of tags and manifests
 * from the registry itself, whose pages are ten times as long.
 */
export function gitlabShelf(place: GitLabProject): Shelf {
  const { gitlab, registry, project, base } = place;
  const ids = new Map<string, number>();
  let times: Promise<boolean> | undefined;
  const idOf = (repository: string): number | undefined => ids.get(repository);
  return {
    async repositories() {
      ids.clear();
      for (const { id, path, status } of await gitlab.repositories(project)) {
        const below = pathBelow(base, path);
        if (below !== undefined && !status?.startsWith("delete_")) ids.set(below, id);
      }
      registry.announce(
        "pull",
        [...ids.keys()].map((path) => repositoryAt(base, path)),
      );
      return [...ids.keys()].sort();
    },
    async *tags(repository) {
      for await (const name of registry.tags(repositoryAt(base, repository))) yield { name };
    },
    async look(repository, name) {
      const id = idOf(repository);
      const tag = id === undefined ? undefined : await gitlab.tag(project, id, name);
      if (tag === undefined) return undefined;
      times ??= tellsTimes(place, ids.get(recordRepositoryName));
      const taggedAt = (await times) ? tag.createdAt?.getTime() : undefined;
      return { name, digest: tag.digest, taggedAt };
    },
    manifest: (repository, reference) => registry.get(referenceAt(base, repository, reference)),
    async deleteTag(repository, name): Promise<Deletion> {
      const id = idOf(repository);
      if (id === undefined) return { kind: "gone" };
      const deletion = await gitlab.deleteTag(project, id, name);
      return deletion.kind === "refused"
        ? { kind: "refused", why: `${deletion.said}; ${deletion.hint}` }
        : deletion;
    },
  };
}

/**
 * Whether this GitLab tells when a tag was put. Without a metadata database it tells when the image was built
 * instead, by the image's config; and the config of a set record names no time.
 */
async function tellsTimes(place: GitLabProject, records: number | undefined): Promise<boolean> {
  const { gitlab, registry, project, base } = place;
  if (records === undefined) return false;
  for await (const name of registry.tags(repositoryAt(base, recordRepositoryName))) {
    const tag = await gitlab.tag(project, records, name);
    if (tag !== undefined) return tag.createdAt !== undefined;
  }
  return false;
}

function pathBelow(base: Repository, path: string): string | undefined {
  if (path === base.path) return "";
  return path.startsWith(`${base.path}/`) ? path.slice(base.path.length + 1) : undefined;
}

/** The branches, open merge requests and pipelines of a project; what a token may not see is `undefined`. */
export function gitlabActivity({
  gitlab,
  project,
}: Pick<GitLabProject, "gitlab" | "project">): Activity {
  return {
    branches: () => gitlab.branches(project),
    async mergeRequests() {
      const open = await unlessDenied(gitlab.openMergeRequests(project));
      if (isDenied(open)) return undefined;
      const heads = open.flatMap(({ iid, sha }) =>
        sha === undefined ? [] : [{ name: `!${iid}`, commit: sha }],
      );
      return heads.length === open.length ? heads : undefined;
    },
    async pipelines(since) {
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
/** These wait for a person or a time, and go on with the images that they began with. */
const waiting = ["manual", "scheduled", "canceling"];

type Listed = Awaited<ReturnType<GitLab["pipelines"]>>[number];

function pipelineOf({ id, sha, status, createdAt }: Listed, since: Date): ProjectPipeline {
  const running = [...unfinished, ...waiting].some((one) => one === status);
  return { id, commit: sha, running, begunAt: (createdAt ?? since).getTime() };
}
