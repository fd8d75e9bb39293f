/** The shape of an outcome's file, for reading back what build jobs wrote. */
import * as z from "zod";
import { BerthError, type ErrorCode, errorCodes } from "../errors.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import type { Outcome } from "../output/outcome.ts";

const digest = z.custom<Digest>(
  (value) => typeof value === "string" && parseDigest(value) !== undefined,
);
const seconds = z.number().nonnegative();

const schema = z.object({
  name: z.string(),
  key: z.string(),
  decision: z.enum(["reuse", "copy", "build", "refresh"]),
  result: z.enum(["reused", "copied", "built", "adopted", "failed", "skipped"]),
  reference: z.string().nullable(),
  digest: z.string().nullable(),
  optional: z.boolean(),
  started: z.iso.datetime().exactOptional(),
  // A time that is not known is left out of the file.
  seconds: seconds.optional().transform((value): number | undefined => value),
  streamedBytes: z.number().nonnegative(),
  blobs: z.array(z.object({ digest, size: z.number().nonnegative() })).exactOptional(),
  buildSeconds: seconds.exactOptional(),
  error: z
    .object({
      code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      hint: z.string().nullable(),
    })
    .nullable(),
});

/** Reads the file of one outcome; PLAN_INVALID where it is damaged or of another version of berth. */
export function parseOutcome(text: string, file: string): Outcome {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return { ...parsed.data, seconds: parsed.data.seconds };
  const issue = parsed.error.issues[0];
  throw new BerthError(
    "PLAN_INVALID",
    `read ${file}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "unknown"}`,
    { hint: "it must come from `berth build` or `berth ensure` of the same version of berth" },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
