/** What a decision means for those who carry it out, and why it was taken, in words. */
import { isIndex } from "../image/image.ts";
import type { BuildReason, Decision, PlannedImage, RefreshReason, ScratchReason } from "./plan.ts";

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

/** Is it a build of its own, and no copy of another image of its key? */
export function isOwnBuild(decision: Decision): boolean {
  return isBuilt(decision) && sameAs(decision) === undefined;
}

/** Is an image of several platforms to be made over its members, which takes no engine? */
export function isAssembled(image: Pick<PlannedImage, "platform" | "decision">): boolean {
  return isIndex(image) && isOwnBuild(image.decision);
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

/** Says in a few words why a decision was taken. */
export function reasonOf(decision: Decision): string {
  switch (decision.kind) {
    case "copy":
    case "reuse":
      return decision.foundBy === "set-record" ? "in the set record" : "key found";
    case "build":
      return `${buildReason(decision.because)}${scratchText(decision.scratch)}`;
    case "refresh":
      return refreshReason(decision.because);
  }
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
