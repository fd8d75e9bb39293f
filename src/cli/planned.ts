/** Reads back the plan that an earlier job wrote. */
import { BerthError } from "../errors.ts";
import { realWorld, type World } from "../host/world.ts";
import type { Plan } from "../plan/plan.ts";
import { type Situation, situationOf } from "../plan/situation.ts";
import { type Login, login } from "./registry.ts";
import { makePlanOf, openSession, outputPath, type SessionOptions } from "./session.ts";

/** What publishing needs: all of it comes from the plan and the environment, none from a checkout. */
export interface PlannedSession {
  readonly world: World;
  /** The repository's top, or the working folder where there is no repository; absolute. */
  readonly root: string;
  readonly plan: Plan;
  readonly situation: Situation;
  readonly login: Login;
}

/** Opens a session on the plan of an earlier job of this commit, or makes one, which needs a checkout. */
export async function openPlannedOrPlan(options: SessionOptions): Promise<PlannedSession> {
  const world = realWorld();
  const git = await world.openGit(world.cwd).catch(() => undefined);
  const head = (await git?.object("HEAD^{commit}"))?.id;
  const root = git?.root ?? world.cwd;
  await git?.close();
  const isThere = (await world.files.entry(outputPath(root, options, "plan.json"))) !== undefined;
  if (isThere) {
    const planned = await openPlanned(options);
    // One that lies here from another commit is not what is to be promoted.
    if (head === undefined || planned.plan.revision === head) return planned;
  }
  const session = await openSession(options);
  const { plan } = await makePlanOf(session, options);
  await session.project.git.close();
  const { situation, login } = session;
  return { world: session.world, root: session.project.git.root, plan, situation, login };
}

/** Opens a session on a plan; works without a git repository, as in jobs with GIT_STRATEGY none. */
export async function openPlanned(options: SessionOptions): Promise<PlannedSession> {
  const world = realWorld();
  const root = await world.openGit(world.cwd).then(
    (git) => git.root,
    () => world.cwd,
  );
  const plan = await readPlan(world, root, options);
  const situation = situationOf(world.env, plan.config, options.registry);
  return { world, root, plan, situation, login: login(world, plan.config) };
}

/** Reads plan.json of the output folder; PLAN_INVALID where there is none. */
export async function readPlan(world: World, root: string, options: SessionOptions): Promise<Plan> {
  const bytes = await world.files.read(outputPath(root, options, "plan.json"));
  if (bytes === undefined) {
    throw new BerthError("PLAN_INVALID", `read ${options.output}/plan.json: there is none`, {
      hint: "run `berth plan` first, or let this job need the plan job and its artifacts",
    });
  }
  const { parsePlan } = await import("../plan/schema.ts");
  return parsePlan(bytes.toString(), `${options.output}/plan.json`);
}
