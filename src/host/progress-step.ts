/** Which step of a Dockerfile an engine is at, read from its output. */
import { stripVTControlCharacters } from "node:util";

/** What is known of a build from its output so far; `steps` are BuildKit's, by the number of their lines. */
export interface Reading {
  readonly step: string;
  readonly last: string;
  readonly steps: Readonly<Record<string, string>>;
}

export const nothingRead: Reading = { step: "", last: "", steps: {} };

/** Takes in one more line: `STEP 3/7: RUN make` of buildah, `#5 [2/3] RUN make` and `#5 0.2 text` of BuildKit. */
export function readLine(reading: Reading, line: string): Reading {
  const text = plainText(line);
  if (text === "") return reading;
  const step = /^(?:\[\d+\/\d+\] )?STEP \d+\/\d+: .+/.exec(text)?.[0];
  if (step !== undefined) return { ...reading, step, last: "" };
  const [, number, rest] = /^#(\d+) (.+)/.exec(text) ?? [];
  return number === undefined || rest === undefined
    ? { ...reading, last: text }
    : readBuildKit(reading, number, rest);
}

function readBuildKit(reading: Reading, number: string, rest: string): Reading {
  const isEnd = /^(?:DONE|CACHED)\b/.test(rest);
  if (isEnd) return reading;
  const isStep = /^\[[^\]]*\] |^(?:exporting|pushing|importing|resolving) /.test(rest);
  if (isStep) {
    const steps = { ...reading.steps, [number]: reading.steps[number] ?? rest };
    return { step: steps[number] ?? rest, last: "", steps };
  }
  const last = rest.replace(/^\d+\.\d+ /, "");
  return { ...reading, step: reading.steps[number] ?? reading.step, last };
}

/** What a line would leave on a screen: no colours, no control characters, of a progress bar the last state. */
export function plainText(line: string): string {
  const shown = stripVTControlCharacters(line).trimEnd().split("\r").at(-1) ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a screen
  return shown.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ").trim();
}
