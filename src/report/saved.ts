/** What a run saved against one that builds all images; only what is known, nothing extrapolated. */
import { bytesOf } from "../output/bytes.ts";
import type { ReportImage } from "./view.ts";

export interface Saved {
  /** Images that were taken as they are, each a build job that did not run. */
  readonly jobs: number;
  /** What the builds of these images took when they were made, and of how many that is known. */
  readonly seconds: number;
  readonly timed: number;
  /** What these images weigh, blobs that they share counted once, and of how many that is known. */
  readonly bytes: number;
  readonly weighed: number;
}

/**
 * Sums up the images that no engine had to make.
 *
 * Rebuilding them with warm layer caches would take less time and move fewer bytes than this, with
 * newer package mirrors it may take more; so both are said to be what the existing images took.
 */
export function savedBy(images: readonly ReportImage[]): Saved {
  const spared = images.filter(
    ({ state }) => state === "reused" || state === "copied" || state === "to copy",
  );
  const timed = spared.flatMap(({ buildSeconds }) => buildSeconds ?? []);
  const weighed = spared.flatMap(({ blobs }) => (blobs === undefined ? [] : [blobs]));
  return {
    jobs: spared.length,
    seconds: timed.reduce((sum, seconds) => sum + seconds, 0),
    timed: timed.length,
    bytes: bytesOf(weighed.flat()),
    weighed: weighed.length,
  };
}
