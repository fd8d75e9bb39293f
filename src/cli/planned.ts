/** Reads back the plan that an earlier job wrote. */
import { BerthError } from "../errors.ts";
import type { Plan } from "../plan/plan.ts";
import { outputPath, type Session, type SessionOptions } from "./session.ts";

export async function readPlan(session: Session, options: SessionOptions): Promise<Plan> {
  const file = outputPath(session, options, "plan.json");
  const bytes = await session.world.files.read(file);
  if (bytes === undefined) {
    throw new BerthError("PLAN_INVALID", `read ${options.output}/plan.json: there is none`, {
      hint: "run `berth plan` first, or let this job need the plan job and its artifacts",
    });
  }
  const { parsePlan } = await import("../plan/schema.ts");
  return parsePlan(bytes.toString(), `${options.output}/plan.json`);
}
