/** The plan: all images with their decisions, as plain JSON that later jobs carry out. */
import type { Config } from "../config/config.ts";
import type { KeyedImage } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";

/** Raised when `plan.json` changes its shape; another version is refused. */
export const planVersion = 1;

/** Why an image has to be built. */
export type BuildReason =
  | { readonly code: "absent"; readonly looked: readonly string[] }
  /** The tag is there, but what it points at is not whole. */
  | { readonly code: "broken"; readonly reference: string; readonly missing: "config" }
  /** Nowhere to look: no registry is known. */
  | { readonly code: "no-registry" };

/** Why an image need not be built. */
export type FoundBy = "set-record" | "key-tag";

/** How an image is to be had; `execute` is the only place that branches on it. */
export type Decision =
  | {
      readonly kind: "reuse";
      readonly reference: string;
      readonly digest: Digest;
      readonly foundBy: FoundBy;
    }
  | {
      readonly kind: "copy";
      readonly from: string;
      readonly digest: Digest;
      readonly foundBy: FoundBy;
    }
  | { readonly kind: "build"; readonly because: BuildReason };

export interface PlannedImage extends KeyedImage {
  /** Where the image has its place in the project's own registry, `host/path`; `null` without one. */
  readonly repository: string | null;
  /** The tag of the key there. */
  readonly tag: string;
  readonly decision: Decision;
  /** What later jobs run: by digest where it exists, by a tag that never moves where it is yet to be built. */
  readonly reference: string | null;
}

/** What later jobs need of the configuration, so that publishing needs no checkout. */
export type PlanConfig = Pick<
  Config,
  "prefix" | "upstream" | "registry" | "repository" | "reference" | "publish" | "registries"
>;

export interface Plan {
  readonly version: typeof planVersion;
  readonly config: PlanConfig;
  /** The commit that the files were read from; `null` in a repository without a commit. */
  readonly revision: string | null;
  /** Files that differ from that commit and that keys cover. */
  readonly dirty: readonly string[];
  readonly set: {
    readonly id: string;
    /** The set's tag on every image; the record names another one for a later generation. */
    readonly tag: string;
    /** Where the set was found on record, `host/path:tag`. */
    readonly record: string | null;
  };
  /** All images of the set end in the own registry, so that set tags can be given there. */
  readonly complete: boolean;
  readonly images: readonly PlannedImage[];
  /** What the dotenv report holds, in order. */
  readonly variables: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** Says in a few words why a decision was taken. */
export function reasonOf(decision: Decision): string {
  switch (decision.kind) {
    case "reuse":
    case "copy":
      return decision.foundBy === "set-record" ? "in the set record" : "key found";
    case "build":
      return buildReason(decision.because);
  }
}

function buildReason(because: BuildReason): string {
  switch (because.code) {
    case "absent":
      return `key not found in ${because.looked.length === 1 ? "the registry" : `${because.looked.length} registries`}`;
    case "broken":
      return `${because.reference} has lost its ${because.missing}`;
    case "no-registry":
      return "no registry is known";
  }
}
