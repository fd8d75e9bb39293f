/** An explanation as people read it; pure text, painted by whoever knows the terminal. */
import { shortCommit } from "./against.ts";
import type { ArgChange, ArgValue, BaseName, Difference, DiffLine } from "./difference.ts";
import type { Explanation } from "./explanation.ts";
import type { Origin } from "./history.ts";
import { withoutConsequences } from "./summary.ts";

/** Colours that mean something: what is new, what is gone, where, and what is said in passing. */
export type Paint = (style: "bold" | "green" | "red" | "yellow" | "dim", text: string) => string;

/** Prints the whole answer, the short one first. */
export function printExplanation(explanation: Explanation, paint: Paint): string {
  const { name, key, label, against, differences, nearest, notes } = explanation;
  const lines = [
    `${paint("bold", name)}  key ${short(key)} (${label})`,
    ...verdict(explanation, paint),
    ...notes.map((note) => paint("yellow", `note: ${note}`)),
    ...printDifferences(differences, paint),
    ...whereabouts(explanation),
    ...(explanation.origin === null ? [] : [originText(explanation.origin)]),
  ];
  if (nearest !== null) {
    const { id, subject, ago, reference } = nearest;
    lines.push(
      `nearest image there is: ${shortReference(reference)}`,
      `  of ${id.slice(0, 12)} ${JSON.stringify(subject)}, ${commitsAgo(ago)}`,
    );
    if (id !== against?.revision) lines.push(...printDifferences(nearest.differences, paint));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function verdict({ against, same, label }: Explanation, paint: Paint): readonly string[] {
  if (against === null) return [`there is nothing to compare ${label} with`];
  const commit = against.revision === null ? "" : `, commit ${shortCommit(against.revision)}`;
  const where = against.reference === null ? "" : ` (${shortReference(against.reference)})`;
  const what = `${against.label}${where}${commit}`;
  if (same === true) return [paint("green", `the same as ${what}`)];
  if (same === false) return [`${paint("yellow", "differs")} from ${what}`];
  return [`cannot be compared with ${what}`];
}

function whereabouts({ reference, looked }: Explanation): readonly string[] {
  if (reference !== null) return [`its image is ${shortReference(reference)}`];
  if (looked.length === 0) return [];
  return [`its image is not in ${looked.join(" nor in ")}: it has to be built`];
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case "uncommitted":
      return "the key comes from changes that are not committed";
    case "commit": {
      const { id, subject, ago } = origin;
      return `key changed in ${id.slice(0, 12)} ${JSON.stringify(subject)}, ${commitsAgo(ago)}`;
    }
    case "older":
      return `the key is the same in the last ${origin.commits} commits`;
    case "first":
      return `the key is the same in all ${origin.commits} commits of this clone`;
  }
}

function commitsAgo(ago: number): string {
  if (ago === 0) return "the last commit";
  return ago === 1 ? "1 commit ago" : `${ago} commits ago`;
}

function short(key: string): string {
  return key.slice(0, 12);
}

function shortReference(reference: string): string {
  return reference.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}

/** How many files are named before the rest is only counted. */
const mostFiles = 20;

/** Prints differences, each with its file and line, those of parents further in. */
export function printDifferences(
  differences: readonly Difference[],
  paint: Paint,
): readonly string[] {
  const told = withoutConsequences(differences);
  const files = told.filter(({ kind }) => kind === "file");
  const shown = told.filter((one) => one.kind !== "file" || files.indexOf(one) < mostFiles);
  const lines = shown.flatMap((one) => {
    const mark = one.uncommitted === true ? paint("yellow", "  (not committed)") : "";
    const [head = "", ...rest] = print(one, paint);
    return [`  ${head}${mark}`, ...rest.map((line) => `  ${line}`)];
  });
  const more = files.length - mostFiles;
  return more > 0 ? [...lines, `  … and ${more} more files`] : lines;
}

function print(difference: Difference, paint: Paint): readonly string[] {
  const place = "place" in difference ? difference.place : undefined;
  const at = place === undefined ? "" : `${paint("dim", `${place.file}:${place.line}:`)} `;
  switch (difference.kind) {
    case "image":
      return [`${paint("green", "+")} image ${difference.name}: there was none`];
    case "setting":
      return [`${difference.name} ${change(difference.old, difference.new, paint)}`];
    case "directive":
      return [`# ${difference.name}= ${change(difference.old, difference.new, paint)}`];
    case "base": {
      const [old, now] = [baseText(difference.old), baseText(difference.new)];
      const by = difference.by.map((arg) => `  by ${argText(arg, paint)}`);
      return [`${at}FROM ${change(old, now, paint)}`, ...by];
    }
    case "stage": {
      const name = difference.stage === null ? "" : ` AS ${difference.stage}`;
      return [
        `${at}${changeMark(difference.change, paint)} FROM ${baseText(difference.base)}${name}`,
      ];
    }
    case "arg":
      return [`${at}${argText(difference, paint)}`];
    case "instruction":
      return instructionLines(difference, at, paint);
    case "file":
      return [fileText(difference, paint)];
    case "parent":
      return [
        `parent ${paint("bold", difference.name)} changed:`,
        ...printDifferences(difference.differences, paint),
      ];
    case "other":
      return [`${difference.what} differ`];
  }
}

function change(old: string | null, now: string | null, paint: Paint): string {
  const from = old === null ? "none" : clean(old);
  const to = now === null ? "none" : clean(now);
  return `${paint("red", from)} → ${paint("green", to)}`;
}

/** Text from files without what would steer a terminal. */
function clean(text: string): string {
  return text.replace(/[^\P{Cc}\t]/gu, "\uFFFD");
}

function changeMark(kind: string, paint: Paint): string {
  if (kind === "added") return paint("green", "+");
  return kind === "removed" ? paint("red", "-") : paint("yellow", "~");
}

function baseText({ reference, platform, parent }: BaseName): string {
  const wanted = platform === null ? "" : `--platform=${platform} `;
  return `${wanted}${reference}${parent === null ? "" : ` (image ${parent} of this project)`}`;
}

function argText({ name, old, new: now }: ArgChange, paint: Paint): string {
  return `ARG ${name} ${change(valueText(old), valueText(now), paint)}`;
}

function valueText(value: ArgValue | null): string {
  if (value === null) return "not declared";
  const text = value.value === null ? "no value" : JSON.stringify(value.value);
  const from = {
    configuration: " (configuration)",
    dockerfile: value.place === null ? "" : ` (line ${value.place.line})`,
    platform: " (platform)",
    engine: " (as the engine expands it)",
    nobody: "",
  };
  return `${text}${from[value.from]}`;
}

type Instruction = Extract<Difference, { kind: "instruction" }>;

/** Lines shown of an instruction before the rest is only counted. */
const mostLines = 30;

function instructionLines(
  { change: kind, keyword, text, lines }: Instruction,
  at: string,
  paint: Paint,
): readonly string[] {
  const [first] = lines;
  const hasFirst = first?.text.trim() === text && first.mark !== "skipped";
  // The first line names the instruction, unless it is what changed.
  const isNamed = kind !== "changed" || first?.mark === "same" || first?.mark === "skipped";
  const rest = isNamed && hasFirst ? lines.slice(1) : lines;
  const head = `${at}${changeMark(kind, paint)} ${isNamed ? clean(text) : keyword}`;
  const shown = rest.slice(0, mostLines).map((line) => `    ${lineText(line, paint)}`);
  const more = rest.length - mostLines;
  return [
    `${head}${kind === "moved" ? " (moved)" : ""}`,
    ...shown,
    ...(more > 0 ? [`    … and ${more} more lines`] : []),
  ];
}

function lineText({ mark, text: raw }: DiffLine, paint: Paint): string {
  const text = clean(raw);
  switch (mark) {
    case "same":
      return paint("dim", `  ${text}`);
    case "skipped":
      return paint("dim", `  … ${text === "1" ? "1 line" : `${text} lines`}`);
    case "added":
      return paint("green", `+ ${text}`);
    case "removed":
      return paint("red", `- ${text}`);
  }
}

function fileText(file: Extract<Difference, { kind: "file" }>, paint: Paint): string {
  const { change: kind, path, reachedBy, executable } = file;
  const how = {
    added: "",
    removed: "",
    content: "",
    mode: executable ? " (now executable)" : " (no longer executable)",
    type: " (another type)",
  };
  const by =
    reachedBy === null
      ? ""
      : paint("dim", `  ${reachedBy.keyword} at ${reachedBy.file}:${reachedBy.line}`);
  return `${changeMark(kind, paint)} ${clean(path)}${how[kind]}${by}`;
}
