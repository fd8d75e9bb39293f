/** `berth build`: carries out a plan for some images, as a job of the child pipeline. */
import { BerthError, type ExitCode } from "../errors.ts";
import type { Material } from "../image/identify.ts";
import { printOutcomes } from "../output/report.ts";
import type { Plan } from "../plan/plan.ts";
import { ownBase } from "../plan/situation.ts";
import { carryOut } from "./carry-out.ts";
import { exitCodeFor, reportFailures, writeOutcomes } from "./outcomes.ts";
import { readPlan } from "./planned.ts";
import { known } from "./project.ts";
import { dirtyError, type Session, type SessionOptions } from "./session.ts";
import { inSession } from "./spool.ts";
import { makeTools } from "./tools.ts";

export function buildCommand(names: readonly string[], options: SessionOptions): Promise<ExitCode> {
  return inSession(options, async (session, spool) => {
    ownBase(session.situation);
    const plan = await readPlan(session.world, session.project.git.root, options);
    known(plan.images, names);
    if (plan.dirty.length > 0 && options.allowDirty !== true) throw dirtyError("build", plan.dirty);
    const { images, materials } = await session.project.identify(names, spool);
    refuseStale(plan, names, new Map(images.map(({ name, key }) => [name, key])));
    return build(session, options, plan, names, materials);
  });
}

async function build(
  session: Session,
  options: SessionOptions,
  plan: Plan,
  names: readonly string[],
  materials: ReadonlyMap<string, Material>,
): Promise<ExitCode> {
  const wanted = plan.images.filter(({ name }) => names.includes(name));
  const tools = makeTools(session, options, plan, materials, () => undefined);
  const outcomes = await carryOut(wanted, session, tools);
  await writeOutcomes(session, options, outcomes);
  session.world.print(
    options.json === true
      ? `${JSON.stringify({ outcomes }, (_, value: unknown) => value ?? null, 2)}\n`
      : printOutcomes(outcomes, wanted),
  );
  reportFailures(session, outcomes);
  return exitCodeFor(outcomes);
}

/** What is built must be what was planned: the checkout has to give the plan's keys. */
function refuseStale(
  plan: Plan,
  names: readonly string[],
  keys: ReadonlyMap<string, string>,
): void {
  const stale = plan.images.filter(
    ({ name, key }) => names.includes(name) && keys.get(name) !== key,
  );
  if (stale.length === 0) return;
  throw new BerthError(
    "PLAN_STALE",
    `build ${stale.map(({ name }) => name).join(", ")}: the files here give other keys than the plan`,
    {
      hint: `check out ${plan.revision ?? "the planned files"} as the plan job did, or run the plan job again`,
    },
  );
}
