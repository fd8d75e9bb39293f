/** An outcome's file: its shape, which is also the type that the program uses, and how it is read back. */

import { BerthError, type ErrorCode, errorCodes } from "../errors.ts";
import { type DeepReadonly, readObject } from "../json.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
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
  // When work on it began; not told where there was no work.
  started: z.exactOptional(z.iso.datetime()),
  // A time that is not known is left out of the file.
  seconds: z.mapped(z.optional(amount), (value): number | undefined => value),
  // Bytes of blobs that a copy had to stream.
  streamedBytes: amount,
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
  const parsed = schema.safeParse(readObject(text), z.once);
  if (parsed.success) return { ...parsed.data, seconds: parsed.data.seconds };
  const issue = parsed.error.issues[0];
  throw new BerthError(
    "PLAN_INVALID",
    `read ${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown"}`,
    { hint: "it must come from `berth build` or `berth ensure` of the same version of berth" },
  );
}
