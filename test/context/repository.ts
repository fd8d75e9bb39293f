/** Real git repositories in a temporary folder. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openGit } from "../../src/host/git.ts";
import type { Git } from "../../src/world.ts";
import { gitEnv } from "../support/command.ts";
import type { MemoryFile } from "../support/tree.ts";

const env = {
  ...process.env,
  ...gitEnv,
  LC_ALL: "C",
  // No process of its own after each commit that looks whether there is something to clear up.
  GIT_CONFIG_COUNT: "2",
  GIT_CONFIG_KEY_0: "maintenance.auto",
  GIT_CONFIG_VALUE_0: "false",
  GIT_CONFIG_KEY_1: "protocol.file.allow",
  GIT_CONFIG_VALUE_1: "always",
};

export interface Repository {
  readonly path: string;
  /** Writes files; parent folders are made. */
  write(files: Readonly<Record<string, MemoryFile>>): void;
  /** Runs git in it and gives its trimmed output. */
  run(...args: string[]): string;
  /** Adds everything and commits it, today where no time is given; gives the commit's id. */
  commit(at?: Date): string;
  /** Stores an object just as it is, and gives its id. */
  hash(type: string, bytes: Buffer): string;
  /** The repository through the real port; closed with the test. */
  open(): Promise<Git>;
}

/** A test, or all tests of a file by `{ after }` of node:test. */
export interface Owner {
  after(end: () => unknown): void;
}

export function temporary(t: Owner): string {
  const path = mkdtempSync(join(tmpdir(), "berth-test-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function makeRepository(
  t: Owner,
  files: Readonly<Record<string, MemoryFile>>,
  options: readonly string[] = [],
): Repository {
  const repository = repositoryAt(t, temporary(t));
  repository.run("init", "-q", "--template=", ...options);
  repository.write(files);
  return repository;
}

/** The same, with its files committed. */
export function committed(...made: Parameters<typeof makeRepository>): Repository {
  const repository = makeRepository(...made);
  repository.commit();
  return repository;
}

/** A repository of its own with what another has. */
export function copyOf(t: Owner, { path }: Repository): Repository {
  const copy = temporary(t);
  cpSync(path, copy, { recursive: true, verbatimSymlinks: true });
  const repository = repositoryAt(t, copy);
  // The index tells a file that was not touched by its inode and times.
  repository.run("update-index", "-q", "--refresh");
  return repository;
}

export function repositoryAt(t: Owner, path: string): Repository {
  const git = (args: readonly string[], dates: Readonly<Record<string, string>> = {}): string =>
    execFileSync("git", args, {
      cwd: path,
      env: { ...env, ...dates },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  const run = (...args: string[]): string => git(args);
  return {
    path,
    run,
    write: (files) => {
      for (const [name, file] of Object.entries(files)) writeOne(join(path, name), file);
    },
    commit(at) {
      const date = at?.toISOString();
      const dates = date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
      run("add", "-A");
      git(["commit", "-q", "--allow-empty", "-m", "change"], dates);
      return run("rev-parse", "HEAD");
    },
    hash(type, input) {
      const args = ["hash-object", "-w", "--literally", "-t", type, "--stdin"];
      return execFileSync("git", args, { cwd: path, env, input }).toString().trim();
    },
    async open() {
      const git = await openGit(path);
      t.after(() => git.close());
      return git;
    },
  };
}

function writeOne(path: string, file: MemoryFile): void {
  mkdirSync(dirname(path), { recursive: true });
  const old = lstatSync(path, { throwIfNoEntry: false });
  if (old !== undefined) rmSync(path, { recursive: true });
  if (typeof file === "string") writeFileSync(path, file);
  else if ("link" in file) symlinkSync(file.link, path);
  else if ("exec" in file) {
    writeFileSync(path, file.exec);
    chmodSync(path, 0o755);
  } else throw new Error("make submodules with git");
}
