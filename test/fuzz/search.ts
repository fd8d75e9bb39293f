/** Reads many inputs, and keeps what no reader may do: end in an error that is not berth's own, or take long. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { BerthError } from "../../src/errors.ts";
import { diceOf } from "../oracle/dice.ts";
import { type Parser, parsers } from "./parsers.ts";

export interface Findings {
  readonly inputs: number;
  /** Of the processor's time, for the slowest input. */
  readonly slowestMs: number;
  /** Inputs that are made and read in a second of the processor's time. */
  readonly perSecond: number;
  /** What is still held at the end, above what was held after the first inputs: what leaks. */
  readonly heldMegabytes: number;
  /** The most that this process has had in use, garbage included, above what it had before. */
  readonly megabytes: number;
  /** Inputs that a reader crashed on or was slow with, as JSON texts, with what happened. */
  readonly faults: readonly { readonly what: string; readonly input: string }[];
}

const slowMs = 1000;
/** Inputs after which garbage is collected, so that it is not taken for memory that a reader needs. */
const round = 5000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Megabytes that are in use once nothing is left that nobody holds. */
function held(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

/** Gives each of the named readers as many inputs, the same for the same seed. */
export async function search(name: string, seed: number, count: number): Promise<Findings> {
  const parser = parsers[name];
  if (parser === undefined) throw new TypeError(`no parser is called ${name}`);
  const dice = diceOf(seed);
  const before = process.memoryUsage().rss;
  const began = process.cpuUsage();
  const found = { slowestMs: 0, most: before, faults: [] as { what: string; input: string }[] };
  let heldAtFirst: number | undefined;
  for (let made = 1; made <= count; made++) {
    const input = parser.make(dice);
    const { crash, ms } = await measured(parser, input);
    found.slowestMs = Math.max(found.slowestMs, ms);
    const what = crash ?? (ms > slowMs ? `took ${Math.round(ms)} ms` : undefined);
    if (what !== undefined) found.faults.push({ what, input: JSON.stringify(input) });
    if (made % round > 0) continue;
    found.most = Math.max(found.most, process.memoryUsage().rss);
    // What a reader keeps for good, such as compiled patterns, it has after the first inputs.
    const now = held();
    heldAtFirst ??= now;
  }
  const { user, system } = process.cpuUsage(began);
  return {
    inputs: count,
    perSecond: Math.round((count / (user + system)) * 1e6),
    slowestMs: Math.round(found.slowestMs),
    heldMegabytes: Math.round(held() - (heldAtFirst ?? held())),
    megabytes: Math.round((found.most - before) / 1e6),
    faults: found.faults,
  };
}

/** How a reader ends, and its time: the processor's where the clock's is long, for others may have been at work. */
async function measured(parser: Parser, input: string) {
  const start = performance.now();
  const crash = await attempt(parser, input);
  const ms = performance.now() - start;
  if (crash === undefined && ms < slowMs / 10) return { crash, ms };
  const before = process.cpuUsage();
  const again = await attempt(parser, input, 20);
  const { user, system } = process.cpuUsage(before);
  return { crash: again ?? crash, ms: (user + system) / 1000 };
}

/** `undefined` for an end that berth means; else the crash, with so many lines of its trace, which take long to make. */
async function attempt({ read }: Parser, input: string, lines = 0): Promise<string | undefined> {
  Error.stackTraceLimit = lines;
  try {
    await read(input);
    return undefined;
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    Error.stackTraceLimit = 10;
  }
}
