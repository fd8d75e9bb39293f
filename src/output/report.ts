/** What people read: the plan before, the outcomes after; pure text. */

import type { Outcome } from "../build/outcome.ts";
import { reasonOf } from "../plan/decision.ts";
import type { Plan, PlannedImage } from "../plan/plan.ts";
import { bytesOf, printBytes, printTable } from "./table.ts";

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

/** What was decided and why, what became of it, how long that took and what the image weighs in the registry. */
export function printOutcomes(
  outcomes: readonly Outcome[],
  images: readonly PlannedImage[],
): string {
  const planned = new Map(images.map((image) => [image.name, image]));
  const rows = outcomes.map((outcome) => {
    const decision = planned.get(outcome.name)?.decision;
    return [
      outcome.name,
      outcome.decision,
      outcome.result,
      decision === undefined ? "" : reasonOf(decision),
      outcome.seconds === undefined ? "" : `${outcome.seconds.toFixed(1)} s`,
      outcome.blobs === undefined ? "" : printBytes(bytesOf(outcome.blobs)),
      shortReference(outcome.reference),
    ];
  });
  const headings = ["IMAGE", "DECISION", "RESULT", "BECAUSE", "TIME", "SIZE", "REFERENCE"];
  return printTable(headings, rows, ["TIME", "SIZE"]);
}

/** A reference with its digest or key cut to 12 digits, for the eye only. */
export function shortReference(reference: string | null): string {
  return reference === null ? "-" : reference.replace(/([0-9a-f]{12})[0-9a-f]{52}/, "$1…");
}
