/** Figures of the sources: how many files and lines, what a file draws in, and where the rules of the house bend. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** One source file; paths are relative to the folder of sources. */
export interface SourceFile {
  readonly path: string;
  readonly lines: readonly string[];
  /** The files of the sources that it imports, types too. */
  readonly imports: readonly string[];
  /** Those that it loads only when it needs them. */
  readonly later: readonly string[];
}

export interface LongFunction {
  readonly file: string;
  readonly name: string;
  readonly lines: number;
}

const src = join(import.meta.dirname, "../src");

/** Reads all TypeScript files below a folder. */
export function readSources(folder = src): ReadonlyMap<string, SourceFile> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .sort();
  return new Map(paths.map((path) => [path, sourceFile(path, join(folder, path))]));
}

function sourceFile(path: string, file: string): SourceFile {
  const text = readFileSync(file, "utf8");
  const own = (pattern: RegExp): readonly string[] =>
    [...new Set([...text.matchAll(pattern)].map(([, target = ""]) => target))]
      .filter((target) => target.startsWith("."))
      .map((target) => join(dirname(path), target));
  const imports = own(/^(?:import|export)\s[^;"'=()]*?\bfrom\s+"([^"]+)"/gm);
  const later = own(/\bimport\(\s*"([^"]+)"/g);
  return { path, lines: text.split("\n").slice(0, -1), imports, later };
}

/** The file itself and all that it draws in at once. */
export function closureOf(path: string, sources: ReadonlyMap<string, SourceFile>) {
  const reached = new Set([path]);
  // A Set that grows while it is read visits what was added, too.
  for (const file of reached)
    for (const target of sources.get(file)?.imports ?? []) reached.add(target);
  return reached;
}

/** Groups of files that import each other, directly or around corners, at once or later. */
export function circles(sources: ReadonlyMap<string, SourceFile>): readonly (readonly string[])[] {
  const whole = new Map(
    [...sources].map(([path, file]) => [
      path,
      { ...file, imports: [...file.imports, ...file.later] },
    ]),
  );
  const closures = new Map([...sources.keys()].map((path) => [path, closureOf(path, whole)]));
  const groups = [...closures].map(([path, reached]) =>
    [...reached].filter((other) => closures.get(other)?.has(path)).sort(),
  );
  const distinct = new Map(groups.map((group) => [group.join(), group]));
  return [...distinct.values()].filter((group) => group.length > 1);
}

/** Names of types that are declared in more than one file. */
export function typesTwice(
  sources: ReadonlyMap<string, SourceFile>,
  isExported = true,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { path, lines } of sources.values())
    for (const line of lines) {
      const [, exported, name] = /^(export )?(?:interface|type|class) (\w+)/.exec(line) ?? [];
      if (name === undefined || (isExported && exported === undefined)) continue;
      found.set(name, [...(found.get(name) ?? []), path]);
    }
  return new Map([...found].filter(([, paths]) => paths.length > 1));
}

/** Functions of a file's first level that are longer than a page; formatted code ends them at the margin. */
export function longFunctions(
  sources: ReadonlyMap<string, SourceFile>,
  limit = 40,
): readonly LongFunction[] {
  return [...sources.values()].flatMap(({ path, lines }) =>
    lines.flatMap((line, start) => {
      const name = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
      const end = lines.findIndex((other, index) => index >= start && /^}/.test(other));
      const count = end - start + 1;
      return name === undefined || count <= limit ? [] : [{ file: path, name, lines: count }];
    }),
  );
}

/** Files too small to be read alone: a few lines, and one importer. */
export function dust(sources: ReadonlyMap<string, SourceFile>, limit = 40): readonly string[] {
  const importers = (path: string): number =>
    [...sources.values()].filter(({ imports, later }) => [...imports, ...later].includes(path))
      .length;
  return [...sources.values()]
    .filter(({ path, lines }) => lines.length < limit && importers(path) === 1)
    .map(({ path }) => path);
}

/** Files and lines of each folder; files beside the folders count as one. */
export function folders(sources: ReadonlyMap<string, SourceFile>) {
  const sums = new Map<string, { files: number; lines: number }>();
  for (const { path, lines } of sources.values()) {
    const folder = path.includes("/") ? (path.split("/")[0] ?? "") : ".";
    const sum = sums.get(folder) ?? { files: 0, lines: 0 };
    sums.set(folder, { files: sum.files + 1, lines: sum.lines + lines.length });
  }
  return sums;
}

function linesIn(paths: Iterable<string>, sources: ReadonlyMap<string, SourceFile>): number {
  return [...paths].reduce((sum, path) => sum + (sources.get(path)?.lines.length ?? 0), 0);
}

/** All figures as tables. */
export function printFigures(sources: ReadonlyMap<string, SourceFile>): string {
  const closures = ["cli/ensure.ts", "cli/key.ts"].map((path) => {
    const reached = closureOf(path, sources);
    return [`closure of ${path}`, reached.size, linesIn(reached, sources)];
  });
  const sums = [...folders(sources)].map(([name, { files, lines }]) => [name, files, lines]);
  const total = ["all", sources.size, linesIn(sources.keys(), sources)];
  const rings = circles(sources);
  const lists: readonly (readonly [string, readonly string[]])[] = [
    ["circles", rings.map((group) => `${group.length}: ${group.join(" ")}`)],
    [
      "types exported twice",
      [...typesTwice(sources)].map(([name, at]) => `${name}: ${at.join(" ")}`),
    ],
    [
      "functions over 40 lines",
      longFunctions(sources).map(({ file, name, lines }) => `${file} ${name} ${lines}`),
    ],
    ["files under 40 lines with one importer", dust(sources)],
  ];
  return [
    table(["", "files", "lines"], [...sums, total, ...closures]),
    ...lists.map(([title, items]) => `${title}: ${items.length}\n${indented(items)}`),
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [head, ...rows]
    .map(([name = "", ...numbers]) => `${String(name).padEnd(28)}${numbers.map(cell).join("")}\n`)
    .join("");
}

function cell(value: string | number): string {
  return String(value).padStart(8);
}

function indented(items: readonly string[]): string {
  return items.map((item) => `  ${item}\n`).join("");
}

if (import.meta.main) process.stdout.write(printFigures(readSources(process.argv[2])));
