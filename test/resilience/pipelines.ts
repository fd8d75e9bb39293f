/** What pipelines in this process against one registry in memory share. */
import type { Flow } from "../support/flow.ts";
import type { MemoryRegistry } from "../support/memory-registry.ts";
import { lacksOf, tagOf } from "./checks.ts";

export const project = "qemu-project/qemu";

export const setOf = ({ plan }: Flow) => ({ id: plan.set.id, images: plan.images });

/** What is lacking of the images that a pipeline handed on, in outcomes and variables. */
export function brokenReferences(memory: MemoryRegistry, flow: Flow): readonly string[] {
  const outcomes = flow.outcomes.map(({ reference }) => reference ?? "none");
  const images = /^[^/]+\/([^@:]+)(?::([^@]+))?(?:@(.+))?$/;
  const variables = Object.entries(flow.plan.variables).flatMap(([name, value]) =>
    /_IMAGE_/.test(name) ? [value] : [],
  );
  return [...outcomes, ...variables].flatMap((reference) => {
    const [, path = "", tag = "", digest] = images.exec(reference) ?? [];
    const lacks = lacksOf(memory, path, digest ?? tagOf(memory, path, tag) ?? "no tag");
    return lacks.map((lack) => `${reference}: ${lack}`);
  });
}
