/** What jobs get of others: files and variables, from their own pipeline and from its family. */
import { expand, valuesOf } from "../../../src/pipelines/variables.ts";
import { type Attempt, dependenciesOf, type RunJob, type RunPipeline } from "./jobs.ts";
import { allVariables } from "./response.ts";

/** `undefined` where a job of another pipeline is not there, or has not passed (D8). */
export function given(
  attempt: Attempt,
  pipelines: readonly RunPipeline[],
): readonly Attempt[] | undefined {
  const near = latest(dependenciesOf(attempt.job));
  const values = valuesOf(allVariables(attempt, near));
  const { made, pipeline } = attempt.job;
  const root = rootOf(pipeline);
  const crossing = made.crossNeeds.map((need) => {
    const id = expand(need.pipeline ?? "", values, "vanishes");
    const name = expand(need.job, values, "vanishes");
    const found = pipelines
      .filter((one) => one !== pipeline && rootOf(one) === root && String(one.facts.id) === id)
      .flatMap(({ jobs }) => jobs)
      .find((job) => job.made.name === name && job.status === "success");
    return { need, found };
  });
  if (crossing.some(({ found }) => found === undefined)) return undefined;
  const wanted = crossing.filter(({ need }) => need.artifacts);
  return [...near, ...latest(wanted.flatMap(({ found }) => found ?? []))];
}

/** The newest attempt at each job that a runner had. */
export function latest(jobs: readonly RunJob[]): readonly Attempt[] {
  return jobs.flatMap(({ attempts }) => attempts.at(-1) ?? []);
}

function rootOf(pipeline: RunPipeline): RunPipeline {
  return pipeline.bridge === undefined ? pipeline : rootOf(pipeline.bridge.pipeline);
}
