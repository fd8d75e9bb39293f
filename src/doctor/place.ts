/** Where in a project's CI files something stands. */
import { parseAllDocuments } from "yaml";
import { patternOf } from "../printable.ts";

type Texts = ReadonlyMap<string, string>;

/** The first line that matches, as `file:line`. */
export function placeOf(texts: Texts, line: RegExp): string | undefined {
  for (const [path, text] of texts) {
    const index = text.split("\n").findIndex((each) => line.test(each));
    if (index >= 0) return `${path}:${index + 1}`;
  }
  return undefined;
}

/** The beginning of a job; one of a matrix stands there without its values. */
export function jobStart(name: string): RegExp {
  return new RegExp(`^(["']?)${patternOf(name.replace(/: \[.*\]$| \d+\/\d+$/, ""))}\\1\\s*:`, "i");
}

/** A variable or another key below a job. */
export function keyStart(key: string): RegExp {
  return new RegExp(`^[\\s-]+(["']?)${patternOf(key)}\\1\\s*:`);
}

/** The job that a message of GitLab's names, or else what it quotes. */
export function refusalPlace(texts: Texts, message: string): string | undefined {
  const names = [
    /^jobs:(.+?):(?:parallel|trigger:include) config/,
    /^'(.+?)' job needs/,
    /^(.+?) job: /,
    /^(.+?): /,
  ].flatMap((pattern) => pattern.exec(message)?.[1] ?? []);
  const jobs = names.map((name) => placeOf(texts, jobStart(name)));
  // Variables in what it quotes are filled in, so that the end of it alone may be in a file.
  const quoted = [...message.matchAll(/[`']([^`']+)[`']/g)]
    .flatMap(([, text = ""]) => [text, text.split("/").at(-1) ?? text])
    .map((text) => placeOf(texts, quotedIn(text)));
  return [brokenPlace(texts, message), ...jobs, ...quoted].find((place) => place !== undefined);
}

/** A text by itself, such as a path or a name. */
export function quotedIn(text: string): RegExp {
  return new RegExp(`(?:^|[\\s"'/[])${patternOf(text)}(?:$|[\\s"',}\\]])`);
}

/** Of text that is no YAML. */
function brokenPlace(texts: Texts, message: string): string | undefined {
  if (!message.includes("(<unknown>)")) return undefined;
  for (const [path, text] of texts) {
    const documents = parseAllDocuments(text, { logLevel: "silent" });
    const [error] = documents.flatMap(({ errors }) => errors);
    const line = error?.linePos?.[0].line;
    if (line !== undefined) return `${path}:${line}`;
  }
  return undefined;
}
