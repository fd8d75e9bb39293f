/** Which of an image's platforms runs here. */
import { BerthError } from "../errors.ts";
import { platformsOf } from "../image/platforms.ts";
import { childFor } from "../oci/manifest.ts";
import { parseReference, printReference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Located } from "./locate.ts";

/**
 * Of an image of several platforms the one that runs here: this machine's, or the one that was asked for.
 *
 * IMAGE_ABSENT where it has no such platform.
 */
export async function onPlatform(
  located: Located,
  { asked, machine }: { readonly asked: string | undefined; readonly machine: string },
  registry: Pick<Registry, "get">,
): Promise<Located> {
  const platforms = platformsOf(located);
  const platform = asked ?? (platforms.length === 1 ? located.platform : machine);
  if (!platforms.includes(platform)) throw notBuiltFor(located, platform);
  if (platforms.length === 1) return located;
  const index = parseReference(located.reference);
  const manifest = await registry.get(index);
  const child = manifest && childFor(manifest, platform);
  if (child === undefined)
    throw new BerthError(
      "IMAGE_ABSENT",
      `find ${located.name} for ${platform}: ${located.reference} does not name it`,
    );
  return { ...located, platform, reference: printReference(withDigest(index, child.digest)) };
}

export function notBuiltFor(
  image: Pick<Located, "name" | "platform">,
  platform: string,
): BerthError {
  const what = `find ${image.name} for ${platform}: it is not built for that`;
  const hint = `give --platform with one of ${platformsOf(image).join(", ")}`;
  return new BerthError("IMAGE_ABSENT", what, { hint });
}
