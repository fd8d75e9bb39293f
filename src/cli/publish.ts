/** `berth publish`: copies what is elsewhere, then the set's tag on every image, then the record. */
import { type ExitCode, exitCodes } from "../errors.ts";
import { copyAll } from "../execute/copy.ts";
import { ownBase } from "../plan/situation.ts";
import { announceWrites } from "../publish/announce.ts";
import { isPublishDue } from "../publish/due.ts";
import { publishSet } from "../publish/set.ts";
import { openPlanned } from "./planned.ts";
import { reportOn } from "./report.ts";
import type { SessionOptions } from "./session.ts";

export async function publishCommand(options: SessionOptions): Promise<ExitCode> {
  const { situation, login, world, root, plan } = await openPlanned(options);
  const place = { world, root, options };
  if (!isPublishDue(plan, situation)) {
    await reportOn(plan, place, {});
    world.print(
      options.json === true
        ? '{"record":null,"tags":[],"missing":[]}\n'
        : "all images are there and need no tag or record here; nothing to publish\n",
    );
    return exitCodes.done;
  }
  const base = ownBase(situation);
  announceWrites(plan, base, login.registry);
  const copied = await copyAll(plan, login.registry);
  const now = world.clock.now();
  // Where the set turns out to be incomplete, a person needs the report all the more.
  await reportOn(plan, place, { copied });
  const published = await publishSet(plan, situation, base, login.registry, now, copied);
  await reportOn(plan, place, { copied, manifests: published.manifests });
  const { record, tags, missing } = published;
  if (options.json === true) {
    world.print(`${JSON.stringify({ record: record ?? null, tags, missing })}\n`);
    return exitCodes.done;
  }
  for (const tag of tags)
    world.print(`tagged ${plan.images.length - missing.length} images as ${tag}\n`);
  if (missing.length > 0) world.print(`recorded as missing (optional): ${missing.join(", ")}\n`);
  world.print(record === undefined ? "no set record is due\n" : `set record: ${record}\n`);
  return exitCodes.done;
}
