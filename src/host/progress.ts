/** The log of a run on a terminal: what is being built at the foot of the screen, all else above it. */
import { stripVTControlCharacters } from "node:util";
import { type ConsoleLog, type ExpectedBuild, holdWarnings, makeSections } from "./log.ts";

export interface LiveOptions {
  readonly screen: NodeJS.WriteStream;
  readonly now: () => Date;
  /** Calls again and again until the function that it gives is called; must not keep the process alive. */
  readonly every: (milliseconds: number, work: () => void) => () => void;
}

const tickMs = 200;
/** Of each build, for the case that it fails. */
const keptLines = 50_000;

interface Build {
  readonly since: number;
  /** All that it said, as it would stand on a screen. */
  readonly lines: string[];
}

/** Loads what draws with the first builds that are expected; the cursor stays, so nothing has to be put back. */
export function makeLiveLog({ screen, now, every }: LiveOptions): ConsoleLog {
  const running = new Map<string, Build>();
  const failed: string[] = [];
  let expected: readonly ExpectedBuild[] = [];
  let started = 0;
  let ended = 0;
  let view: ReturnType<typeof import("log-update").createLogUpdate> | undefined;
  let stop: (() => void) | undefined;
  const draw = (): void => {
    if (running.size === 0) return;
    const time = now().getTime();
    const counts = `building ${running.size}, ${ended} of ${expected.length} done`;
    const lines = [...running].map(([name, build]) => buildLine(name, build, time));
    const frame = [`${counts}; ${printElapsed(time - started)}`, ...lines];
    view?.(frame.map((line) => line.slice(0, screen.columns - 1)).join("\n"));
  };
  const write = (text: string): void => {
    view?.clear();
    screen.write(text);
    draw();
  };
  const plain = makeSections({ write, sections: false, now });
  return {
    info: (text) => write(`${text}\n`),
    ...holdWarnings(write),
    expect(builds) {
      expected = builds;
      started = now().getTime();
      stop ??= every(tickMs, draw);
      void import("log-update").then(({ createLogUpdate }) => {
        if (stop !== undefined) view = createLogUpdate(screen, { showCursor: true });
      });
    },
    began(name) {
      running.set(name, { since: now().getTime(), lines: [] });
      draw();
    },
    ended(name, result) {
      const { since, lines } = running.get(name) ?? { since: now().getTime(), lines: [] };
      running.delete(name);
      ended++;
      if (result === "failed" && lines.length > 0) failed.push(outputOf(name, lines));
      write(`${name}: ${result} after ${printElapsed(now().getTime() - since)}\n`);
    },
    section(id, title) {
      const name = expected.find(({ section }) => section === id)?.name;
      if (name === undefined) return plain(id, title);
      const line = (text: string): void => {
        const lines = running.get(name)?.lines ?? [];
        // Cut by halves, since shifting one by one would cost the square.
        if (lines.push(plainText(text)) > keptLines * 2) lines.splice(0, keptLines);
      };
      return { line, end: () => undefined };
    },
    settle() {
      stop?.();
      const left = [...running.keys()].map((name) => `${name}: not finished\n`);
      running.clear();
      write([...left, ...failed.splice(0)].join(""));
      [expected, ended, view, stop] = [[], 0, undefined, undefined];
    },
    around(other) {
      view?.clear();
      other();
      draw();
    },
  };
}

/** Its step and its last line, of what buildah and BuildKit print: `STEP 3/7: RUN make`, `#5 [2/3] RUN make`. */
function buildLine(name: string, { since, lines }: Build, now: number): string {
  const step = lines.findLast((line) => /^(?:\[\d+\/\d+\] )?STEP \d+\/\d+: |^#\d+ \[/.test(line));
  const last = lines.findLast((line) => line !== "");
  const words = [step ?? "preparing", ...(last === undefined || last === step ? [] : [last])];
  const plain = words.map((text) => text.replace(/^#\d+ (?:\d+\.\d+ )?/, ""));
  return `  ${name}  ${printElapsed(now - since)}  ${plain.join("  |  ")}`;
}

function outputOf(name: string, lines: readonly string[]): string {
  return `\n== build ${name} failed; its output:\n${lines.join("\n")}\n== end of ${name}\n\n`;
}

/** A time as people say it: `7 s`, `3m 05s`. */
export function printElapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, "0")}s`;
}

/** What a line would leave on a screen: no colours, no control characters, of a progress bar the last state. */
export function plainText(line: string): string {
  const shown = stripVTControlCharacters(line).trimEnd().split("\r").at(-1) ?? "";
  return shown.replace(/\p{Cc}/gu, " ").trim();
}
