/** `berth ensure`: plan, build what is missing, publish the set, in one process. */
import { type ExitCode, exitCodes } from "../errors.ts";
import type { Manifest } from "../oci/manifest.ts";
import { parseReference, printReference, withDigest } from "../oci/reference.ts";
import { isFatal, type Outcome } from "../output/outcome.ts";
import { printOutcomes, printPlan } from "../output/report.ts";
import type { Plan } from "../plan/plan.ts";
import { ownBase } from "../plan/situation.ts";
import { announceRun } from "../publish/announce.ts";
import { isPublishDue } from "../publish/due.ts";
import type { Published } from "../publish/set.ts";
import { carryOut } from "./carry-out.ts";
import { checkConsumers } from "./consumers.ts";
import { exitCodeFor, reportFailures, writeOutcomes } from "./outcomes.ts";
import { writePlan } from "./plan.ts";
import { manifestsOf, reportOn } from "./report.ts";
import {
  dirtyError,
  makePlanOf,
  type Planned,
  type Session,
  type SessionOptions,
} from "./session.ts";
import { inSession } from "./spool.ts";
import { makeTools } from "./tools.ts";

export function ensureCommand(options: SessionOptions): Promise<ExitCode> {
  return inSession(options, async (session, spool) => {
    const [planned] = await Promise.all([
      makePlanOf(session, options, spool),
      checkConsumers(session),
    ]);
    const { plan } = planned;
    await writePlan(session, options, plan);
    if (options.json !== true) session.world.print(printPlan(plan));
    return isPublishDue(plan, session.situation)
      ? ensure(session, options, planned)
      : finish(session, options, planned, [], undefined);
  });
}

async function ensure(
  session: Session,
  options: SessionOptions,
  planned: Planned,
): Promise<ExitCode> {
  const { plan, identified, observation } = planned;
  const base = ownBase(session.situation);
  refuseDirtyBuilds(plan, session, options);
  const known = manifestsOf(observation);
  const made = makeTools(session, options, plan, identified.materials, (name, manifest) =>
    known.set(name, manifest),
  );
  const tools = { ...made, inHand: (name: string) => known.get(name) };
  announceRun(plan, base, session.login.registry);
  const outcomes = await carryOut(plan.images, session, tools);
  await writeOutcomes(session, options, outcomes);
  if (outcomes.some(isFatal)) return finish(session, options, planned, outcomes, undefined);
  const published = await publish(session, plan, base, known);
  const settled = outcomes.map((outcome) => adoptedSince(outcome, published.adopted));
  if (published.adopted.size > 0) await writeOutcomes(session, options, settled);
  return finish(session, options, planned, settled, published.record);
}

/** An outcome as the set was published, where another pipeline moved the key's tag after the build. */
function adoptedSince(outcome: Outcome, adopted: Published["adopted"]): Outcome {
  const digest = adopted.get(outcome.name);
  if (digest === undefined || outcome.reference === null) return outcome;
  const reference = printReference(withDigest(parseReference(outcome.reference), digest));
  return { ...outcome, result: "adopted", reference, digest };
}

async function publish(
  session: Session,
  plan: Plan,
  base: ReturnType<typeof ownBase>,
  known: ReadonlyMap<string, Manifest>,
): Promise<Published> {
  const { publishSet } = await import("../publish/set.ts");
  const { situation, login, world } = session;
  return publishSet(plan, situation, base, login.registry, world.clock.now(), known);
}

/** What no commit describes is built and published only when that was asked for. */
function refuseDirtyBuilds(
  plan: Plan,
  { situation }: Session,
  { allowDirty }: SessionOptions,
): void {
  if (plan.dirty.length === 0 || allowDirty === true || situation.ci) return;
  throw dirtyError("publish", plan.dirty);
}

async function finish(
  session: Session,
  options: SessionOptions,
  { plan, observation }: Planned,
  outcomes: readonly Outcome[],
  record: string | undefined,
): Promise<ExitCode> {
  const { world, project } = session;
  const place = { world, root: project.git.root, options };
  await reportOn(plan, place, { outcomes, manifests: manifestsOf(observation) });
  if (options.json === true) {
    world.print(
      `${JSON.stringify({ plan, outcomes, record: record ?? plan.set.record }, (_, value: unknown) => value ?? null, 2)}\n`,
    );
  } else if (outcomes.length > 0) {
    world.print(`\n${printOutcomes(outcomes, plan.images)}`);
    if (record !== undefined) world.print(`\nset record: ${record}\n`);
  } else {
    world.print("nothing to do\n");
  }
  reportFailures(session, outcomes);
  return outcomes.length === 0 ? exitCodes.done : exitCodeFor(outcomes);
}
