/** `berth publish`: the set's tag on every image, then the record. */
import { type ExitCode, exitCodes } from "../errors.ts";
import { ownBase } from "../plan/situation.ts";
import { isPublishDue } from "../publish/due.ts";
import { publishSet } from "../publish/set.ts";
import { openPlanned } from "./planned.ts";
import type { SessionOptions } from "./session.ts";

export async function publishCommand(options: SessionOptions): Promise<ExitCode> {
  const { situation, login, world, plan } = await openPlanned(options);
  if (!isPublishDue(plan, situation)) {
    world.print(
      options.json === true
        ? '{"record":null,"tags":[],"missing":[]}\n'
        : "all images are there and need no tag or record here; nothing to publish\n",
    );
    return exitCodes.done;
  }
  const published = await publishSet(
    plan,
    situation,
    ownBase(situation),
    login.registry,
    world.clock.now(),
  );
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
