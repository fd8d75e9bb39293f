/** From what a search has seen to the images for this machine, or why they are not there. */
import { BerthError } from "../errors.ts";
import { platformsOf } from "../image/image.ts";
import { childFor } from "../oci/manifest.ts";
import { parseReference, printReference, withDigest } from "../oci/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { Located, Search } from "./locate.ts";

/** This machine, and the registries that it may read. */
interface Here {
  readonly world: { readonly platform: string };
  readonly login: { readonly registry: Pick<Registry, "get"> };
}

/**
 * Of an image of several platforms the one that runs here: this machine's, or the one that was asked for.
 *
 * IMAGE_ABSENT where it has no such platform.
 */
export async function onPlatform(
  located: Located,
  asked: string | undefined,
  { world, login }: Here,
): Promise<Located> {
  const platforms = platformsOf(located);
  const platform = asked ?? (platforms.length === 1 ? located.platform : world.platform);
  if (!platforms.includes(platform)) throw notBuiltFor(located, platform);
  if (platforms.length === 1) return located;
  const index = parseReference(located.reference);
  const manifest = await login.registry.get(index);
  const child = manifest && childFor(manifest, platform);
  if (child === undefined) {
    const what = `find ${located.name} for ${platform}: ${located.reference} does not name it`;
    const hint = "give another --platform, or take another image with --rev or --tag";
    throw new BerthError("IMAGE_ABSENT", what, { hint });
  }
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

/** What a user asked for. */
export interface Wanted {
  readonly rev?: string;
  readonly tag?: string;
  readonly pipeline?: string;
}

/** Throws where images were not found; what kept berth from looking is said before anything else. */
export function requireAll(names: readonly string[], wanted: Wanted, search: Search): void {
  const missing = names.filter((name) => !search.located.has(name));
  if (missing.length === 0) return;
  const [trouble] = search.troubles;
  if (trouble !== undefined) throw trouble;
  const list = missing.join(", ");
  throw new BerthError("IMAGE_ABSENT", `find ${list} ${whatOf(wanted)}: ${whereText(search)}`, {
    hint: search.looked.length === 0 ? noPlace : hintOf(wanted),
  });
}

const noPlace =
  "give --registry host/path, or set `registry` or `upstream` in berth.yml, so that it is known where to look";

function whatOf({ rev, tag, pipeline }: Wanted): string {
  if (pipeline !== undefined) return `of pipeline ${pipeline}`;
  if (tag !== undefined) return `tagged ${tag}`;
  return rev === undefined ? "of the working tree" : `of ${rev}`;
}

/** A few places are enough for a person. */
export function whereText({ looked }: Pick<Search, "looked">): string {
  if (looked.length === 0) return "no registry is known";
  const shown = looked.slice(0, 3);
  const more =
    looked.length > shown.length ? ` and ${looked.length - shown.length} other places` : "";
  return `it is not at ${shown.join(" nor at ")}${more}`;
}

function hintOf({ rev, tag, pipeline }: Wanted): string {
  if (pipeline !== undefined) {
    return "only a pipeline that published or refreshed images is on record; for another give its commit with --rev";
  }
  if (tag !== undefined)
    return "give a tag that the image has, such as one of `publish` in berth.yml";
  const others =
    rev === undefined
      ? "or run another one with --rev or --tag latest"
      : "or run another one with --tag";
  return `commit and push so that a pipeline builds it, or build it here (--build or --local; berth ensure builds all), ${others}`;
}
