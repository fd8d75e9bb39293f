/** What a clone has of commits. */
import type { Git } from "../world.ts";

/** Whether a text can only be the id of a commit: annotations and variables hold anything, also what git takes for an option. */
export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** The id of the commit that a revision is; `undefined` where it is none, or not here. Takes no process of its own. */
export async function commitOf(git: Pick<Git, "object">, rev: string): Promise<string | undefined> {
  return (await git.object(`${rev}^{commit}`))?.id;
}

/** Whether a text is the id of a commit, and the commit is here. */
export async function hasCommit(git: Pick<Git, "object">, text: string): Promise<boolean> {
  return isCommit(text) && (await git.object(`${text}^{commit}`)) !== undefined;
}

/** Whether branches end here where they do not end, as they do in most jobs. */
export async function isShallow(git: Pick<Git, "run">): Promise<boolean> {
  const said = await git.run(["rev-parse", "--is-shallow-repository"]);
  return said.toString().trim() === "true";
}
