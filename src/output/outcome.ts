/** What became of a planned image, as plain JSON that later jobs and reports read. */
import type { ErrorCode } from "../errors.ts";
import type { Descriptor, Manifest } from "../oci/manifest.ts";
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
  /** When work on it began, in ISO 8601; not told where there was no work. */
  readonly started?: string;
  readonly seconds: number | undefined;
  /** Bytes of blobs that a copy had to stream. */
  readonly streamedBytes: number;
  /** Digests of the images of the set that it was built from, by name; only where it was built here. */
  readonly parents?: Readonly<Record<string, string>>;
  /** Its config and layers, where its manifest was at hand. */
  readonly blobs?: readonly ImageBlob[];
  /** How long the build took that made it, in this run or an earlier one, as the image says itself. */
  readonly buildSeconds?: number;
  /** Why it failed or was skipped. */
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint: string | null;
  } | null;
}

/** A blob of an image: what it is known by, and its bytes in the registry. */
export type ImageBlob = Pick<Descriptor, "digest" | "size">;

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
