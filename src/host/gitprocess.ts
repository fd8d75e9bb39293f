/** Git as a program: a process for each question, and a long-lived one for objects. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { BerthError } from "../errors.ts";
import type { GitObject } from "../world.ts";
import { type BatchAnswer, batchParser } from "./gitbatch.ts";

/** How git ended. */
export interface GitResult {
  /** `undefined` where git could not be started or did not end by itself. */
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly complaint: string;
}

/** Runs git to its end. */
export function execGit(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
  input = "",
): Promise<GitResult> {
  return new Promise((resolve) => {
    const child = spawn("git", [...args], { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    child.on("error", ({ code, message }: NodeJS.ErrnoException) =>
      resolve({ exitCode: undefined, stdout: Buffer.alloc(0), complaint: code ?? message }),
    );
    // One that could not be started may have no pipes.
    if (child.pid === undefined) return;
    // It may end without having read all; its exit code tells.
    child.stdin.on("error", () => undefined).end(input);
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.on("close", (code, signal) => {
      const said = firstComplaint(Buffer.concat(errors).toString());
      const complaint = said === "" ? `${signal ?? code ?? "no reason given"}` : said;
      resolve({ exitCode: code ?? undefined, stdout: Buffer.concat(output), complaint });
    });
  });
}

/** The line that says why, without the login that a remote's address may hold. */
function firstComplaint(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  const line = lines.find((text) => /^(fatal|error):/.test(text)) ?? lines[0] ?? "";
  return line.replace(/\/\/[^/@\s]*@/g, "//").trim();
}

export interface ObjectReader {
  read(names: readonly string[]): Promise<readonly (GitObject | undefined)[]>;
  close(): Promise<void>;
}

interface Waiting {
  readonly name: string;
  readonly resolve: (object: GitObject | undefined) => void;
  readonly reject: (error: BerthError) => void;
}

/** How the process is started, asked and understood. */
export interface Batch {
  readonly options: readonly string[];
  readonly request: (name: string) => string;
  readonly parser: (onAnswer: (answer: BatchAnswer) => void) => (chunk: Buffer) => void;
}

const plain: Batch = { options: [], request: (name) => `${name}\n`, parser: batchParser };

/** Starts the process; requests are pipelined and answered in order. It never keeps ours alive when idle. */
export function objectReader(cwd: string, env: NodeJS.ProcessEnv, batch = plain): ObjectReader {
  const child = spawn("git", ["cat-file", "--batch", ...batch.options], { cwd, env });
  return child.pid === undefined ? notStarted(child) : readerOf(child, batch);
}

function readerOf(child: ChildProcessWithoutNullStreams, batch: Batch): ObjectReader {
  const waiting: Waiting[] = [];
  let failed: string | undefined;
  const settle = (answer: BatchAnswer): void => {
    const request = waiting.shift();
    if (waiting.length === 0) hold(child, "unref");
    if (answer.kind === "object") request?.resolve(answer.object);
    else if (answer.kind === "missing") request?.resolve(undefined);
    else request?.reject(readFailure(request.name, answer.message));
  };
  const fail = (reason: string): void => {
    failed ??= reason;
    while (waiting.length > 0) settle({ kind: "broken", message: failed });
  };
  child.stdout.on("data", batch.parser(settle));
  const ended = end(child, fail);
  hold(child, "unref");
  return {
    read: (names) =>
      new Promise((resolve, reject) => {
        if (names.length === 0) return resolve([]);
        const bad = names.find((name) => /[\n\0]/.test(name));
        if (bad !== undefined) return reject(readFailure(bad, "not a name of an object"));
        if (failed !== undefined) return reject(readFailure(names.join(), failed));
        if (waiting.length === 0) hold(child, "ref");
        const found: (GitObject | undefined)[] = [];
        const take = (object: GitObject | undefined): void => {
          if (found.push(object) === names.length) resolve(found);
        };
        for (const name of names) waiting.push({ name, resolve: take, reject });
        writeTogether(child.stdin, names.map(batch.request).join(""));
      }),
    async close() {
      hold(child, "ref");
      child.stdin.end();
      await ended;
    },
  };
}

/** It may have no pipes. */
function notStarted(child: ChildProcessWithoutNullStreams): ObjectReader {
  const told: Promise<Error[]> = once(child, "error");
  return {
    async read(names) {
      const [error] = await told;
      throw readFailure(names.join(), error?.message ?? "");
    },
    close: async () => undefined,
  };
}

/** Waits for a process to end, and tells why it did. */
async function end(
  child: ChildProcessWithoutNullStreams,
  tell: (reason: string) => void,
): Promise<void> {
  const complaint = firstLine(child.stderr);
  child.on("close", () => tell(complaint() || "git cat-file ended"));
  // A write to a process that has ended; "close" tells the reason.
  child.stdin.on("error", () => undefined);
  await once(child, "close").catch(() => undefined);
}

/** Writes what comes in one turn at once. */
function writeTogether(stream: Writable, text: string): void {
  stream.cork();
  stream.write(text);
  process.nextTick(() => stream.uncork());
}

/** Drains a stream and keeps its beginning. */
function firstLine(stream: Readable): () => string {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text = `${text}${chunk}`.slice(0, 2000);
  });
  return () => text.split("\n")[0] ?? "";
}

function hold(child: ChildProcessWithoutNullStreams, way: "ref" | "unref"): void {
  child[way]();
  // Pipes of a child are sockets, though their type says only "stream".
  for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as unknown as Socket)[way]();
}

function readFailure(name: string, reason: string): BerthError {
  return new BerthError("GIT_FAILED", `read git object ${JSON.stringify(name)}: ${reason}`);
}
