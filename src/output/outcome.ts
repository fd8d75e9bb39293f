/** What became of a planned image, as plain JSON that later jobs and reports read. */
import type { ErrorCode } from "../errors.ts";
import type { Decision } from "../plan/plan.ts";

/** The end of one image. */
export type Result =
  | "reused"
  | "copied"
  | "built"
  /** Another pipeline had pushed the key meanwhile; its image was taken. */
  | "adopted"
  | "failed"
  /** Not tried, since an image that it is built from failed. */
  | "skipped";

export interface Outcome {
  readonly name: string;
  readonly key: string;
  readonly decision: Decision["kind"];
  readonly result: Result;
  /** By digest; `null` where there is no image. */
  readonly reference: string | null;
  readonly digest: string | null;
  readonly optional: boolean;
  readonly seconds: number | undefined;
  /** Bytes of blobs that a copy had to stream. */
  readonly streamedBytes: number;
  /** Why it failed or was skipped. */
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint: string | null;
  } | null;
}

/** An outcome that fails the whole run. */
export function isFatal(outcome: Outcome): boolean {
  return (outcome.result === "failed" || outcome.result === "skipped") && !outcome.optional;
}
