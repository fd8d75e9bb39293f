/** The log of a run on a terminal: what is being built at the foot of the screen, all else above it. */
import { stripVTControlCharacters } from "node:util";
import { type ConsoleLog, type ExpectedBuild, holdWarnings, makeSections } from "./log.ts";

export interface LiveOptions {
  readonly screen: NodeJS.WriteStream;
  readonly now: () => Date;
  /** Calls again and again until the function that it gives is called; must not keep the process alive. */
  readonly every: (milliseconds: number, work: () => void) => () => void;
}

interface Build {
  readonly since: number;
  readonly lines: string[];
}

type Round = ReturnType<typeof roundOf>;

export function makeLiveLog({ screen, now, every }: LiveOptions): ConsoleLog {
  const time = (): number => now().getTime();
  let round = roundOf([], time());
  let stop: (() => void) | undefined;
  const foot = footOf(screen, () => frame(round, time()));
  const plain = makeSections({ write: foot.write, sections: false, now });
  return {
    info: (text) => foot.write(`${text}\n`),
    ...holdWarnings(foot.write),
    expect(builds) {
      round = roundOf(builds, time());
      stop ??= every(200, foot.draw);
      void foot.open();
    },
    began(name) {
      round.running.set(name, { since: time(), lines: [] });
      foot.draw();
    },
    ended(name, result) {
      const build = round.running.get(name) ?? { since: time(), lines: [] };
      round.running.delete(name);
      round.ended.push(result === "failed" ? outputOf(name, build) : "");
      foot.write(`${name}: ${result} after ${printElapsed(time() - build.since)}\n`);
    },
    section(id, title) {
      const name = round.expected.find(({ section }) => section === id)?.name;
      if (name === undefined) return plain(id, title);
      const line = (text: string): void => {
        const lines = round.running.get(name)?.lines ?? [];
        // Cut by halves, since shifting one by one would cost the square.
        if (lines.push(plainText(text)) > 100_000) lines.splice(0, 50_000);
      };
      return { line, end: () => undefined };
    },
    settle() {
      stop?.();
      stop = undefined;
      const left = [...round.running.keys()].map((name) => `${name}: not finished\n`);
      const text = [...left, ...round.ended].join("");
      round = roundOf([], time());
      foot.write(text);
    },
    around: foot.around,
  };
}

/** Builds that were announced together; `ended` has what is to be said of each at the end. */
function roundOf(expected: readonly ExpectedBuild[], since: number) {
  return { expected, since, running: new Map<string, Build>(), ended: [] as string[] };
}

/** Lines at the foot of a screen; the cursor stays, so that nothing has to be put back. */
function footOf(screen: NodeJS.WriteStream, lines: () => readonly string[]) {
  let view: ReturnType<typeof import("log-update").createLogUpdate> | undefined;
  const draw = (): void => {
    const cut = lines().map((line) => line.slice(0, screen.columns - 1));
    if (cut.length > 0) view?.(cut.join("\n"));
  };
  const around = (other: () => void): void => {
    view?.clear();
    other();
    draw();
  };
  const open = async (): Promise<void> => {
    const { createLogUpdate } = await import("log-update");
    view ??= createLogUpdate(screen, { showCursor: true });
  };
  return { draw, around, open, write: (text: string) => around(() => screen.write(text)) };
}

function frame({ expected, since, running, ended }: Round, now: number): readonly string[] {
  if (running.size === 0) return [];
  const counts = `building ${running.size}, ${ended.length} of ${expected.length} done`;
  const lines = [...running].map(([name, build]) => buildLine(name, build, now));
  return [`${counts}; ${printElapsed(now - since)}`, ...lines];
}

/** Its step and its last line, of what buildah and BuildKit print: `STEP 3/7: RUN make`, `#5 [2/3] RUN make`. */
function buildLine(name: string, { since, lines }: Build, now: number): string {
  const step = lines.findLast((line) => /^(?:\[\d+\/\d+\] )?STEP \d+\/\d+: |^#\d+ \[/.test(line));
  const last = lines.findLast((line) => line !== "");
  const words = [step ?? "preparing", ...(last === undefined || last === step ? [] : [last])];
  const plain = words.map((text) => text.replace(/^#\d+ (?:\d+\.\d+ )?/, ""));
  return `  ${name}  ${printElapsed(now - since)}  ${plain.join("  |  ")}`;
}

function outputOf(name: string, { lines }: Build): string {
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
