/** Which differences no commit holds yet. */
import { canonicalJson, type Json } from "../json.ts";
import type { Difference } from "./difference.ts";

/** Marks those differences that are also there between the last commit and the working tree. */
export function markUncommitted(
  differences: readonly Difference[],
  sinceCommit: readonly Difference[],
): readonly Difference[] {
  const recent = new Map(sinceCommit.map((difference) => [subjectOf(difference), difference]));
  return differences.map((difference) => {
    const same = recent.get(subjectOf(difference));
    if (same === undefined) return difference;
    if (difference.kind !== "parent" || same.kind !== "parent")
      return { ...difference, uncommitted: true };
    return {
      ...difference,
      differences: markUncommitted(difference.differences, same.differences),
    };
  });
}

/** What a difference is about, whatever it is compared with. */
function subjectOf(difference: Difference): string {
  const { kind } = difference;
  const parts = (): readonly Json[] => {
    switch (difference.kind) {
      case "instruction":
        // What is gone has its line in another file than the one at hand.
        return difference.change === "removed"
          ? ["removed", difference.text]
          : [difference.place.line];
      case "base":
      case "stage":
        return [difference.stage, difference.place.line];
      case "arg":
        return [difference.name, difference.place.line];
      case "file":
        return [difference.path];
      case "other":
        return [difference.what];
      default:
        return [difference.name];
    }
  };
  return canonicalJson([kind, ...parts()]);
}
