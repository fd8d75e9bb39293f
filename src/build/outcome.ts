/** What became of a planned image: its shape in a file, which is also the type that the program uses. */
import { type ErrorCode, errorCodes } from "../errors.ts";
import type { DeepReadonly } from "../json.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import type { Manifest } from "../oci/manifest.ts";
import { type PlannedImage, readWritten } from "../plan/plan.ts";
import * as z from "../zod.ts";

const digest = z.custom<Digest>(
  (value) => typeof value === "string" && parseDigest(value) !== undefined,
);
const amount = z.number().check(z.nonnegative());
const textOrNull = z.nullable(z.string());

/** A blob of an image: what it is known by, and its bytes in the registry. */
const blob = z.object({ digest, size: amount });

/**
 * The end of one image. `adopted`: another pipeline had pushed the key meanwhile, and its image was taken;
 * `skipped`: not tried, since an image that it is built from failed.
 */
const result = z.enum(["reused", "copied", "built", "adopted", "failed", "skipped"]);

const schema = z.object({
  name: z.string(),
  key: z.string(),
  decision: z.enum(["reuse", "copy", "build", "refresh"]),
  // The one whose plan was carried out, `null` on a machine; in the file alone.
  pipeline: z.exactOptional(textOrNull),
  // The job that worked on it, `null` on a machine; not told where there was no work.
  job: z.exactOptional(textOrNull),
  result,
  // By digest; `null` where there is no image.
  reference: textOrNull,
  digest: textOrNull,
  optional: z.boolean(),
  // A time that is not known is left out of the file.
  seconds: z.mapped(z.optional(amount), (value): number | undefined => value),
  // Its config and layers, where its manifest was at hand.
  blobs: z.exactOptional(z.array(blob)),
  // How long the build took that made it, in this run or an earlier one, as the image says itself.
  buildSeconds: z.exactOptional(amount),
  // Why it failed or was skipped.
  error: z.nullable(
    z.object({
      code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      hint: textOrNull,
      // The last lines of the engine.
      output: z.exactOptional(z.array(z.string())),
    }),
  ),
});

export type Outcome = DeepReadonly<z.output<typeof schema>>;
export type Result = z.output<typeof result>;
export type ImageBlob = DeepReadonly<z.output<typeof blob>>;

/** Reads the file of one outcome; PLAN_INVALID where it is damaged or of another version of berth. */
export function parseOutcome(text: string, file: string): Outcome {
  const by = "`berth build` or `berth ensure` of the same version of berth";
  const read = readWritten(schema, text, file, by);
  return { ...read, seconds: read.seconds };
}

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
