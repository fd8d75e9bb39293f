/** Trigger jobs: the child pipeline that they start, and what its end means for them. */

import type { Found, Include } from "../../../src/pipelines/ports.ts";
import { refuse } from "../../../src/pipelines/refusal.ts";
import { type PlainMap, textOf } from "../../../src/pipelines/tree.ts";
import { expand, listed, valuesOf } from "../../../src/pipelines/variables.ts";
import { variablesOf } from "../../support/gitlab-jobs.ts";
import { fileIn } from "./artifacts.ts";
import { latest } from "./given.ts";
import { dependenciesOf, type RunJob, type RunPipeline } from "./jobs.ts";
import { type Child, type Makings, NoPipeline } from "./making.ts";

interface Trigger {
  readonly include: unknown;
  readonly strategy?: string;
  readonly forward?: { readonly yaml_variables?: boolean; readonly pipeline_variables?: boolean };
}

/** How far below the first pipeline another one may be (E3). */
const mostDescendants = 2;

/** The file of the child is what the trigger job includes, in the parent's commit or from its jobs' archives (E1). */
export function childOf(makings: Makings, bridge: RunJob): Child {
  const { include } = triggerOf(bridge);
  if (depthOf(bridge.pipeline) >= mostDescendants)
    throw new NoPipeline("reached_max_descendant_pipelines_depth");
  return {
    bridge,
    text: JSON.stringify({ include }),
    variables: handedOn(makings, bridge),
    artifact: (include) => artifactOf(bridge.pipeline, include),
  };
}

function depthOf({ bridge }: Pick<RunPipeline, "bridge">): number {
  return bridge === undefined ? 0 : depthOf(bridge.pipeline) + 1;
}

/** E1: a file that a job of the parent left. */
async function artifactOf(
  { jobs }: Pick<RunPipeline, "jobs">,
  { location, entry }: Include,
): Promise<Found> {
  const name = textOf(entry.get("job"));
  const job = jobs.find(({ made }) => made.name === name);
  const archive = job?.attempts.at(-1)?.archive;
  if (archive === undefined)
    return refuse(`Job \`${name}\` not found in parent pipeline or does not have artifacts!`);
  const text = await fileIn(archive.path, location);
  if (text === undefined)
    return refuse(`Path \`${location}\` does not exist inside the \`${name}\` artifacts archive!`);
  return text === "" ? refuse(`File \`${location}\` is empty!`) : { text };
}

function triggerOf({ made }: RunJob): Trigger {
  return made.options["trigger"] as PlainMap as unknown as Trigger;
}

/** E4: its own variables, expanded, and only where it says so those that the pipeline was started with. */
function handedOn(makings: Makings, bridge: RunJob): Child["variables"] {
  const { made, pipeline } = bridge;
  const { forward = {} } = triggerOf(bridge);
  const { facts, start, settings } = pipeline;
  const { variables = {}, ...same } = start;
  const nobody = { id: 0, name: made.name, stage: made.stage, token: "", user: facts.user };
  const own = [...made.variables].reverse();
  const values = valuesOf([
    ...listed(variablesOf(makings, same, { ...nobody, pipeline: facts })),
    ...own,
    ...latest(dependenciesOf(bridge)).flatMap(({ dotenv }) => dotenv),
    ...settings,
  ]);
  const inPlace = own.map((each) =>
    each.raw === true ? each : { ...each, value: expand(each.value, values, "vanishes") },
  );
  return [
    ...(forward.yaml_variables === false ? [] : inPlace),
    ...(forward.pipeline_variables === true ? listed(variables) : []),
  ];
}

/** E5: a trigger job that does not wait has passed once its child is there. */
export function inherited(bridge: RunJob, child: string): string {
  if (triggerOf(bridge).strategy === undefined) return "success";
  if (child === "success" || child === "canceled") return child;
  return child === "failed" || child === "skipped" ? "failed" : "running";
}
