/** Reading git's objects through a long-lived `git cat-file --batch`. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { BerthError } from "../errors.ts";
import type { GitObject } from "../world.ts";
import { type BatchAnswer, batchParser } from "./gitbatch.ts";

export interface ObjectReader {
  read(name: string): Promise<GitObject | undefined>;
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
  const ended = once(child, "close").catch(() => undefined);
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
  const complaint = firstLine(child.stderr);
  child.stdout.on("data", batch.parser(settle));
  child.on("error", (error) => fail(error.message));
  child.on("close", () => fail(complaint() || "git cat-file ended"));
  // A write to a process that has ended; "close" tells the reason.
  child.stdin.on("error", () => undefined);
  hold(child, "unref");
  return {
    read: (name) =>
      new Promise((resolve, reject) => {
        const refusal = failed ?? (/[\n\0]/.test(name) ? "not a name of an object" : undefined);
        if (refusal !== undefined) return reject(readFailure(name, refusal));
        if (waiting.length === 0) hold(child, "ref");
        waiting.push({ name, resolve, reject });
        child.stdin.write(batch.request(name));
      }),
    async close() {
      hold(child, "ref");
      child.stdin.end();
      await ended;
    },
  };
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
