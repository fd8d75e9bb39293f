/** `berth publish`: copies what is elsewhere, then the set's tag on every image, then the record. */
import type { Command } from "commander";
import { deriveAll, newBase } from "../build/derive.ts";
import { refuseForeign } from "../plan/asked.ts";
import { announceWrites, isPublishDue } from "../plan/rights.ts";
import { ownBase, refuseTag } from "../plan/situation.ts";
import { type Published, publishSet } from "../publish/set.ts";
import type { World } from "../world.ts";
import { readOutcomes } from "./folder.ts";
import { openPlanned } from "./session.ts";
import { type BuildOptions, examples, outputOption, printResult, type Work } from "./verb.ts";

export function declare(command: Command): Work {
  command
    .description("tag all images of the plan's set and write the set record")
    .addOption(outputOption())
    .addHelpText("after", examples("berth publish"));
  return publish;
}

async function publish(world: World, options: BuildOptions): Promise<void> {
  const { situation, login, folder, plan } = await openPlanned(world, options);
  refuseTag(situation, plan.config);
  refuseForeign(plan, situation, plan.config);
  const outcomes = () => readOutcomes(folder, plan);
  const isDue = isPublishDue(plan, situation);
  const base = (isDue ? undefined : (situation.own ?? situation.upstream)) ?? ownBase(situation);
  if (isDue) announceWrites(plan, base, login.registry);
  const { registry } = login;
  const { clock } = world;
  const now = clock.now();
  const task = { plan, manifests: new Map() };
  const isNew = newBase(base, registry);
  const copied = await deriveAll({ task, registry, situation, clock, isNew });
  const { reportOn } = await import("./report.ts");
  const publishing = publishSet({ plan, situation, base, registry, now }, copied);
  // Where the set turns out to be incomplete, a person needs the report all the more.
  const manifests = await publishing.then(
    (published) => published.manifests,
    () => copied,
  );
  await reportOn(folder, plan, { outcomes, copied, manifests });
  const published = await publishing;
  const result = isDue
    ? { record: published.record, tags: [...published.tags.keys()], missing: published.missing }
    : { record: null, tags: [], missing: [] };
  printResult(world, options, result, describe(published, isDue));
}

function describe({ record, tags, missing }: Published, isDue: boolean): string {
  if (!isDue) return "all images are there and need no tag or record here; nothing to publish\n";
  return [
    ...[...tags].map(([tag, count]) => `tagged ${count} images as ${tag}\n`),
    missing.length > 0 ? `recorded as missing (optional): ${missing.join(", ")}\n` : "",
    record === undefined ? "no set record is due\n" : `set record: ${record}\n`,
  ].join("");
}
