/** The whole answer to "why is this image's key what it is?", for people and for programs. */
import type { State } from "../config/load.ts";
import { isCommit } from "../context/objects.ts";
import { expected, printProblem } from "../errors.ts";
import type { Git } from "../world.ts";
import { type Against, commitHere, shortCommit } from "./against.ts";
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
