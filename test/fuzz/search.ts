/** Reads many inputs, and keeps what no reader may do: end in an error that is not berth's own, or take long. */
import { BerthError } from "../../src/errors.ts";
import { diceOf } from "../oracle/dice.ts";
import { type Parser, parsers } from "./parsers.ts";

export interface Findings {
  readonly inputs: number;
  /** Of the processor's time, for the slowest input. */
  readonly slowestMs: number;
  /** The most that this process has had in use, above what it had before. */
  readonly megabytes: number;
  /** Inputs that a reader crashed on or was slow with, as JSON texts, with what happened. */
  readonly faults: readonly { readonly what: string; readonly input: string }[];
}

const slowMs = 1000;

/** Gives each of the named readers as many inputs, the same for the same seed. */
export async function search(name: string, seed: number, count: number): Promise<Findings> {
  const parser = parsers[name];
  if (parser === undefined) throw new TypeError(`no parser is called ${name}`);
  const dice = diceOf(seed);
  const before = process.memoryUsage().rss;
  const found = { slowestMs: 0, most: before, faults: [] as { what: string; input: string }[] };
  for (let made = 0; made < count; made++) {
    const input = parser.make(dice);
    const start = process.cpuUsage();
    const crash = await attempt(parser, input);
    const { user, system } = process.cpuUsage(start);
    const ms = (user + system) / 1000;
    found.slowestMs = Math.max(found.slowestMs, ms);
    if (made % 500 === 0) found.most = Math.max(found.most, process.memoryUsage().rss);
    const what = crash ?? (ms > slowMs ? `took ${Math.round(ms)} ms` : undefined);
    if (what !== undefined) found.faults.push({ what, input: JSON.stringify(input) });
  }
  const megabytes = Math.round((found.most - before) / 1e6);
  return { inputs: count, slowestMs: Math.round(found.slowestMs), megabytes, faults: found.faults };
}

async function attempt({ read }: Parser, input: string): Promise<string | undefined> {
  try {
    await read(input);
    return undefined;
  } catch (error) {
    if (error instanceof BerthError) return undefined;
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}
