/** Tells that images are nowhere: where it was looked, and what can be done. */
import { BerthError } from "../errors.ts";
import type { Search } from "./locate.ts";

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

/** Keys are long; a few places are enough for a person. */
function whereText({ looked }: Search): string {
  if (looked.length === 0) return "no registry is known";
  const shown = looked
    .slice(0, 3)
    .map((one) => one.replace(/(key[0-9]*-[0-9a-f]{12})[0-9a-f]{52}/, "$1…"));
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
  return `commit and push so that a pipeline builds it, or build it with --build (berth ensure builds all), ${others}`;
}
