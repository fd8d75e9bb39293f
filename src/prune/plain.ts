/** Any registry and any git remote behind the ports of prune, where no GitLab is known. */

import { parseDigest } from "../oci/digest.ts";
import type { Repository } from "../oci/reference.ts";
import { type Reference, withDigest, withTag } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Git } from "../world.ts";
import type { Activity, Shelf } from "./port.ts";

/**
 * A registry that knows only its tags: no time of tagging, and no list of repositories, so that `repositories`
 * must be known from elsewhere.
 */
export function plainShelf(
  registry: Registry,
  base: Repository,
  repositories: () => Promise<readonly string[]>,
): Shelf {
  return {
    repositories,
    async *tags(repository) {
      for await (const name of registry.tags(repositoryAt(base, repository))) yield { name };
    },
    manifest: (repository, reference) => registry.get(referenceAt(base, repository, reference)),
    async deleteTag(repository, name) {
      const deleted = await registry.deleteTag(withTag(repositoryAt(base, repository), name));
      return { kind: deleted ? "deleted" : "gone" };
    },
  };
}

/** A repository by its path below a base; `""` is the base itself. */
export function repositoryAt(base: Repository, path: string): Repository {
  return path === "" ? base : { host: base.host, path: `${base.path}/${path}` };
}

/** An image there, by tag or digest. */
export function referenceAt(base: Repository, path: string, reference: string): Reference {
  const repository = repositoryAt(base, path);
  const digest = parseDigest(reference);
  return digest === undefined ? withTag(repository, reference) : withDigest(repository, digest);
}

/** The branches of the remote `origin` right now; it knows no merge requests and no pipelines. */
export function remoteActivity(git: Git): Activity {
  return {
    async branches() {
      const text = (await git.run(["ls-remote", "--quiet", "--heads", "origin"])).toString();
      return [...text.matchAll(/^([0-9a-f]+)\trefs\/heads\/(.+)$/gm)].map(
        ([, commit = "", name = ""]) => ({ name, commit }),
      );
    },
    mergeRequests: async () => undefined,
    pipelines: async () => undefined,
  };
}

/** The default branch of `origin`; `undefined` where it does not say. */
export async function remoteDefaultBranch(git: Git): Promise<string | undefined> {
  const text = (await git.run(["ls-remote", "--quiet", "--symref", "origin", "HEAD"])).toString();
  return /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(text)?.[1];
}
