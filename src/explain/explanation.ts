/** The whole answer to "why is this image's key what it is?", for people and for programs. */
import { BerthError, printProblem } from "../errors.ts";
import type { Git } from "../world.ts";
import { type Against, isCommit, shortCommit } from "./against.ts";
import type { Difference } from "./difference.ts";
import { explain, markUncommitted } from "./explain.ts";
import { type HistoryQuery, type Nearest, nearestOf, type Origin, originOf } from "./history.ts";
import { type Explained, explainedIn, ifReadable, keyIn, type State } from "./state.ts";

export interface Explanation {
  readonly name: string;
  readonly key: string;
  /** What was keyed, such as `the working tree`. */
  readonly label: string;
  /** Where the image of the key is, by digest; `null` where it is nowhere that was looked at. */
  readonly reference: string | null;
  /** The registry bases that were asked; none where it was not to be asked. */
  readonly looked: readonly string[];
  /** `null` where there is nothing to compare with. */
  readonly against: Against | null;
  /** `null` where that cannot be told. */
  readonly same: boolean | null;
  readonly differences: readonly Difference[];
  /** Where the key became what it is; `null` where the image is there or the keys are the same. */
  readonly origin: Origin | null;
  /** The newest earlier image that is there, and what has changed since. */
  readonly nearest: (Nearest & { readonly differences: readonly Difference[] }) | null;
  readonly notes: readonly string[];
}

export interface Question {
  readonly name: string;
  readonly now: State;
  /** The key of the image there. */
  readonly key: string;
  readonly label: string;
  /** The commit that is checked out, or that was asked for; `undefined` before the first. */
  readonly head: string | undefined;
  /** The state at a commit. */
  readonly stateAt: (commit: string) => Promise<State>;
  readonly against: Against | undefined;
  readonly git: Git;
  /** How many commits to look back. */
  readonly commits: number;
  /** Where the image is, by digest. */
  readonly reference: string | undefined;
  /** The registry bases that were asked for it. */
  readonly looked: readonly string[];
  /** Where the image of another key is. */
  readonly find: (key: string) => Promise<string | undefined>;
}

/** A question with the keys of commits that are known so far: a context may be large. */
interface Asked extends Question {
  readonly keys: Map<string, Promise<string | undefined>>;
}

/** Compares, and where the image is missing looks for the reason in the history. */
export async function answer(given: Question): Promise<Explanation> {
  const question: Asked = { ...given, keys: new Map() };
  const { name, key, label, against, looked } = question;
  const reference = question.reference ?? null;
  const found =
    against === undefined
      ? { same: null, differences: [], notes: [] }
      : await compare(question, against);
  const told = { name, key, label, reference, looked, against: against ?? null, ...found };
  // The same key, and nobody was asked for its image or it is there: that is all there is to say.
  const isMissing = reference === null && looked.length > 0;
  if (found.same === true && !isMissing) return { ...told, origin: null, nearest: null };
  const history = await pastOf(question);
  const origin = history === undefined ? null : await originOf(key, history);
  const near =
    isMissing && history !== undefined ? await nearestOf(key, history, question.find) : undefined;
  const isAgainst = near !== undefined && near.reference === against?.reference;
  const since =
    near === undefined || isAgainst
      ? []
      : await differencesSince(await explainedAt(near.id, question), question);
  const nearest = near === undefined || isAgainst ? null : { ...near, differences: since };
  return { ...told, origin, nearest };
}

type Comparison = Pick<Explanation, "same" | "differences" | "notes">;

async function compare(question: Asked, against: Against): Promise<Comparison> {
  const { key, git } = question;
  const { key: told, revision, label } = against;
  const untold = (note: string): Comparison => {
    return { same: told === null ? null : false, differences: [], notes: [note] };
  };
  if (told === key) return { same: true, differences: [], notes: [] };
  if (revision === null) return untold(`${label} does not say which commit it was built from`);
  const isKnown = isCommit(revision) && (await git.object(`${revision}^{commit}`)) !== undefined;
  if (!isKnown) {
    const advice = isCommit(revision) ? `: git fetch origin ${revision}` : "";
    const commit = shortCommit(revision);
    return untold(`${label} was built from ${commit}, which this clone does not have${advice}`);
  }
  try {
    const old = await explainedAt(revision, question);
    const isOther = told !== null && old !== undefined && old.image.key !== told;
    const differences = await differencesSince(old, question);
    const same = told === null && old?.image.key === key;
    return { same, differences, notes: isOther ? [otherKey(label)] : [] };
  } catch (error) {
    // What is wrong with another commit is told, and is no reason to say nothing of this one.
    if (!(error instanceof BerthError)) throw error;
    const first = error.problems[0];
    const where = first === undefined ? "" : ` (${printProblem(first)})`;
    return untold(`the images of ${label} cannot be read: ${error.message}${where}`);
  }
}

function otherKey(label: string): string {
  return `${label} has another key than its commit gives: it was built by another version of berth, or from files that were not committed`;
}

/** Reads the image of a commit, and remembers its key. */
async function explainedAt(commit: string, question: Asked): Promise<Explained | undefined> {
  const { name, stateAt, keys } = question;
  const found = (await explainedIn(await stateAt(commit), [name])).get(name);
  keys.set(commit, Promise.resolve(found?.image.key));
  return found;
}

/** What differs between then and now; what is not committed is marked. */
async function differencesSince(
  old: Explained | undefined,
  question: Asked,
): Promise<readonly Difference[]> {
  const { name, now, head, label, key } = question;
  if (old?.image.key === key) return [];
  const current = (await explainedIn(now, [name])).get(name);
  if (current === undefined) return [];
  const differences = explain(old, current);
  if (head === undefined || label !== workingTree || (await keyAt(head, question)) === key)
    return differences;
  const committed = await ifReadable(explainedAt(head, question).then((found) => ({ found })));
  return committed === undefined
    ? differences
    : markUncommitted(differences, explain(committed.found, current));
}

/** The key at a commit, read once; one whose files cannot be read has none, and what came before it is another. */
function keyAt(commit: string, { name, stateAt, keys }: Asked): Promise<string | undefined> {
  const known =
    keys.get(commit) ??
    ifReadable(stateAt(commit).then(async (state) => (await keyIn(state, name))?.key));
  keys.set(commit, known);
  return known;
}

/** How the working tree is called. */
export const workingTree = "the working tree";

async function pastOf(question: Asked): Promise<HistoryQuery | undefined> {
  const { head, git, commits: most } = question;
  if (head === undefined) return undefined;
  const form = ["--first-parent", "--no-show-signature", "--format=%H%x00%P%x00%s"];
  const text = (await git.run(["log", ...form, `--max-count=${most}`, head])).toString();
  const rows = text.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\0")]));
  return {
    commits: rows.map(([id = "", , subject = ""]) => ({ id, subject })),
    whole: rows.at(-1)?.[1] === "",
    keyAt: (commit) => keyAt(commit, question),
  };
}
