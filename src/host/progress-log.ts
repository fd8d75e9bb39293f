/** The log of a run on a terminal: what is being built at the foot of the screen, all else above it. */
import { type ConsoleLog, type ExpectedBuild, holdWarnings, makeSections } from "./log.ts";
import { begin, expecting, finish, frame, hear, type Progress, printElapsed } from "./progress.ts";
import { makePainter, type Screen, sizeOf } from "./progress-paint.ts";
import { plainText } from "./progress-step.ts";

export interface LiveOptions {
  readonly screen: Screen;
  readonly now: () => Date;
  /** Calls again and again until the function that it gives is called; must not keep the process alive. */
  readonly every: (milliseconds: number, work: () => void) => () => void;
}

const tickMs = 200;
/** Of each build, for the case that it fails. */
const keptLines = 50_000;

/** Is this a terminal that somebody looks at while the run goes on? Colours are another question. */
export function isLive(
  screen: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const inCi = [env["CI"], env["GITLAB_CI"]].some(
    (value) => !["", "false", "0", undefined].includes(value),
  );
  return screen.isTTY === true && !inCi && env["TERM"] !== "dumb";
}

export function makeLiveLog({ screen, now, every }: LiveOptions): ConsoleLog {
  const painter = makePainter(screen);
  const time = (): number => now().getTime();
  let builds: Builds | undefined;
  let stop: (() => void) | undefined;
  const paint = (above = ""): void => {
    const { progress } = builds ?? {};
    const isIdle = progress === undefined || progress.running.length === 0;
    painter.paint(isIdle ? [] : frame(progress, sizeOf(screen), time()), above);
  };
  const plain = makeSections({ write: paint, sections: false, now });
  return {
    info: (text) => paint(`${text}\n`),
    ...holdWarnings(paint),
    expect(expected) {
      builds = follow(expected, time());
      stop ??= every(tickMs, paint);
    },
    began(name) {
      builds?.began(name, time());
      paint();
    },
    ended(name, result, lost) {
      paint(builds?.ended(name, result, lost, time()));
    },
    section(id, title) {
      const name = builds?.nameOf(id);
      if (name === undefined) return plain(id, title);
      return { line: (text) => builds?.heard(name, text), end: () => undefined };
    },
    settle() {
      stop?.();
      stop = undefined;
      const left = builds?.left();
      builds = undefined;
      paint(left);
    },
    around(write) {
      painter.paint([]);
      write();
      paint();
    },
  };
}

type Builds = ReturnType<typeof follow>;

/** Keeps the state of some builds and what they said; gives the lines that are to stay. */
function follow(expected: readonly ExpectedBuild[], since: number) {
  const sections = new Map(expected.map(({ section, name }) => [section, name]));
  const said = new Map<string, string[]>();
  let progress: Progress = expecting(expected, since);
  return {
    get progress() {
      return progress;
    },
    nameOf: (section: string) => sections.get(section),
    began(name: string, at: number) {
      progress = begin(progress, name, at);
      said.set(name, []);
    },
    heard(name: string, line: string) {
      progress = hear(progress, name, line);
      const lines = said.get(name);
      lines?.push(plainText(line));
      // Cut by halves, since shifting one by one would cost the square.
      if (lines !== undefined && lines.length > keptLines * 2) lines.splice(0, keptLines);
    },
    ended(name: string, result: string, lost: boolean, at: number): string {
      const begun = progress.running.find((build) => build.name === name)?.since ?? at;
      progress = finish(progress, { name, result, lost });
      if (result !== "failed") said.delete(name);
      return `${name}: ${result} after ${printElapsed(at - begun)}\n`;
    },
    /** Which builds were given up, and what the failed ones said, whole. */
    left: () =>
      [
        ...progress.running.map(({ name }) => `${name}: not finished\n`),
        ...progress.finished.flatMap(({ name }) => output(name, said.get(name))),
      ].join(""),
  };
}

function output(name: string, lines: readonly string[] | undefined): readonly string[] {
  if (lines === undefined || lines.length === 0) return [];
  return [
    `\n== build ${name} failed; its output:\n`,
    ...lines.map((line) => `${line}\n`),
    `== end of ${name}\n\n`,
  ];
}
