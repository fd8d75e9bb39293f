/** The plan: all images with their decisions, as plain JSON that later jobs carry out. */
import type { Config } from "../config/config.ts";
import type { KeyedImage } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";

/** Raised when `plan.json` changes its shape; another version is refused. */
export const planVersion = 1;

/** Why an image has to be built. */
export type BuildReason =
  | {
      readonly code: "absent";
      readonly looked: readonly string[];
      /** What changed since the promoted image, such as `RUN at line 12 changed since latest`. */
      readonly since?: string | undefined;
    }
  /** The tag is there, but what it points at is not whole. */
  | { readonly code: "broken"; readonly reference: string; readonly missing: "config" }
  /** Nowhere to look: no registry is known. */
  | { readonly code: "no-registry" }
  /** Another image of the same key is built: this one is a copy of it. */
  | { readonly code: "same"; readonly as: string };

/** Why an image that is there is built again, under the same key and without layer caches. */
export type RefreshReason =
  | { readonly code: "forced" }
  | { readonly code: "max-age"; readonly created: string; readonly days: number }
  | {
      readonly code: "base-moved";
      readonly base: string;
      readonly from: string;
      readonly to: string;
    }
  /** An image of the set that it is built from is refreshed. */
  | { readonly code: "parent"; readonly parent: string }
  /** In a merge: upstream does not have it, and it was not built on the target's head. */
  | {
      readonly code: "merge";
      readonly because: string;
      readonly revision: string | null;
      readonly target: string | null;
    };

/** Why an image that is nowhere yet is built from scratch: its build neither reads nor writes a layer cache. */
export type ScratchReason =
  | { readonly code: "forced" }
  /** An image of the set that it is built from is built again. */
  | { readonly code: "parent"; readonly parent: string }
  /** Layers at hand may be as old as the branch that is merged. */
  | { readonly code: "merge"; readonly because: string };

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
  | {
      readonly kind: "build";
      readonly because: BuildReason;
      readonly scratch?: ScratchReason | undefined;
    }
  /** `from` is what is used until the new one is promoted. */
  | { readonly kind: "refresh"; readonly because: RefreshReason; readonly from: string };

/** Is an image to be made by an engine? */
export function isBuilt(
  decision: Decision,
): decision is Extract<Decision, { kind: "build" | "refresh" }> {
  return decision.kind === "build" || decision.kind === "refresh";
}

/** The image whose build an image of the same key waits for, to become a copy of it. */
export function sameAs(decision: Decision): string | undefined {
  return decision.kind === "build" && decision.because.code === "same"
    ? decision.because.as
    : undefined;
}

/** The images of the set that must be there before an image can be made. */
export function needsOf({ decision, parents }: PlannedImage): readonly string[] {
  const other = sameAs(decision);
  return other === undefined ? parents : [other];
}

/** Is it to be built without any layer cache, read or written? */
export function isFromScratch(decision: Decision): boolean {
  return (
    decision.kind === "refresh" || (decision.kind === "build" && decision.scratch !== undefined)
  );
}

export interface PlannedImage extends KeyedImage {
  /** Where the image has its place in the project's own registry, `host/path`; `null` without one. */
  readonly repository: string | null;
  /** The tag of the key there; with the generation's name behind it where the image is refreshed. */
  readonly tag: string;
  readonly decision: Decision;
  /** What later jobs run: by digest where it exists, by a tag that never moves where it is yet to be built. */
  readonly reference: string | null;
}

/** What later jobs need of the configuration, so that publishing needs no checkout. */
export type PlanConfig = Pick<
  Config,
  | "prefix"
  | "upstream"
  | "registry"
  | "repository"
  | "reference"
  | "publish"
  | "registries"
  | "trust"
>;

export interface Plan {
  readonly version: typeof planVersion;
  readonly config: PlanConfig;
  /** The commit that the files were read from; `null` in a repository without a commit. */
  readonly revision: string | null;
  /** The pipeline that planned; its child pipelines have numbers of their own. */
  readonly pipeline: string | null;
  /** Files that differ from that commit and that keys cover. */
  readonly dirty: readonly string[];
  readonly set: {
    readonly id: string;
    /** The set's tag on every image; the record names another one for a later generation. */
    readonly tag: string;
    /** Where the set was found on record, `host/path:tag`. */
    readonly record: string | null;
    /** Names the tags of this run's refreshed images until they are promoted; `null` where none is. */
    readonly generation: string | null;
    /** The project's own record is to be written anew: it is old, or names what is gone. */
    readonly stale: boolean;
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
    case "copy":
    case "reuse":
      return foundReason(decision);
    case "build":
      return `${buildReason(decision.because)}${scratchText(decision.scratch)}`;
    case "refresh":
      return refreshReason(decision.because);
  }
}

function foundReason({ foundBy }: { readonly foundBy: FoundBy }): string {
  return foundBy === "set-record" ? "in the set record" : "key found";
}

function refreshReason(because: RefreshReason): string {
  switch (because.code) {
    case "forced":
      return "asked for by FORCE_REBUILD";
    case "max-age":
      return `built ${because.created.slice(0, 10)}, older than ${because.days} days`;
    case "base-moved":
      return `base ${because.base} moved from ${short(because.from)} to ${short(because.to)}`;
    case "parent":
      return `its parent ${because.parent} is refreshed`;
    case "merge":
      return mergeReason(because);
  }
}

function scratchText(scratch: ScratchReason | undefined): string {
  if (scratch === undefined) return "";
  return `; from scratch: ${scratch.code === "merge" ? scratch.because : refreshReason(scratch)}`;
}

function mergeReason(because: Extract<RefreshReason, { code: "merge" }>): string {
  const at = because.revision === null ? "an unknown commit" : short(because.revision);
  const { target } = because;
  const why =
    target === null
      ? "the target's head is not known here"
      : `it was built at ${at} without ${short(target)}`;
  return `${because.because}: upstream does not have it, and ${why}`;
}

function short(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}

function buildReason(because: BuildReason): string {
  switch (because.code) {
    case "absent": {
      const count = because.looked.length;
      const where = count === 1 ? "the registry" : `${count} registries`;
      return because.since ?? `key not found in ${where}`;
    }
    case "broken":
      return `${because.reference} has lost its ${because.missing}`;
    case "no-registry":
      return "no registry is known";
    case "same":
      return `same as ${because.as}`;
  }
}
