/** Reads back what earlier jobs wrote: the plan, and what became of its images. */
import { BerthError } from "../errors.ts";
import type { World } from "../host/world.ts";
import type { Outcome } from "../output/outcome.ts";
import type { Plan } from "../plan/plan.ts";
import { type Situation, situationOf } from "../plan/situation.ts";
import { type OutputFolder, outputFolder } from "./folder.ts";
import { type Login, login } from "./login.ts";
import { makePlanOf } from "./make-plan.ts";
import { openSession } from "./session.ts";
import type { BuildOptions } from "./verb.ts";

/** What publishing needs: all of it comes from the plan and the environment, none from a checkout. */
export interface PlannedSession {
  readonly folder: OutputFolder;
  readonly plan: Plan;
  readonly situation: Situation;
  readonly login: Login;
}

/** Opens a session on the plan of an earlier job of this commit, or makes one, which needs a checkout. */
export async function openPlannedOrPlan(
  world: World,
  options: BuildOptions,
): Promise<PlannedSession> {
  const git = await world.openGit(world.cwd).catch(() => undefined);
  const head = (await git?.object("HEAD^{commit}"))?.id;
  const folder = outputFolder(world, git?.root ?? world.cwd, options);
  if ((await world.files.entry(`${folder.path}/plan.json`)) !== undefined) {
    const planned = await openPlanned(world, options);
    // One that lies here from another commit is not what is to be promoted.
    if (head === undefined || planned.plan.revision === head) return planned;
  }
  const session = await openSession(world, options);
  const { plan } = await makePlanOf(session, options);
  return { folder, plan, situation: session.situation, login: session.login };
}

/** Opens a session on a plan; works without a git repository, as in jobs with GIT_STRATEGY none. */
export async function openPlanned(world: World, options: BuildOptions): Promise<PlannedSession> {
  const root = await world.openGit(world.cwd).then(
    (git) => git.root,
    () => world.cwd,
  );
  const folder = outputFolder(world, root, options);
  const plan = await readPlan(folder);
  const situation = situationOf(world.env, plan.config, options.registry);
  return { folder, plan, situation, login: login(world, plan.config) };
}

/** Reads plan.json; PLAN_INVALID where there is none. */
export async function readPlan({ world, path, label }: OutputFolder): Promise<Plan> {
  const bytes = await world.files.read(`${path}/plan.json`);
  if (bytes === undefined) {
    throw new BerthError("PLAN_INVALID", `read ${label}/plan.json: there is none`, {
      hint: "run `berth plan` first, or let this job need the plan job and its artifacts",
    });
  }
  const { parsePlan } = await import("../plan/schema.ts");
  return parsePlan(bytes.toString(), `${label}/plan.json`);
}

/** Reads the outcomes that are there. */
export async function readOutcomes(
  { world, path, label }: OutputFolder,
  { images }: Plan,
): Promise<readonly Outcome[]> {
  const { parseOutcome } = await import("../output/schema.ts");
  const read = images.map(async ({ name }) => {
    const file = `outcome/${name}.json`;
    const bytes = await world.files.read(`${path}/${file}`);
    return bytes === undefined ? [] : [parseOutcome(bytes.toString(), `${label}/${file}`)];
  });
  return (await Promise.all(read)).flat();
}
