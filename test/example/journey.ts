/** The worked example from Dockerfiles to running containers, the same for every engine. */
import { after, before } from "node:test";
import type { TestEngine } from "./engines.ts";
import { testReuse } from "./reuse.ts";
import { type Ensured, ensure, openStage, type Stage } from "./stage.ts";
import { testTrees } from "./trees.ts";

export function exampleJourney(name: string, make: (folder: string) => Promise<TestEngine>): void {
  let stage: Stage;
  let first: Ensured;
  before(async () => {
    stage = await openStage(make);
    first = await ensure(stage);
  });
  after(() => stage?.stop());
  for (const part of [testReuse, testTrees])
    part(
      name,
      () => stage,
      () => first,
    );
}
