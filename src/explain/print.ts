/** An explanation as people read it; pure text, painted by whoever knows the terminal. */
import { printable } from "../printable.ts";
import type { Paint, Screen } from "../world.ts";
import type { KeyDifference, PatchLine } from "./difference.ts";
import { type Explanation, shortCommit } from "./explanation.ts";

/** Prints the whole answer, the short one first; a key or reference for which the screen is too narrow is left out. */
export function printExplanation(explanation: Explanation, screen: Screen): string {
  const { name, key, label, differences, notes } = explanation;
  const { paint } = screen;
  const head = fitting([`${name}  key ${key} (${label})`, `${name}  (${label})`], screen);
  const lines = [
    paint("bold", name) + head.slice(name.length),
    verdict(explanation, screen),
    ...notes.map((note) => paint("yellow", `note: ${note}`)),
    ...printDifferences(differences, paint),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** The first of the texts, or the second where that is wider than the screen. */
function fitting([long, short]: readonly [string, string], { width }: Screen): string {
  return width === undefined || long.length <= width ? long : short;
}

function verdict({ against, same, label }: Explanation, screen: Screen): string {
  if (against === null) return `there is nothing to compare ${label} with`;
  const differs = same === false ? "differs from" : "cannot be compared with";
  const says = same === true ? "the same as" : differs;
  const commit = against.revision === null ? "" : `, commit ${shortCommit(against.revision)}`;
  const where = against.reference === null ? "" : ` (${against.reference})`;
  const short = `${says} ${against.label}${commit}`;
  const line = fitting([`${says} ${against.label}${where}${commit}`, short], screen);
  if (same === true) return screen.paint("green", line);
  return same === false ? line.replace("differs", (word) => screen.paint("yellow", word)) : line;
}

/** How many files are named before the rest is only counted. */
const mostFiles = 20;

/** Prints differences, each with its file and line, those of parents further in. */
export function printDifferences(
  differences: readonly KeyDifference[],
  paint: Paint,
): readonly string[] {
  const told = withoutConsequences(differences);
  const files = told.filter(({ kind }) => kind === "file");
  const shown = told.filter((one) => one.kind !== "file" || files.indexOf(one) < mostFiles);
  const lines = shown.flatMap((one) => print(one, paint).map((line) => `  ${line}`));
  const more = files.length - mostFiles;
  return more > 0 ? [...lines, `  … and ${more} more files`] : lines;
}

function print(difference: KeyDifference, paint: Paint): readonly string[] {
  switch (difference.kind) {
    case "image":
      return [`${paint("green", "+")} image ${difference.name}: there was none`];
    case "setting":
    case "arg":
      return [`${subjectOf(difference)} ${turn(difference, paint)}`];
    case "lines":
      return hunkLines(difference, paint);
    case "file":
      return [fileText(difference, paint)];
    case "platform":
      return [`platform ${difference.name}:`, ...printDifferences(difference.differences, paint)];
    case "parent":
      return parentLines(difference, paint);
    case "other":
      return [`${difference.what} differ`];
  }
}

type Kind<T extends KeyDifference["kind"]> = Extract<KeyDifference, { readonly kind: T }>;

function turn({ kind, old, new: now }: Kind<"setting" | "arg">, paint: Paint): string {
  const shown = (text: string | null): string =>
    text === null ? "none" : printable(kind === "arg" ? JSON.stringify(text) : text);
  return `${paint("red", shown(old))} → ${paint("green", shown(now))}`;
}

function changeMark(kind: string, paint: Paint): string {
  if (kind === "added") return paint("green", "+");
  return kind === "removed" ? paint("red", "-") : paint("yellow", "~");
}

/** Lines shown of an instruction before the rest is only counted. */
const mostLines = 30;

function hunkLines(
  { change, keyword, place, lines }: Kind<"lines">,
  paint: Paint,
): readonly string[] {
  const [first] = lines;
  // The first line names the instruction, unless it is what changed.
  const isNamed = first !== undefined && (change !== "changed" || first.mark === "same");
  const at = paint("dim", `${place.file}:${place.line}:`);
  const head = `${at} ${changeMark(change, paint)} ${printable(isNamed ? first.text.trim() : keyword)}`;
  const rest = lines.flatMap((_, index) =>
    isNamed && index === 0 ? [] : patchLines(lines, index, paint),
  );
  const more = rest.length - mostLines;
  return [
    head,
    ...rest.slice(0, mostLines).map((line) => `    ${line}`),
    ...(more > 0 ? [`    … and ${more} more lines`] : []),
  ];
}

function parentLines(
  { change, name, reference, differences }: Kind<"parent">,
  paint: Paint,
): readonly string[] {
  const parent = `parent ${paint("bold", name)}`;
  if (change === "changed") return [`${parent} changed:`, ...printDifferences(differences, paint)];
  const now = change === "added" ? "now" : "no longer";
  return [`${changeMark(change, paint)} ${parent}: ${now} named by ${printable(reference)}`];
}

const lineMarks = { same: ["dim", " "], added: ["green", "+"], removed: ["red", "-"] } as const;

/** A line of a patch, under the count of those that were left out in front of it. */
function patchLines(lines: readonly PatchLine[], at: number, paint: Paint): readonly string[] {
  const { mark, line, text } = lines[at]!;
  const above = lines.slice(0, at).findLast((one) => one.mark !== "removed");
  const count = mark === "removed" || above === undefined ? 0 : line - above.line - 1;
  const [style, sign] = lineMarks[mark];
  // A carriage return shows where it may be what changed.
  const shown = paint(style, `${sign} ${printable(mark === "same" ? text.trimEnd() : text)}`);
  if (count < 1) return [shown];
  return [paint("dim", count === 1 ? "  … 1 line" : `  … ${count} lines`), shown];
}

function fileText({ change, path, reachedBy, executable }: Kind<"file">, paint: Paint): string {
  const mode = executable ? " (now executable)" : " (no longer executable)";
  const how = change === "mode" ? mode : change === "type" ? " (another type)" : "";
  const { keyword, file, line } = reachedBy ?? {};
  const by = reachedBy === null ? "" : paint("dim", `  ${keyword} at ${file}:${line}`);
  return `${changeMark(change, paint)} ${printable(path)}${how}${by}`;
}

/**
 * Names the first difference and counts the rest, for a table's column: `COPY scripts/install.sh changed`,
 * `RUN at line 12 and 2 more changed`; empty where nothing differs.
 */
export function summary(differences: readonly KeyDifference[]): string {
  const told = withoutConsequences(differences);
  const [first] = told;
  if (first === undefined) return "";
  if (told.length > 1) return `${subjectOf(first)} and ${told.length - 1} more changed`;
  if (first.kind === "image") return "the image is new";
  const inner = "differences" in first ? summary(first.differences) : "";
  return `${subjectOf(first)} ${verbOf(first)}${inner === "" ? "" : `: ${inner}`}`;
}

/** Leaves out files that came or went with their instruction. */
function withoutConsequences(differences: readonly KeyDifference[]): readonly KeyDifference[] {
  const idOf = (mark: string, line: number | undefined): string => `${mark} ${line}`;
  const lines = new Set(
    differences.flatMap((one) =>
      one.kind === "lines" && one.change !== "changed" ? [idOf(one.change, one.place.line)] : [],
    ),
  );
  return differences.filter(
    (one) => one.kind !== "file" || !lines.has(idOf(one.change, one.reachedBy?.line)),
  );
}

function subjectOf(difference: KeyDifference): string {
  switch (difference.kind) {
    case "setting":
      return difference.name;
    case "arg":
      return `build arg ${printable(difference.name)}`;
    case "lines":
      return `${difference.keyword} at line ${difference.place.line}`;
    case "file":
      return `${difference.reachedBy?.keyword ?? "file"} ${printable(difference.path)}`;
    case "other":
      return difference.what;
    default:
      return `${difference.kind} ${difference.name}`;
  }
}

function verbOf(difference: KeyDifference): string {
  if (difference.kind === "arg" && difference.old === null) return "added";
  if (difference.kind === "arg" && difference.new === null) return "removed";
  const change = "change" in difference ? difference.change : "changed";
  return change === "added" || change === "removed" ? change : "changed";
}
