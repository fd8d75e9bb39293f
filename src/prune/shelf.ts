/** What prune asks of a registry, through GitLab's API and of the registry itself. */
import type { GitLab } from "../gitlab/client.ts";
import type { Manifest } from "../oci/manifest.ts";
import { type Repository, withTag } from "../oci/reference.ts";
import { recordRepositoryName } from "../plan/record.ts";
import type { Registry } from "../registry/registry.ts";

/** What a look at one tag tells; a list tells its name alone. */
export interface SeenTag {
  readonly digest?: string | undefined;
  /**
   * When the tag was put, in milliseconds since 1970. Never the time that the image was built, which a
   * retagged image keeps; left out where a registry knows only that.
   */
  readonly taggedAt?: number | undefined;
}

/** What became of a tag that was to be deleted; an outage or a refused login is a `BerthError` instead. */
export type Deletion =
  | { readonly kind: "deleted" }
  | { readonly kind: "gone" }
  /** This tag may not be deleted, such as a protected one. */
  | { readonly kind: "refused"; readonly why: string };

/** The repositories below one base. A repository is named by its path below it, `""` being the base itself. */
export interface Shelf {
  repositories(): Promise<readonly string[]>;
  /** Names, a page at a time, one request each. */
  tags(repository: string): AsyncIterable<readonly string[]>;
  /** What one tag is right now; `undefined` where it is gone. */
  look(repository: string, tag: string): Promise<SeenTag | undefined>;
  manifest(repository: string, tag: string): Promise<Manifest | undefined>;
  deleteTag(repository: string, tag: string): Promise<Deletion>;
}

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
  let ids: ReadonlyMap<string, number> = new Map();
  let times: Promise<boolean> | undefined;
  const at = (path: string) => repositoryAt(base, path);
  const repositories = async () => {
    const listed = await gitlab.repositories(project);
    ids = new Map(
      listed.flatMap(({ id, path, status }) => {
        const below = pathBelow(base, path);
        return below === undefined || status?.startsWith("delete_") ? [] : [[below, id] as const];
      }),
    );
    const paths = [...ids.keys()].sort();
    registry.announce("pull", paths.map(at));
    return paths;
  };
  return {
    repositories,
    tags: (path) => registry.tags(at(path)),
    manifest: (path, tag) => registry.get(withTag(at(path), tag)),
    async look(repository, name) {
      const id = ids.get(repository);
      const tag = id === undefined ? undefined : await gitlab.tag(project, id, name);
      if (tag === undefined) return undefined;
      times ??= tellsTimes(place, ids.get(recordRepositoryName));
      return { digest: tag.digest, taggedAt: (await times) ? tag.createdAt?.getTime() : undefined };
    },
    async deleteTag(repository, name): Promise<Deletion> {
      const id = ids.get(repository);
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
  for await (const names of registry.tags(repositoryAt(base, recordRepositoryName)))
    for (const name of names) {
      const tag = await gitlab.tag(project, records, name);
      if (tag !== undefined) return tag.createdAt !== undefined;
    }
  return false;
}

function pathBelow(base: Repository, path: string): string | undefined {
  if (path === base.path) return "";
  return path.startsWith(`${base.path}/`) ? path.slice(base.path.length + 1) : undefined;
}

/** A repository by its path below a base; `""` is the base itself. */
function repositoryAt(base: Repository, path: string): Repository {
  return path === "" ? base : { host: base.host, path: `${base.path}/${path}` };
}
