/** What makes refreshed images the ones that all later pipelines use: their key tags and the set's record. */
import { BerthError } from "../errors.ts";
import { ownTags } from "../image/key.ts";
import { withDigest, withTag } from "../oci/reference.ts";
import { repositoryOf } from "../plan/places.ts";
import type { Plan } from "../plan/plan.ts";
import type { SetRecord } from "../plan/record.ts";
import type { Place } from "./forward.ts";
import { writeRecord } from "./set.ts";

/**
 * Moves the key tags to the images of a refreshed set, and then the set's record.
 *
 * Killed in between, some keys are fresh and the record names the old images; run again it converges.
 * Does nothing where the record is that of this generation already.
 */
export async function adoptGeneration(
  { images }: Pick<Plan, "images">,
  fresh: SetRecord,
  usual: SetRecord | undefined,
  { template, base, registry, now }: Place,
): Promise<void> {
  if (usual?.tag === fresh.tag && usual?.pipeline === fresh.pipeline) return;
  await Promise.all(
    images.map(async ({ name, key }) => {
      const image = fresh.images[name];
      if (image?.kind !== "own") return;
      const repository = repositoryOf(base, template, name);
      const tagged = withTag(repository, ownTags.key(key));
      if ((await registry.head(tagged))?.digest === image.digest) return;
      const manifest = await registry.get(withDigest(repository, image.digest));
      if (manifest === undefined) {
        throw new BerthError(
          "SET_INCOMPLETE",
          `promote the refreshed ${name}: ${image.digest} is not in the registry any more`,
          { hint: "run the pipeline again; it refreshes the image anew" },
        );
      }
      // From now on no build goes on from layers that are older than these.
      await registry.put(withTag(repository, ownTags.cache), manifest);
      await registry.put(tagged, manifest);
    }),
  );
  await writeRecord(fresh, base, registry, now);
}
