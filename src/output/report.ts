/** What people read: the plan before, the outcomes after; pure text. */
import { type Plan, reasonOf } from "../plan/plan.ts";
import type { Outcome } from "./outcome.ts";
import { printTable } from "./table.ts";

/** The plan as a table with a line about the set under it. */
export function printPlan(plan: Plan): string {
  const rows = plan.images.map((image) => [
    image.name,
    image.decision.kind,
    reasonOf(image.decision),
    shortReference(image.reference),
  ]);
  const count = (kind: string): number =>
    plan.images.filter(({ decision }) => decision.kind === kind).length;
  const where = plan.set.record === null ? "not on record" : `on record at ${plan.set.record}`;
  const sums = ["reuse", "copy", "build"].map((kind) => `${count(kind)} ${kind}`).join(", ");
  return `${printTable(["IMAGE", "DECISION", "BECAUSE", "REFERENCE"], rows)}\nset ${plan.set.id.slice(0, 12)}: ${where}; ${sums}\n${dirtyNote(plan)}`;
}

function dirtyNote({ dirty }: Plan): string {
  if (dirty.length === 0) return "";
  const more = dirty.length > 3 ? ` and ${dirty.length - 3} more` : "";
  const files = `${dirty.slice(0, 3).join(", ")}${more}`;
  return `not as committed: ${files}; nothing of this is published unless it is committed\n`;
}

/** What was done, image by image, and how long it took. */
export function printOutcomes(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map((outcome) => [
    outcome.name,
    outcome.result,
    outcome.seconds === undefined ? "" : `${outcome.seconds.toFixed(1)} s`,
    shortReference(outcome.reference),
  ]);
  return printTable(["IMAGE", "RESULT", "TIME", "REFERENCE"], rows);
}

/** A reference with its digest or key cut to 12 digits, for the eye only. */
export function shortReference(reference: string | null): string {
  return reference === null ? "-" : reference.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}
