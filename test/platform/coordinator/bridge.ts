/** Trigger jobs: the child pipeline that they start, and what its end means for them. */
import type { PlainMap } from "../../../src/pipelines/plain.ts";
import { expand, listed, valuesOf } from "../../../src/pipelines/variables.ts";
import { variablesOf } from "../../support/gitlab-jobs.ts";
import { fileIn } from "./artifacts.ts";
import { latest } from "./given.ts";
import { dependenciesOf, type RunJob } from "./jobs.ts";
import type { Child, Makings } from "./making.ts";

interface Trigger {
  readonly include: unknown;
  readonly strategy?: string;
  readonly forward?: { readonly yaml_variables?: boolean; readonly pipeline_variables?: boolean };
}

/** The file of the child is what the trigger job includes, in the parent's commit or from its jobs' archives (E1). */
export function childOf(makings: Makings, bridge: RunJob): Child {
  const { include } = triggerOf(bridge);
  return {
    bridge,
    text: JSON.stringify({ include }),
    variables: handedOn(makings, bridge),
    async artifact({ location, entry }) {
      const job = bridge.pipeline.jobs.find(({ made }) => made.name === entry.get("job"));
      const archive = job?.attempts.at(-1)?.archive;
      const text = archive && (await fileIn(archive.path, location));
      return text === undefined ? undefined : { text };
    },
  };
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
