/** Dockerfiles that people wrote: fixtures of the engines' modules, and whole histories of repositories. */
import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Text } from "./engines.ts";

const hasFrom = /^\s*FROM\s/im;
const otherFile = /ignore$|\.(?:go|py|sh|md|rst|ya?ml|json|[jt]s|mk)$/;

/** Texts of a module's fixtures, and those that stand in its Go tests. */
export async function fixturesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(`${folder}/`, { recursive: true });
  const texts: string[] = [];
  for (const name of names.sort()) {
    const isFixture = /(^|\/)[^/]*dockerfile[^/]*$/i.test(name) && !otherFile.test(name);
    if (!isFixture && !name.endsWith("_test.go")) continue;
    const text = await readFile(join(folder, name), "utf8").catch(() => ""); // a folder
    texts.push(...(isFixture ? [text] : literalsIn(text)));
  }
  return texts.filter((text) => hasFrom.test(text));
}

/** Go's strings; with an escape that JSON does not know, a string is left out. */
function literalsIn(source: string): readonly string[] {
  const raw = [...source.matchAll(/`([^`]*)`/g)].map((match) => match[1] ?? "");
  const quoted = [...source.matchAll(/"(?:[^"\\\n]|\\.)*"/g)].flatMap(([literal]) => {
    try {
      return [JSON.parse(literal) as string];
    } catch {
      return [];
    }
  });
  return [...raw, ...quoted];
}

/** Every version of every Dockerfile that a repository's branches hold. */
export function historyOf(repository: string): readonly string[] {
  const git = (args: readonly string[], input = ""): Buffer => {
    const options = { input, maxBuffer: 2 ** 31 - 1 };
    return execFileSync("git", ["-C", repository, ...args], options);
  };
  const patterns = [":(icase)*dockerfile*", ":(icase)*containerfile*", "*.docker"];
  const form = ["--all", "--format=", "--raw", "--no-abbrev", "--no-renames"];
  const log = git(["log", ...form, "--", ...patterns]).toString();
  const blobs = new Set<string>();
  for (const [, blob = "", path = ""] of log.matchAll(/^:\S+ 100\d+ \S+ (\S+) \S\t(.*)$/gm)) {
    if (!otherFile.test(path)) blobs.add(blob);
  }
  const texts = objectsIn(git(["cat-file", "--batch"], [...blobs].join("\n")));
  return texts.filter((text) => hasFrom.test(text));
}

/** What `git cat-file --batch` prints: a line with the size, the content, a line feed; "missing" has neither. */
function objectsIn(printed: Buffer): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; at < printed.length; ) {
    const end = printed.indexOf("\n", at);
    const [, size] = / blob (\d+)$/.exec(printed.toString("utf8", at, end)) ?? [];
    at = end + 1;
    if (size === undefined) continue;
    texts.push(printed.toString("utf8", at, at + Number(size)));
    at += Number(size) + 1;
  }
  return texts;
}

/** A text for its last stage, and for each stage that has a name. */
export function forEachTarget(text: string): readonly Text[] {
  const names = [...text.matchAll(/^\s*FROM\s.*\sAS\s+([\w.-]+)\s*$/gim)].map((match) => match[1]);
  return [undefined, ...new Set(names)].map((target) => {
    return { text, args: {}, target, platform: "linux/amd64" };
  });
}
