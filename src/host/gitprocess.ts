/** Git as a program: a process for each question, and a long-lived one for objects (git-cat-file(1), "BATCH OUTPUT"). */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { BerthError } from "../errors.ts";
import type { GitObject } from "../world.ts";

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
    // It may end without having read all; its exit code tells.
    child.stdin.on("error", () => undefined).end(input);
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.on("error", ({ code, message }: NodeJS.ErrnoException) =>
      resolve({ exitCode: undefined, stdout: Buffer.alloc(0), complaint: code ?? message }),
    );
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

/** Waits for a process to end, and tells why it did, or why it did not begin. */
async function end(
  child: ChildProcessWithoutNullStreams,
  tell: (reason: string) => void,
): Promise<void> {
  const complaint = firstLine(child.stderr);
  child.on("error", (error) => tell(error.message));
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

/** What the process writes for a request. */
type BatchAnswer =
  | { readonly kind: "object"; readonly object: GitObject }
  | { readonly kind: "missing" }
  | { readonly kind: "broken"; readonly message: string };

const header = /^([0-9a-f]{40}|[0-9a-f]{64}) (blob|tree|commit|tag) (\d+)$/;

interface Body {
  readonly id: string;
  readonly type: GitObject["type"];
  readonly size: number;
  /** The object's bytes and the newline after them, where they come in several pieces. */
  bytes: Buffer | undefined;
  filled: number;
}

/** Gives a consumer of output that calls back once for each answer; a body that comes in several pieces is copied once. */
export function batchParser(onAnswer: (answer: BatchAnswer) => void): (chunk: Buffer) => void {
  let line = "";
  let body: Body | undefined;
  const takeLine = (chunk: Buffer): number => {
    const end = chunk.indexOf(0x0a);
    line += chunk.toString("latin1", 0, end < 0 ? chunk.length : end);
    if (end < 0) return chunk.length;
    body = parseHeader(line);
    if (body === undefined) onAnswer(answerWithoutBody(line));
    line = "";
    return end + 1;
  };
  const takeBody = (chunk: Buffer, into: Body): number => {
    const { id, type, size } = into;
    const isWhole = into.filled === 0 && chunk.length > size;
    if (!isWhole) into.bytes ??= Buffer.allocUnsafeSlow(size + 1);
    const taken = into.bytes === undefined ? size + 1 : chunk.copy(into.bytes, into.filled);
    into.filled += taken;
    if (into.filled <= size) return taken;
    body = undefined;
    const bytes = (into.bytes ?? chunk).subarray(0, size);
    onAnswer({ kind: "object", object: { id, type, bytes } });
    return taken;
  };
  return (chunk) => {
    let rest = chunk;
    while (rest.length > 0) {
      rest = rest.subarray(body === undefined ? takeLine(rest) : takeBody(rest, body));
    }
  };
}

/**
 * The same for output of which the sizes cannot be believed (`--filters` tells them of the stored bytes): each
 * answer goes on up to `end`, a line that no content can hold.
 */
export function endedParser(
  end: Buffer,
  onAnswer: (answer: BatchAnswer) => void,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let tail = Buffer.alloc(0);
  return (chunk) => {
    // Behind the bytes in which an end may have begun, so that it is found across chunks.
    let rest: Buffer = tail.length === 0 ? chunk : Buffer.concat([tail, chunk]);
    for (let at = rest.indexOf(end); at >= 0; at = rest.indexOf(end)) {
      onAnswer(answerOf(Buffer.concat([...parts, rest.subarray(0, at)])));
      parts = [];
      rest = rest.subarray(at + end.length);
    }
    const kept = Math.max(rest.length - end.length + 1, 0);
    parts.push(rest.subarray(0, kept));
    tail = Buffer.from(rest.subarray(kept));
  };
}

function answerOf(section: Buffer): BatchAnswer {
  const newline = section.indexOf(0x0a);
  const line = section.toString("latin1", 0, newline < 0 ? section.length : newline);
  const [, id, type] = header.exec(line) ?? [];
  if (id === undefined || type === undefined) return answerWithoutBody(line);
  const bytes = Buffer.allocUnsafeSlow(section.length - newline - 1);
  section.copy(bytes, 0, newline + 1);
  return { kind: "object", object: { id, type: type as GitObject["type"], bytes } };
}

function parseHeader(line: string): Body | undefined {
  const [, id, type, size] = header.exec(line) ?? [];
  if (id === undefined || type === undefined) return undefined;
  return { id, type: type as GitObject["type"], size: Number(size), bytes: undefined, filled: 0 };
}

function answerWithoutBody(line: string): BatchAnswer {
  // "submodule" is what newer versions answer for a commit that another repository holds.
  if (/ (missing|submodule)$/.test(line)) return { kind: "missing" };
  if (line.endsWith(" ambiguous")) return { kind: "broken", message: "the name is ambiguous" };
  return { kind: "broken", message: `unexpected answer ${JSON.stringify(line.slice(0, 200))}` };
}
