/** What became of a planned image, as plain JSON that later jobs and reports read. */
import type { Manifest } from "../oci/manifest.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Outcome } from "./outcome.ts";

/** An outcome, and the manifest that the image ended at, for what follows in the same run. */
export interface Ended {
  readonly outcome: Outcome;
  readonly manifest: Manifest | undefined;
}

/** What came of a plan. */
export interface Carried {
  readonly outcomes: readonly Outcome[];
  /** Images that were to be built and were not. */
  readonly left?: readonly string[];
  /** The set record that was written. */
  readonly record?: string | undefined;
}

/** What every outcome says of its image. */
export function outcomeBase(image: PlannedImage): Omit<Outcome, "result"> {
  return {
    name: image.name,
    key: image.key,
    decision: image.decision.kind,
    reference: null,
    digest: null,
    optional: image.optional,
    seconds: undefined,
    streamedBytes: 0,
    error: null,
  };
}

/** The manifests that images ended at, by name. */
export function manifestsOf(ended: readonly Ended[]): ReadonlyMap<string, Manifest> {
  return new Map(
    ended.flatMap(({ outcome, manifest }) =>
      manifest === undefined ? [] : [[outcome.name, manifest] as const],
    ),
  );
}

/** On a built image: how many seconds its engine took. */
export const secondsAnnotation = "berth.seconds";

/** What a manifest says of weight and time; nothing for an index or where there is none. */
export function factsOf(manifest: Manifest | undefined): Pick<Outcome, "blobs" | "buildSeconds"> {
  if (manifest?.content.kind !== "image") return {};
  const { config, layers, annotations } = manifest.content;
  const blobs = [config, ...layers].map(({ digest, size }) => ({ digest, size }));
  const seconds = annotations[secondsAnnotation];
  const isNumber = seconds !== undefined && /^\d{1,7}(\.\d{1,3})?$/.test(seconds);
  return { blobs, ...(isNumber ? { buildSeconds: Number(seconds) } : {}) };
}

/** An outcome that fails the whole run. */
export function isFatal(outcome: Outcome): boolean {
  return (outcome.result === "failed" || outcome.result === "skipped") && !outcome.optional;
}
