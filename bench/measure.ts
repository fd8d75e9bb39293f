/** Runs programs and takes the time, peer and berth in turns so that noise hits both. */
import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Wall time of one whole process in milliseconds; a failing one ends the benchmark. */
export async function timeOf(command: Command): Promise<number> {
  return (await outputOf(command)).took;
}

/** Lets a process of Node's say at its end how much memory it had; its maxRSS would be its parent's where that has more. */
const tellsMemory = `data:text/javascript,${encodeURIComponent(
  'import{readFileSync}from"node:fs";process.on("exit",()=>process.stderr.write(readFileSync("/proc/self/status","utf8")))',
)}`;

/** The same of a process of Node's, the most memory that it had, in MB, and the end of what it wrote. */
export async function memoryOf({ args, ...command }: Omit<Command, "command">) {
  const run = { ...command, command: process.execPath, args: ["--import", tellsMemory, ...args] };
  const { took, output } = await outputOf(run);
  return { took, output, megabytes: Number(/^VmHWM:\s+(\d+) kB$/m.exec(output)?.[1]) / 1024 };
}

/** Time, and the end of what was written. */
async function outputOf({ command, args, cwd, env }: Command) {
  const started = performance.now();
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = `${output}${chunk}`.slice(-2000);
    });
  }
  const [code] = await once(child, "close");
  const took = performance.now() - started;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit code ${code}\n${output}`);
  return { took, output };
}

export interface Pair {
  readonly peerTimes: readonly number[];
  readonly berthTimes: readonly number[];
}

/** Measures A B A B …, after one round that is not counted and fills caches. */
export async function inTurns(
  rounds: number,
  peer: () => Promise<number>,
  berth: () => Promise<number>,
  warmUp = true,
): Promise<Pair> {
  const peerTimes: number[] = [];
  const berthTimes: number[] = [];
  if (warmUp) {
    await peer();
    await berth();
  }
  for (let round = 0; round < rounds; round++) {
    peerTimes.push(await peer());
    berthTimes.push(await berth());
  }
  return { peerTimes, berthTimes };
}

export function median(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

/** Least and most. */
export function spread(times: readonly number[]): readonly [number, number] {
  return [Math.min(...times), Math.max(...times)];
}
