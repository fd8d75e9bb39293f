/** Names of the tags of one repository: keys, of which a few are needed, and what old pipelines refreshed, to be deleted. */
import { ownTags } from "../src/image/key.ts";

export const neededPerRepository = 200;

/** So many tags, the doomed ones among them. */
export function tagsOf(count: number, doomed: number): readonly string[] {
  return [...keysOf(count - doomed), ...keysOf(doomed).map((tag, index) => `${tag}-r${index + 1}`)];
}

export function keysOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) =>
    ownTags.key(index.toString(16).padStart(64, "0")),
  );
}
