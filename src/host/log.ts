/** The reading log of a run on standard error: plain lines, GitLab's collapsible sections in CI. */
import { stripVTControlCharacters } from "node:util";
import { printable, printableLine } from "../printable.ts";
import type { ConsoleLog, Log } from "../world.ts";

export interface LogOptions {
  readonly write: (text: string) => void;
  /** Writes GitLab's section markers (gitlab docs: ci/jobs/job_logs, custom collapsible sections). */
  readonly sections: boolean;
  readonly now: () => Date;
}

/** Makes the log for a file, a pipe or a job: lines that stay as they were written. */
export function makeLog(options: LogOptions): ConsoleLog {
  const { write } = options;
  return {
    info: (text) => write(`${printable(text)}\n`),
    ...holdWarnings(write),
    section: makeSections(options),
    around: (other) => other(),
  };
}

/** Warnings are kept until the end, where a person looks; two builds give the same one only once. */
export function holdWarnings(write: (text: string) => void): Pick<ConsoleLog, "warn" | "flush"> {
  const held = new Set<string>();
  const written = new Set<string>();
  return {
    warn: (text) => void held.add(text),
    flush() {
      for (const text of held) {
        if (!written.has(text)) write(`warning: ${printable(text)}\n`);
        written.add(text);
      }
      held.clear();
    },
  };
}

interface Open {
  readonly id: string;
  readonly title: string;
  readonly started: number;
  readonly lines: string[];
  ended: number | undefined;
}

function headOf({ id, title, started }: Open, isGitLab: boolean): string {
  const marker = `\u001b[0Ksection_start:${seconds(started)}:${id}[collapsed=true]\r\u001b[0K`;
  return `${isGitLab ? marker : ""}== ${title}\n`;
}

function footOf({ id, title, started }: Open, ended: number, isGitLab: boolean): string {
  const text = `== ${title}: ended after ${((ended - started) / 1000).toFixed(1)} s\n`;
  return isGitLab ? `${text}\u001b[0Ksection_end:${seconds(ended)}:${id}\r\u001b[0K\n` : text;
}

/** What a line would leave on a screen without colours, where a progress bar goes back to its begin. */
export function lastState(line: string): string {
  return stripVTControlCharacters(line).trimEnd().split("\r").at(-1) ?? "";
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/**
 * Makes sections that never mix: the oldest open one is written as it comes, the lines of the
 * others wait until it has ended, so that two builds side by side read as one after the other.
 */
function makeSections({ write, sections, now }: LogOptions): Log["section"] {
  const open: Open[] = [];
  const flush = (section: Open): void => {
    for (const line of section.lines.splice(0)) write(`${line}\n`);
  };
  const settle = (): void => {
    for (let first = open[0]; first?.ended !== undefined; first = open[0]) {
      write(footOf(first, first.ended, sections));
      open.shift();
      const next = open[0];
      if (next === undefined) return;
      write(headOf(next, sections));
      flush(next);
    }
  };
  return (name, title) => {
    const section: Open = {
      id: `berth_build_${name.replace(/[^A-Za-z0-9_.-]/g, "_")}`,
      title: printableLine(title),
      started: now().getTime(),
      lines: [],
      ended: undefined,
    };
    open.push(section);
    if (open[0] === section) write(headOf(section, sections));
    return {
      line(text) {
        section.lines.push(printable(lastState(text)));
        if (open[0] === section) flush(section);
      },
      end() {
        section.ended = now().getTime();
        settle();
      },
    };
  };
}
