/** The worked example from Dockerfiles to running containers, the same for every engine. */
import { after, before } from "node:test";
import type { TestEngine } from "./engines.ts";
import { type Ensured, ensure, openStage, type Stage } from "./stage.ts";

type Part = (name: string, stage: () => Stage, first: () => Ensured) => void;

/** `without` are images that are left out. */
export function exampleJourney(
  name: string,
  make: (folder: string) => Promise<TestEngine>,
  parts: readonly Part[],
  without: readonly string[] = [],
): void {
  let stage: Stage;
  let first: Ensured;
  before(async () => {
    stage = await openStage(make, without);
    // From a checkout of other modes than all that come later have, whose keys must be the same.
    first = await ensure(stage, { project: stage.project.clone("open", 0o000) });
  });
  after(() => stage?.stop());
  for (const part of parts)
    part(
      name,
      () => stage,
      () => first,
    );
}
