/** Git as a program behind the `Git` port. */
import { join } from "node:path";
import { BerthError } from "../errors.ts";
import type { Git, GitOptions } from "../world.ts";
import { manyFiles } from "./files.ts";
import { checkouts } from "./gitcheckout.ts";
import { execGit, type GitResult, type ObjectReader, objectReader } from "./gitprocess.ts";

/** Finds the repository that a folder lies in; GIT_FAILED with what to do where there is none. */
export async function openGit(cwd: string, options: GitOptions = {}): Promise<Git> {
  const env = { ...gitEnvironment(), ...options.env };
  const { first, partial } = options;
  const early = new Map(first && [[first, execGit(first, cwd, env)]]);
  const exec: typeof execGit = (args, ...rest) => {
    const asked = early.get(args);
    early.delete(args);
    return asked ?? execGit(args, ...rest);
  };
  const result = await execGit(["rev-parse", "--show-toplevel"], cwd, env);
  if (result.exitCode !== 0) {
    const message = `find the git repository of ${cwd}: ${result.complaint}`;
    throw new BerthError("GIT_FAILED", message, { hint: openHint(cwd, result) });
  }
  return gitAt(result.stdout.toString().replace(/\n$/, ""), env, partial, exec);
}

function gitAt(root: string, env: NodeJS.ProcessEnv, partial?: string, exec = execGit): Git {
  const children = new Map<string, Git>();
  let reader: ObjectReader | undefined;
  const ended = async (args: readonly string[], ...codes: readonly number[]) => {
    const result = await exec(args, root, env);
    if (!codes.includes(result.exitCode ?? -1)) throw failure(args, result);
    return result;
  };
  const run: Git["run"] = async (args) => (await ended(args, 0)).stdout;
  const read: Git["objects"] = (names) => {
    reader ??= objectReader(root, env);
    return reader.read(names);
  };
  const ask = async (args: readonly string[], input?: string) =>
    (await execGit(args, root, env, input)).stdout.toString();
  const objects = partial === undefined ? read : readTogether(partial, read, ask);
  const object: Git["object"] = async (name) => (await objects([name]))[0];
  const { mayConvert, checkedOut, close } = checkouts({ root, run, object }, env);
  return {
    root,
    run,
    test: async (args) => (await ended(args, 0, 1)).exitCode === 0,
    object,
    objects,
    mayConvert,
    checkedOut,
    inside(path) {
      const child = children.get(path) ?? gitAt(join(root, path), withoutRepository(env));
      children.set(path, child);
      return child;
    },
    async close() {
      const opened = reader;
      reader = undefined;
      const inside = [...children.values()].map((child) => child.close());
      await Promise.all([opened?.close(), close(), ...inside]);
    },
  };
}

/** What would give our questions, git's answers or its objects another meaning than in a plain shell. */
const misleading = new RegExp(
  "^GIT_(?:(?:LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS|ATTR_SOURCE|CONFIG|FLUSH|EXTERNAL_DIFF|DIFF_OPTS" +
    "|INTERNAL_SUPER_PREFIX|NO_REPLACE_OBJECTS|REPLACE_REF_BASE|GRAFT_FILE)$",
);

/** Messages in one language, no lock taken for a mere look, no question asked on a terminal. */
function gitEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !misleading.test(name));
  const ours = { LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" };
  return { ...Object.fromEntries(kept), ...ours };
}

/** A hook sets these for the outer repository; a submodule must not be read through them. */
function withoutRepository(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GIT_DIR: _, GIT_WORK_TREE: _1, GIT_INDEX_FILE: _2, GIT_PREFIX: _3, ...rest } = env;
  return rest;
}

function failure(args: readonly string[], result: GitResult): BerthError {
  const message = `run git ${args[0] ?? ""}: ${result.complaint}`;
  const hint = hints.find(([words]) => words.test(result.complaint))?.[1];
  return new BerthError("GIT_FAILED", message, hint === undefined ? {} : { hint });
}

/** What to do, by git's words. */
const hints: readonly (readonly [RegExp, string])[] = [
  [/^ENOENT$/, "install git"],
  [
    /does not appear to be a git repository|No such remote/,
    "name the project's repository here, with `git remote add origin ADDRESS`, or run this in a job of its pipeline",
  ],
  [
    /Could not read from remote|could not read Username|Authentication failed|Permission denied/,
    "see that this machine may read the remote: `git ls-remote origin`",
  ],
  [
    /Could not resolve host|unable to access|Connection (?:refused|timed out)/,
    "the remote cannot be reached at the moment; try again later, and see `git remote -v`",
  ],
];

/** Git ends with 128 for all of these, so only its words (in the language that we set) tell them apart. */
function openHint(cwd: string, { exitCode, complaint }: GitResult): string {
  if (complaint === "ENOENT") return `install git, or check that the folder ${cwd} exists`;
  if (/^E[MN]FILE$/.test(complaint)) return manyFiles;
  if (complaint.includes("dubious ownership")) {
    const path = /repository at '(.+)'/.exec(complaint)?.[1] ?? cwd;
    return `if you trust it, run: git config --global --add safe.directory ${path}`;
  }
  if (complaint.includes("must be run in a work tree")) {
    return "run berth in a checkout, not in a bare repository or in .git";
  }
  return exitCode === 128
    ? "run berth inside the project's git repository"
    : "check that git works here: git status";
}

/** Runs git with such an input and gives what it says, whether or not it ends well. */
type Ask = (args: readonly string[], input?: string) => Promise<string>;

/**
 * Reads objects of a commit in a partial clone (git-clone(1), `--filter`), where git by itself fetches each that is missing alone:
 * what is asked for in one turn and was missing at first comes in one fetch before.
 */
function readTogether(commit: string, read: Git["objects"], ask: Ask): Git["objects"] {
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
  return async (names) => {
    asked.push(...names);
    fetched ??= new Promise((resolve) => setImmediate(resolve)).then(fetchAsked);
    await fetched;
    return read(names);
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
