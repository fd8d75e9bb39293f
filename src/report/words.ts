/** The words of reports: times, counts, how it stands and what was saved. */
import { printBytes } from "../output/print.ts";
import { count } from "../output/table.ts";
import { type ImageState, type Report, states } from "./view.ts";

/** Seconds as people say them, to the precision that matters at that length. */
export function printSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const rounded = Math.round(whole / 60);
  return `${Math.floor(rounded / 60)} h ${rounded % 60} min`;
}

/** The states that occur, in the order of `meanings`, with how often they do. */
export function countStates({
  images,
}: Pick<Report, "images">): readonly (readonly [ImageState, number])[] {
  return states
    .map((state) => [state, images.filter((image) => image.state === state).length] as const)
    .filter(([, number]) => number > 0);
}

/** One sentence on how it stands. */
export function verdict(report: Pick<Report, "images">): string {
  const { images } = report;
  const lost = images.filter(({ state }) => state === "failed" || state === "skipped");
  const needed = lost.filter(({ optional }) => !optional);
  if (needed.length > 0) {
    const be = needed.length === 1 ? "is" : "are";
    return `${needed.length} of ${count(images.length, "image")} ${be} missing`;
  }
  if (images.length === 0) return "No images";
  if (lost.length > 0) return `All images that must be there are; ${lost.length} optional missing`;
  const open = images.filter(({ state }) => state.startsWith("to ")).length;
  if (open > 0) return `${open} of ${count(images.length, "image")} to be made`;
  return images.length === 1 ? "The image is there" : `All ${images.length} images are there`;
}

/** What was saved, one sentence for each thing that is known; and what is not known. */
export function savedWords({ saved }: Pick<Report, "saved">): readonly string[] {
  const { jobs, seconds, timed, bytes, weighed } = saved;
  if (jobs === 0) return ["Nothing: every image had to be made."];
  const of = (known: number): string => (known === jobs ? "" : ` (known of ${known} of ${jobs})`);
  return [
    `${count(jobs, "build job")} not run.`,
    timed === 0
      ? "Build time: not known, since these images do not say how long their builds took."
      : `${printSeconds(seconds)} of building${of(timed)}, as these images took when they were made.`,
    weighed === 0
      ? "Bytes: not known, since nothing had to be read of these images."
      : `Up to ${printBytes(bytes)} not built, pushed and stored again${of(weighed)}, shared layers counted once.`,
  ];
}
