/** The reading log of a run on standard error: plain lines, GitLab's collapsible sections in CI. */
import type { Log } from "../world.ts";

interface Section {
  readonly id: string;
  readonly title: string;
  readonly started: number;
  readonly lines: string[];
  ended: number | undefined;
}

export interface LogOptions {
  readonly write: (text: string) => void;
  /** Writes GitLab's section markers (gitlab docs: ci/jobs/job_logs, custom collapsible sections). */
  readonly sections: boolean;
  readonly now: () => Date;
}

/**
 * Makes a log whose sections never mix: the oldest open one is written as it comes, the lines of the
 * others wait until it has ended, so that two builds side by side read as one after the other.
 */
export function makeLog({ write, sections, now }: LogOptions): Log {
  const open: Section[] = [];
  const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1000);
  const head = (section: Section): void => {
    const marker = `\u001b[0Ksection_start:${seconds(section.started)}:${section.id}[collapsed=true]\r\u001b[0K`;
    write(`${sections ? marker : ""}== ${section.title}\n`);
  };
  const foot = (section: Section, ended: number): void => {
    const took = ((ended - section.started) / 1000).toFixed(1);
    write(`== ${section.title}: ended after ${took} s\n`);
    if (sections) write(`\u001b[0Ksection_end:${seconds(ended)}:${section.id}\r\u001b[0K\n`);
  };
  const flush = (section: Section): void => {
    for (const line of section.lines.splice(0)) write(`${line}\n`);
  };
  const settle = (): void => {
    for (let first = open[0]; first?.ended !== undefined; first = open[0]) {
      foot(first, first.ended);
      open.shift();
      const next = open[0];
      if (next === undefined) return;
      head(next);
      flush(next);
    }
  };
  return {
    info: (text) => write(`${text}\n`),
    warn: (text) => write(`warning: ${text}\n`),
    section(id, title) {
      const section: Section = {
        id: id.replace(/[^A-Za-z0-9_.-]/g, "_"),
        title,
        started: now().getTime(),
        lines: [],
        ended: undefined,
      };
      open.push(section);
      if (open[0] === section) head(section);
      return {
        line(text) {
          section.lines.push(text);
          if (open[0] === section) flush(section);
        },
        end() {
          section.ended = now().getTime();
          settle();
        },
      };
    },
  };
}
