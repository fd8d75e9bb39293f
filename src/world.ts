/** What the outside offers berth, as types only; `host/world.ts` puts the real ones together. */

export type Env = Readonly<Record<string, string | undefined>>;

/** Everything that commands hand on, piece by piece, to who needs it. */
export interface World {
  readonly env: Env;
  readonly cwd: string;
  readonly files: Files;
  readonly run: Run;
  readonly fetch: Fetch;
  readonly clock: Timers;
  readonly log: ConsoleLog;
  readonly random: () => number;
  /** What this machine runs, such as `linux/amd64`. */
  readonly platform: string;
  /** Opens the repository that a folder lies in. */
  readonly openGit: (cwd: string, options?: GitOptions) => Promise<Git>;
  /** Writes a result to standard output. */
  readonly print: (text: string) => void;
  /** What results are printed for. */
  readonly screen: Screen;
  /** Lets all programs under way end with us when a signal ends us; for commands that start some. */
  readonly guard: () => void;
  /** Ends what reading git started, and what clears up after earlier runs. */
  readonly close: () => Promise<void>;
}

/** Reads and writes files; paths are absolute. Absence is `undefined`, anything else unexpected throws. */
export interface Files {
  read(path: string): Promise<Buffer | undefined>;
  /** The same of many that were seen, in which signals have their turn; the bytes may share memory. */
  readMany(seen: readonly SeenFile[]): Promise<readonly (Buffer | undefined)[]>;
  /** Writes the whole file or nothing (a temporary file beside it, then a rename); makes parent folders. */
  write(path: string, data: string | Uint8Array, mode?: number): Promise<void>;
  /** What is at a path, links not followed. */
  entry(path: string): Promise<FileEntry | undefined>;
  /** The bytes of a symlink's target. */
  readLink(path: string): Promise<Buffer>;
  remove(path: string): Promise<void>;
  /** A new private folder (mode 0700) that `remove` deletes; also deleted when the process ends by a signal. */
  temporary(prefix: string): Promise<TemporaryFolder>;
  /** Opens a file for writing piece by piece. */
  writer(path: string): import("node:stream").Writable;
}

export interface SeenFile {
  readonly path: string;
  /** What it had; one that has changed since is read as it is now. */
  readonly size: number;
}

export interface FileEntry {
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly executable: boolean;
  readonly size: number;
}

export interface TemporaryFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export interface GitOptions {
  /** Added to what git is told; `undefined` removes a variable. */
  readonly env?: Env;
  /** In a partial clone: the commit whose objects, asked for in one turn, come in one fetch. */
  readonly partial?: string;
  /** What `run` is asked first, alike in all folders: git begins with it while it still says where its top is. */
  readonly first?: readonly string[];
}

/** One git repository; `root` is the absolute path of its work tree. */
export interface Git {
  readonly root: string;
  /** Runs git and gives its standard output; a failure is a `BerthError` GIT_FAILED. */
  run(args: readonly string[]): Promise<Buffer>;
  /** Runs git for its answer: exit code 0 is true, 1 is false, anything else a `BerthError`. */
  test(args: readonly string[]): Promise<boolean>;
  /** Reads an object through one long-lived `git cat-file --batch`. */
  object(name: string): Promise<GitObject | undefined>;
  /** The same of many, which is quicker than one by one; bytes may share memory with those of other objects. */
  objects(names: readonly string[]): Promise<readonly (GitObject | undefined)[]>;
  /** Whether a file in a work tree may differ from what is stored of it, below these `.gitattributes`. */
  mayConvert(attributes: readonly AttributesFile[]): Promise<boolean>;
  /**
   * A blob as a checkout writes it to a path (line ends, encoding, `$Id$`, filters), by these `.gitattributes` and
   * this machine's settings of git; `undefined` where the repository does not have it. TREE_DIRTY where the work
   * tree has the same blob there in other bytes, and git calls it unchanged.
   */
  checkedOut(
    blob: string,
    path: string,
    attributes: readonly AttributesFile[],
  ): Promise<Buffer | undefined>;
  /** A repository inside this one (a submodule), by its path below `root`. */
  inside(path: string): Git;
  /** Ends the processes that reading started. */
  close(): Promise<void>;
}

/** A `.gitattributes` as a commit has it: its path below the repository's top, and its blob. */
export interface AttributesFile {
  readonly path: string;
  readonly id: string;
}

export interface GitObject {
  readonly id: string;
  readonly type: "blob" | "tree" | "commit" | "tag";
  readonly bytes: Buffer;
}

/** Runs a program to its end in a process group of its own, which a signal to us ends too. */
export type Run = (
  command: string,
  args: readonly string[],
  options?: RunOptions,
) => Promise<RunResult>;

export interface RunOptions {
  readonly cwd?: string;
  /** Added to the inherited environment; `undefined` removes a variable. */
  readonly env?: Env;
  readonly input?: string | Uint8Array;
  /** Called with each line of output, both streams in order of arrival, without its line end. */
  readonly onLine?: (line: string) => void;
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** The exit code; `undefined` where the program could not be started or a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** The program is not there (ENOENT) or not executable. */
  readonly missing: boolean;
  readonly timedOut: boolean;
  /** Each capped at 1 MiB, the newest kept. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface Clock {
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}

/** A clock that also ends what takes too long. */
export interface Timers extends Clock {
  /** Calls back later unless it is cancelled, and keeps no process alive for that. */
  startTimer(milliseconds: number, then: () => void): { cancel(): void };
}

/** One exchange with a server, in the words of the global `fetch`; a redirect is an answer like others. */
export type Fetch = (url: URL, init: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface FetchResponse {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: FetchHeaders;
  /** Leaving it before its end closes the connection. */
  readonly body: AsyncIterable<Uint8Array> | null;
}

export interface FetchHeaders {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** How words stand out: what is new, what is gone, where, and what is said in passing. */
export type Style = "bold" | "green" | "red" | "yellow" | "dim";
export type Paint = (style: Style, text: string) => string;

/** Where results are shown. */
export interface Screen {
  /** How many letters a line holds; `undefined` where nothing limits it: in a pipe, a file, a job's log. */
  readonly width: number | undefined;
  readonly paint: Paint;
}

/** Where a person reads along; results go to standard output by the commands themselves. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  /** Opens the section of an image's build: collapsible on GitLab, a line of the live view on a terminal. */
  section(name: string, title: string): Section;
}

export interface Section {
  line(text: string): void;
  /** What a failed build said is shown again where it was only followed. */
  end(isFailed?: boolean): void;
}

/** The log of a process, which holds warnings back for its end. */
export interface ConsoleLog extends Log {
  /** Writes something else, such as a result on the other stream, that must not meet the view. */
  around(write: () => void): void;
  /** Ends the view, and writes the warnings so far, each once. */
  flush(): void;
}
