/** What a user wishes of a run by variables: images built again, and a tag of the user's own. */
import type { Config } from "../config/config.ts";
import { promotedPattern } from "../config/promoted.ts";
import { BerthError } from "../errors.ts";
import { imageOf } from "../image/platforms.ts";
import { isTag } from "../oci/reference.ts";
import { isReserved, readTag } from "../oci/tags.ts";
import type { Get } from "./upstream.ts";

export interface Wishes {
  /** What is built again: nothing, everything, or the images named. */
  readonly force: "none" | "all" | readonly string[];
  /** `<PREFIX>_CONTAINER_TAG` as it was given; `refuseTag` says whether images may have it. */
  readonly tag: string | undefined;
}

export function wishesOf(prefix: string, get: Get): Wishes {
  const tag = get(tagVariable(prefix));
  // GitLab gives a job the dotenv of all that it needs: a set's tag there is what berth wrote itself.
  const isOurs = tag !== undefined && readTag(tag)?.kind === "set";
  return { force: forceOf(get(`${prefix}_FORCE_REBUILD`)), tag: isOurs ? undefined : tag };
}

/** `1` is everything, `0` nothing; else names of images, with commas or blanks between them. */
function forceOf(text: string | undefined): Wishes["force"] {
  if (text === undefined || /^(?:0|false|no)$/i.test(text)) return "none";
  if (/^(?:1|true|yes|all)$/i.test(text)) return "all";
  const names = text.split(/[\s,]+/).filter((name) => name !== "");
  return names.length === 0 ? "none" : names;
}

/** Does a user want this image, or the one that this is a member of, built without any cache? */
export function isForced({ force }: Pick<Wishes, "force">, name: string): boolean {
  return force === "all" || (force !== "none" && force.includes(imageOf(name)));
}

interface WithWishes {
  readonly wishes: Pick<Wishes, "tag">;
  readonly defaultBranch: string | undefined;
}

/** REFERENCE_INVALID for a tag that no image may get; asked by those who give it to images or tell jobs of it. */
export function refuseTag(
  { wishes: { tag }, defaultBranch }: WithWishes,
  config: Pick<Config, "prefix" | "publish">,
): void {
  if (tag === undefined) return;
  const name = tagVariable(config.prefix);
  if (!isTag(tag)) {
    throw new BerthError("REFERENCE_INVALID", `read ${name}: ${JSON.stringify(tag)} is not a tag`, {
      hint: "a tag has up to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'; for a branch take CI_COMMIT_REF_SLUG",
    });
  }
  const isMoving = promotedPattern(config, defaultBranch)(tag);
  if (!isMoving && !isReserved(tag)) return;
  throw new BerthError(
    "REFERENCE_INVALID",
    `read ${name}: ${tag} is ${isMoving ? "moved by `promote` alone" : "a tag of berth's own"}`,
    {
      hint: `take ${name} out of the YAML and the settings (jobs learn their tag from the plan job), or give a tag of your own`,
    },
  );
}

function tagVariable(prefix: string): string {
  return `${prefix}_CONTAINER_TAG`;
}
