/** plan.json as text; reading it back is `plan/schema.ts`, which loads a schema library. */
import type { Plan } from "../plan/plan.ts";

/** Prints a plan as plan.json holds it: what is not there is `null`. */
export function serializePlan(plan: Plan): string {
  return `${JSON.stringify(plan, (_, value: unknown) => (value === undefined ? null : value), 2)}\n`;
}
