/** What an image can be compared with: an image in a registry, or a commit. */
import { commitOf, isCommit } from "../context/objects.ts";
import { keyOfTag } from "../image/key.ts";
import { printReference, type Reference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Git } from "../world.ts";

export interface Against {
  /** As people call it, such as `latest`. */
  readonly label: string;
  /** The image, by digest; `null` where it is a commit. */
  readonly reference: string | null;
  /** The commit, whether or not the clone has it; `null` where the image names none. */
  readonly revision: string | null;
  /** The key that the image says it has. */
  readonly key: string | null;
}

/** Looks up an image; `undefined` where there is none. */
export async function imageAgainst(
  reference: Reference,
  label: string,
  registry: Pick<Registry, "get">,
): Promise<Against | undefined> {
  const manifest = await registry.get(reference);
  if (manifest === undefined) return undefined;
  const { annotations } = manifest.content;
  return {
    label,
    reference: printReference(withDigest(reference, manifest.descriptor.digest)),
    revision: annotations["org.opencontainers.image.revision"] ?? null,
    key: keyOfTag(annotations["berth.key"]) ?? annotations["berth.key"] ?? null,
  };
}

/** Resolves a revision; `undefined` where the clone has no such commit. */
export async function revisionAgainst(
  rev: string,
  git: Git,
  label = rev,
): Promise<Against | undefined> {
  const revision = await commitOf(git, rev);
  return revision === undefined ? undefined : { label, reference: null, revision, key: null };
}

/** The commit that an image says it is of, where this clone has it; an annotation may say anything. */
export async function commitHere(said: string, git: Git): Promise<string | undefined> {
  return isCommit(said) ? commitOf(git, said) : undefined;
}

/**
 * The commit that work on a branch began at; on the default branch itself the one before.
 *
 * `dirty` says that the files are not those of `head`, which is then what they are compared with.
 */
export async function startAgainst(
  head: string,
  dirty: boolean,
  defaultBranch: string | undefined,
  git: Git,
): Promise<Against | undefined> {
  const names = [...(defaultBranch === undefined ? [] : [defaultBranch]), "HEAD", "main", "master"];
  for (const name of names.flatMap((one) => [`origin/${one}`, ...(one === "HEAD" ? [] : [one])])) {
    if ((await commitOf(git, name)) === undefined) continue;
    const base = await git.run(["merge-base", head, name]).catch(() => undefined);
    const revision = base?.toString().trim();
    if (revision === undefined || revision === head) break;
    return { label: `the merge base with ${name}`, reference: null, revision, key: null };
  }
  if (dirty) return { label: "HEAD", reference: null, revision: head, key: null };
  return revisionAgainst(`${head}^1`, git, "the commit before");
}

/** A commit as people write it; anything else in quotes, with nothing in it that would steer a terminal. */
export function shortCommit(text: string): string {
  return isCommit(text) ? text.slice(0, 12) : JSON.stringify(text);
}
