/** The programs of this folder: what a text, a word or a pattern means to the engines' own code. */
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

/** A text as an engine gets it. */
export interface Text {
  readonly text: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly platform: string;
  /** Configs of the images that it names, `*` for all others; a plain one by default. */
  readonly bases?: Readonly<Record<string, unknown>>;
}

/** Equal sums mean equal builds; an error is why the engine refuses the text. */
export interface Meaning {
  readonly sum?: string;
  /** The same in words that both engines share. */
  readonly build?: string;
  readonly error?: string;
  /** What was hashed, where that was asked for. */
  readonly dump?: unknown;
}

export interface Expansion {
  readonly text?: string;
  readonly error?: string;
}

export interface Matches {
  readonly matches: readonly boolean[];
  readonly error?: string;
}

export interface Heredoc {
  readonly name: string;
  readonly chomp: boolean;
  readonly expand: boolean;
}

/** What BuildKit's program tells beside meanings; each question asks about several of its kind. */
export interface Answers {
  /** By BuildKit's lexer. */
  readonly words: readonly Expansion[];
  /** That each line opens. */
  readonly heredocs: readonly (readonly Heredoc[])[];
  /** Of paths with the text of an ignore file, by moby's matcher. */
  readonly ignores: Matches;
  /** Of paths with patterns of Go's filepath.Match. */
  readonly globs: readonly Matches[];
}

/** One engine's program: any number of requests may be under way. */
export interface Program {
  readonly name: string;
  ask<Kind extends keyof Answers>(kind: Kind, question: object): Promise<Answers[Kind]>;
  meaning(text: Text, dump?: boolean): Promise<Meaning>;
  close(): void;
}

function startProgram(folder: string, name: string): Program {
  const child = spawn(join(folder, name), { stdio: ["pipe", "pipe", "inherit"] });
  const waiting: { resolve: (answer: unknown) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    waiting.shift()?.resolve(JSON.parse(line));
  });
  child.on("close", (code) => {
    for (const { reject } of waiting) reject(new Error(`${name} ended with ${code}`));
  });
  const ask = <T>(request: object): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      waiting.push({ resolve: resolve as (answer: unknown) => void, reject });
      child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  return {
    name,
    ask: (kind, question) => ask({ [kind]: question }),
    meaning: async (text, dump = false) => {
      const answer = await ask<Meaning & { readonly panic?: string }>({ ...text, dump });
      return answer.panic === undefined ? answer : { error: `panic: ${answer.panic}` };
    },
    close: () => child.stdin.end(),
  };
}

export interface Engines {
  readonly buildkit: Program;
  /** imagebuilder of today, and the one of Debian 13's buildah. */
  readonly imagebuilders: readonly [Program, Program];
  /** Where the sources of their modules lie, with fixtures. */
  readonly sources: { readonly buildkit: string; readonly imagebuilder: string };
  close(): void;
}

/** Builds the programs where that was not done yet, which takes minutes, and starts them. */
export async function startEngines(): Promise<Engines> {
  const script = join(import.meta.dirname, "../../scripts/oracle.sh");
  const folder = (await promisify(execFile)(script)).stdout.trim();
  const buildkit = startProgram(folder, "buildkit");
  const imagebuilders = [
    startProgram(folder, "imagebuilder"),
    startProgram(folder, "imagebuilder-older"),
  ] as const;
  const sources = {
    buildkit: join(folder, "buildkit-source"),
    imagebuilder: join(folder, "imagebuilder-source"),
  };
  return {
    buildkit,
    imagebuilders,
    sources,
    close: () => {
      for (const program of [buildkit, ...imagebuilders]) program.close();
    },
  };
}
