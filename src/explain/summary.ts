/** Differences in one line, for a table's column. */
import type { Difference } from "./difference.ts";

/**
 * Names the first difference and counts the rest: `COPY scripts/install.sh changed`,
 * `RUN at line 12 and 2 more changed`; empty where nothing differs.
 */
export function summary(differences: readonly Difference[]): string {
  const told = withoutConsequences(differences);
  const [first] = told;
  if (first === undefined) return "";
  if (first.kind === "image" && told.length === 1) return "the image is new";
  if (first.kind === "parent" && told.length === 1)
    return `parent ${first.name} changed: ${summary(first.differences)}`;
  if (told.length === 1) return `${subjectOf(first)} ${verbOf(first)}`;
  return `${subjectOf(first)} and ${told.length - 1} more changed`;
}

/** Leaves out files that came or went with their instruction. */
export function withoutConsequences(differences: readonly Difference[]): readonly Difference[] {
  const places = new Set(
    differences.flatMap((one) =>
      one.kind === "instruction" ? [`${one.change} ${one.place.line}`] : [],
    ),
  );
  return differences.filter(
    (one) => one.kind !== "file" || !places.has(`${one.change} ${one.reachedBy?.line}`),
  );
}

function subjectOf(difference: Difference): string {
  switch (difference.kind) {
    case "image":
      return `image ${difference.name}`;
    case "setting":
      return difference.name;
    case "directive":
      return `# ${difference.name}`;
    case "base":
      return `FROM ${difference.new.reference}`;
    case "stage":
      return `stage ${difference.stage ?? `at line ${difference.place.line}`}`;
    case "arg":
      return `ARG ${difference.name}`;
    case "instruction":
      return `${difference.keyword} at line ${difference.place.line}`;
    case "file":
      return `${difference.reachedBy?.keyword ?? "file"} ${difference.path}`;
    case "parent":
      return `parent ${difference.name}`;
    case "other":
      return difference.what;
  }
}

function verbOf(difference: Difference): string {
  const gone = "removed";
  if (difference.kind === "arg")
    return difference.old === null ? "added" : difference.new === null ? gone : "changed";
  if (!("change" in difference)) return "changed";
  const { change } = difference;
  return change === "added" || change === "removed" || change === "moved" ? change : "changed";
}
