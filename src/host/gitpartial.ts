/** Reading a partial clone (git-clone(1), `--filter`): git by itself fetches each object that is missing alone. */
import type { GitObject } from "../world.ts";

type Read = (name: string) => Promise<GitObject | undefined>;

/** Runs git with such an input and gives what it says, whether or not it ends well. */
type Ask = (args: readonly string[], input?: string) => Promise<string>;

/** Reads objects of a commit; what is asked for in one turn and was missing at first comes in one fetch before. */
export function readTogether(commit: string, read: Read, ask: Ask): Read {
  let asked: string[] = [];
  let fetched: Promise<void> | undefined;
  let missing: Promise<Set<string>> | undefined;
  const fetchAsked = async (): Promise<void> => {
    const names = asked;
    asked = [];
    fetched = undefined;
    if (names.length < 2) return;
    missing ??= missingOf(commit, ask);
    const absent = await missing;
    const wanted = names.filter((name) => absent.delete(name));
    if (wanted.length > 1) await fetchAll(wanted, ask);
  };
  return async (name) => {
    asked.push(name);
    fetched ??= new Promise((resolve) => setImmediate(resolve)).then(fetchAsked);
    await fetched;
    return read(name);
  };
}

/** The one question about many objects for which git fetches none (git-rev-list(1), `--missing`). */
async function missingOf(commit: string, ask: Ask): Promise<Set<string>> {
  const told = await ask(["rev-list", "--objects", "--no-walk", "--missing=print", commit]);
  return new Set(told.match(/(?<=^\?)[0-9a-f]+$/gm) ?? []);
}

/** As git itself fetches what it misses (git: promisor-remote.c). What fails here is fetched again by the read, which tells. */
async function fetchAll(ids: readonly string[], ask: Ask): Promise<void> {
  const quickly = ["-c", "fetch.negotiationAlgorithm=noop"];
  const flags = ["--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"];
  const what = ["--filter=blob:none", "--stdin", "origin"];
  await ask([...quickly, "fetch", ...flags, ...what], ids.map((id) => `${id}\n`).join(""));
}
