/** The whole answer to "why is this image's key what it is?", for people and for programs, and what an image can be compared with. */
import type { State } from "../config/load.ts";
import { commitOf, isCommit } from "../context/objects.ts";
import { expected, printProblem } from "../errors.ts";
import { keyOfTag } from "../image/key.ts";
import { printReference, type Reference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Git } from "../world.ts";
import type { KeyDifference } from "./difference.ts";
import { explain } from "./explain.ts";
import { explainedIn } from "./state.ts";

export interface Explanation {
  readonly name: string;
  readonly key: string;
  /** What was keyed, such as `the working tree`. */
  readonly label: string;
  /** `null` where there is nothing to compare with. */
  readonly against: Against | null;
  /** `null` where that cannot be told. */
  readonly same: boolean | null;
  readonly differences: readonly KeyDifference[];
  readonly notes: readonly string[];
}

/** What is known before anything is compared, and where to read what is. */
export interface ExplainQuestion extends Omit<Explanation, "same" | "differences" | "notes"> {
  readonly now: State;
  /** The state at a commit. */
  readonly stateAt: (commit: string) => Promise<State>;
  readonly git: Git;
}

/** Compares the image with another one, or with a commit. */
export async function answer(question: ExplainQuestion): Promise<Explanation> {
  const { name, key, label, against } = question;
  const found =
    against === null
      ? { same: null, differences: [], notes: [] }
      : await compare(question, against);
  return { name, key, label, against, ...found };
}

type Comparison = Pick<Explanation, "same" | "differences" | "notes">;

async function compare(question: ExplainQuestion, against: Against): Promise<Comparison> {
  const { name, key, git, now, stateAt } = question;
  const { key: told, revision, label } = against;
  const untold = (note: string): Comparison => {
    return { same: told === null ? null : false, differences: [], notes: [note] };
  };
  if (told === key) return { same: true, differences: [], notes: [] };
  if (revision === null) return untold(`${label} does not say which commit it was built from`);
  const commit = await commitHere(revision, git);
  if (commit === undefined) {
    const advice = isCommit(revision) ? `: git fetch origin ${revision}` : "";
    const named = shortCommit(revision);
    return untold(`${label} was built from ${named}, which this clone does not have${advice}`);
  }
  const look = async (): Promise<Comparison> => {
    const old = (await explainedIn(await stateAt(commit), [name])).get(name);
    const isOther = told !== null && old !== undefined && old.image.key !== told;
    const differences = explain(old, (await explainedIn(now, [name])).get(name)!);
    const same = told === null && old?.image.key === key;
    return { same, differences, notes: isOther ? [otherKey(label)] : [] };
  };
  // What is wrong with another commit is told, and is no reason to say nothing of this one.
  return look().catch(
    expected(({ message, problems: [first] }) => {
      const where = first === undefined ? "" : ` (${printProblem(first)})`;
      return untold(`the images of ${label} cannot be read: ${message}${where}`);
    }),
  );
}

function otherKey(label: string): string {
  return `${label} has another key than its commit gives: it was built by another version of berth, or from files that were not committed`;
}

/** An image in a registry, or a commit. */
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
