/** One pipeline from its start to its end, and everything that can be said of it afterwards. */
import type { Plan } from "../../src/plan/plan.ts";
import type { Actor } from "./actor.ts";
import { downloadsSince, momentOf, pushedSince, tagsWritten, uploadsSince } from "./look.ts";
import { type Pipeline, type Start, startPipeline } from "./pipeline.ts";
import type { World } from "./world.ts";

export interface Life {
  readonly plan: Plan;
  /** For whoever presses retry. */
  readonly pipeline: Pipeline;
  /** Images that an engine made, sorted. */
  readonly built: readonly string[];
  /** The digest that the consumer of each image ran in. */
  readonly ran: Readonly<Record<string, string>>;
  /** Tags that came to be or moved, a line for each repository. */
  readonly written: readonly string[];
  /** Repositories that received bytes of blobs. */
  readonly uploads: readonly string[];
  /** Repositories whose blobs were fetched, such as by a build that begins at a parent. */
  readonly downloads: readonly string[];
  /** Method and path of what the registry was asked, less what consumers pulled. */
  readonly asked: readonly string[];
  /** Bytes that the project received, manifests among them. */
  readonly pushed: number;
  readonly promoted: string;
  readonly output: string;
}

/** Lets a pipeline live; the promote job is there for the branches that berth.yml names. */
export async function live(world: World, actor: Actor, start: Start = {}): Promise<Life> {
  const before = momentOf(world);
  const pipeline = startPipeline(world, actor, start);
  const plan = await pipeline.plan();
  const outcomes = await pipeline.build();
  const asked = world.gitlab.registry.log.slice(before.requests);
  const ran = await pipeline.consume();
  const branch = start.request === undefined ? (start.branch ?? "main") : "";
  const promoted = /^(main|staging.*)$/.test(branch) ? await pipeline.promote() : "";
  return {
    pipeline,
    plan,
    built: outcomes
      .filter(({ result }) => result === "built")
      .map(({ name }) => name)
      .sort(),
    ran,
    written: tagsWritten(world, before, plan),
    uploads: uploadsSince(world, before),
    downloads: downloadsSince(world, before),
    asked,
    pushed: pushedSince(world, before, actor.project.path),
    promoted,
    output: pipeline.output(),
  };
}

/** Manifests that a pipeline asked for below a path; blobs are what their digests say, wherever they come from. */
export function manifestsAsked({ asked }: Pick<Life, "asked">, below: RegExp): readonly string[] {
  return asked.filter((line) => line.includes("/manifests/") && below.test(line));
}
