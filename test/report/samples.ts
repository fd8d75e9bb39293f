/** Plans and outcomes as runs leave them, for reports. */

import type { Outcome, Result } from "../../src/build/outcome.ts";
import { BerthError, type ErrorCode } from "../../src/errors.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { Decision, Plan, PlannedImage } from "../../src/plan/plan.ts";
import { makeReport, type Report } from "../../src/report/view.ts";
import { plannedImage, planWith, someDigest } from "../support/keyed.ts";

const decisions: Readonly<Record<Decision["kind"], Decision>> = {
  reuse: {
    kind: "reuse",
    reference: `r.example/x@${someDigest}`,
    digest: someDigest,
    foundBy: "set-record",
  },
  copy: {
    kind: "copy",
    from: `r.example/up/x@${someDigest}`,
    digest: someDigest,
    foundBy: "key-tag",
  },
  build: { kind: "build", because: { code: "absent", looked: ["r.example"] } },
  refresh: {
    kind: "refresh",
    because: { code: "base-moved", base: "debian:13", from: "sha256:1", to: "sha256:2" },
    from: `r.example/x@${someDigest}`,
  },
};

export function planned(
  name: string,
  kind: Decision["kind"],
  change: Partial<PlannedImage> = {},
): PlannedImage {
  const reference = `r.example/${name}@${someDigest}`;
  return plannedImage(name, decisions[kind], { reference, ...change });
}

/** Images that are to be built, one for each name. */
export function builds<Names extends readonly string[]>(...names: Names) {
  return names.map((name) => planned(name, "build")) as { [At in keyof Names]: PlannedImage };
}

export function planOf(images: readonly PlannedImage[], change: Partial<Plan> = {}): Plan {
  return planWith(images, { revision: "c0ffee".repeat(6), pipeline: "77", ...change });
}

/** The outcome of an image. */
export function outcomeOf(
  image: PlannedImage,
  result: Result,
  seconds: number | undefined = undefined,
  change: Partial<Outcome> = {},
): Outcome {
  return {
    name: image.name,
    key: image.key,
    decision: image.decision.kind,
    result,
    reference: image.reference,
    digest: someDigest,
    optional: image.optional,
    job: "4711",
    seconds,
    error: null,
    ...change,
  };
}

export function blobs(
  ...sizes: readonly (readonly [string, number])[]
): NonNullable<Outcome["blobs"]> {
  return sizes.map(([content, size]) => ({ digest: digestOf(content), size }));
}

export function failure(code: ErrorCode, message: string, hint: string | null): Outcome["error"] {
  return { code, message: new BerthError(code, message).message, hint };
}

/** A project of many images, a fifth of them built from others, with every state in it. */
export function largeReport(count: number): Report {
  const images = Array.from({ length: count }, (_, index) => {
    const kind =
      index % 4 === 0 ? "build" : index % 9 === 5 ? "copy" : index % 11 === 3 ? "refresh" : "reuse";
    const parents = parentsOf(index).map(nameOf);
    const change = kind === "build" ? { decision: changed } : {};
    return planned(nameOf(index), kind, { parents, optional: index % 40 === 8, ...change });
  });
  const outcomes = images.flatMap((image, index) => endOf(image, index));
  const warnings = ["berth.yml:3:1: this image is built by nobody"];
  const plan = planOf(images, { warnings, dirty: ["ci/a.docker"] });
  return makeReport(plan, outcomes, new Map(), "https://gitlab.example.com/acme/tools");
}

const changed: Decision = {
  kind: "build",
  because: {
    code: "absent",
    looked: ["r.example"],
    since: "RUN at line 12 and 1 more changed since latest",
    diff: [
      "  ci/debian.docker:12: ~ RUN apt-get install -y \\",
      "        … 2 lines",
      "      - gcc-13 \\",
      "      + gcc-14 \\",
      "  ~ scripts/install-a-cross-toolchain-of-the-nightly-kind.sh  COPY at ci/debian.docker:20",
    ],
  },
};

/** Every third image is built from one of ten bases, some of these from another such image too. */
function parentsOf(index: number): readonly number[] {
  if (index < 10 || index % 3 !== 1) return [];
  return index > 30 && index % 4 === 1 ? [index % 10, 13] : [index % 10];
}

function nameOf(index: number): string {
  const systems = ["debian", "fedora", "alpine", "opensuse-leap", "ubuntu"];
  return `${systems[index % systems.length]}-${index}${index % 7 === 2 ? "-with-a-cross-compiler-for-riscv64" : ""}`;
}

function endOf(image: PlannedImage, index: number): readonly Outcome[] {
  const size = blobs(["config", 4000], [`base ${index % 5}`, 31e6], [image.name, index * 1e6 + 5]);
  const made = { blobs: size, buildSeconds: 60 + index };
  const seconds = 20 + ((index * 37) % 400);
  switch (image.decision.kind) {
    case "reuse":
      return [outcomeOf(image, "reused", 0, made)];
    case "copy":
      return index % 2 === 0 ? [outcomeOf(image, "copied", 1.2, made)] : [];
    case "refresh":
      return index % 2 === 0 ? [outcomeOf(image, "built", seconds, made)] : [];
    case "build": {
      if (index % 36 === 32) return [];
      if (index % 20 === 8) return [lost(image, "failed", seconds)];
      if (index % 20 === 16) return [lost(image, "skipped", undefined)];
      const result = index % 24 === 12 ? "adopted" : "built";
      return [outcomeOf(image, result, seconds, made)];
    }
  }
}

function lost(image: PlannedImage, result: Result, seconds: number | undefined): Outcome {
  const message = `build ${image.name}: buildah ended with exit code 100:\nE: Unable to locate package libfoo-dev`;
  const error = failure("BUILD_FAILED", message, "the engine's own lines say why");
  const output = ["Reading package lists...", "E: Unable to locate package libfoo-dev"];
  const told = error && result === "failed" ? { ...error, output } : error;
  return outcomeOf(image, result, seconds, { reference: null, digest: null, error: told });
}
