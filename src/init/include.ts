/** The part of a pipeline that includes berth, and in which pipelines images are planned. */
import { present } from "../json.ts";
import { beginsWithHost } from "../oci/reference.ts";
import { because, block, type Chosen, type Node, usual } from "./settings.ts";
import type { Survey } from "./survey.ts";

type Gate =
  /** Wherever jobs without rules run. */
  | { readonly kind: "none" }
  /** As QEMU: asked for by a variable in forks, on staging branches upstream. */
  | {
      readonly kind: "rules";
      readonly upstream: string;
      readonly flags: string | undefined;
      /** Jobs that publish on the default branch may run in an image, so it is planned there too. */
      readonly publishes: boolean;
    }
  /** In merge requests too. */
  | { readonly kind: "requests" };

export function rulesOf(
  { text }: Survey,
  prefix: string,
  upstream: string | undefined,
): Chosen<Gate> {
  const asked = new RegExp(`\\$${prefix} [!=]= ["'][12]`).test(text);
  if (asked && upstream !== undefined) {
    const flags = /\$(\w+)_(?:OPTIONAL|SKIPPED|ONLY_FORKS)\b/.exec(text)?.[1];
    const found = `rules ask for ${prefix} as 1 or 2`;
    const chosen = "the component rules brings the same gating, and berth's jobs follow it";
    const publishes = /\w_PUBLISH\s*:\s*["']?1\b/.test(text);
    // Rules compare it with paths of projects.
    const path = beginsWithHost(upstream) ? upstream.replace(/^[^/]*\//, "") : upstream;
    return because({ kind: "rules", upstream: path, flags, publishes }, found, chosen);
  }
  if (!text.includes("merge_request_event")) return usual({ kind: "none" });
  const found = "rules speak of merge requests";
  const chosen =
    "images are planned in pipelines of merge requests and of branches, also of forks' branches; give the rules of your own jobs instead where they differ";
  return because({ kind: "requests" }, found, chosen);
}

export interface IncludeSettings {
  /** Path of the configuration; `undefined` where it is found without. */
  readonly config: string | undefined;
  readonly prefix: string;
  readonly reference: "digest" | "tag" | "own-tag";
  readonly stage: string | undefined;
  /** Runner tags of what builds images. */
  readonly buildTags: readonly string[];
  /** A job for each image that is built. */
  readonly fanOut: boolean;
  /** For each platform a list: it, and the tags of its runners. */
  readonly platformTags: readonly (readonly string[])[];
  readonly gate: Gate;
  /** Staging branches move tags, where the job that does runs on the default branch alone. */
  readonly staging: boolean;
  readonly version: string;
}

export function includeText(include: IncludeSettings): string {
  const { gate, version, buildTags } = include;
  const prefix = include.prefix === "BERTH" ? undefined : include.prefix;
  const images = component("images", version, {
    config: include.config,
    prefix,
    reference: include.reference === "digest" ? undefined : include.reference,
    mode: include.fanOut ? "fan-out" : undefined,
    platform_tags: include.platformTags.length === 0 ? undefined : include.platformTags,
    stage: include.stage,
    gate: gate.kind === "rules" ? "rules" : undefined,
    [include.fanOut ? "build_tags" : "tags"]: buildTags.length > 0 ? buildTags : undefined,
  });
  if (gate.kind !== "rules")
    return printed({
      include: [images],
      ".berth-gate-images": gate.kind === "requests" ? { rules: requestRules } : {},
      "berth-promote": include.staging ? { rules: stagingRules } : {},
    });
  const rules = component("rules", version, {
    prefix,
    upstream: gate.upstream,
    flags: gate.flags,
    images_on_default_branch: gate.publishes || undefined,
  });
  return printed({ include: [rules, images] });
}

const requestRules = [
  { if: '$CI_PIPELINE_SOURCE == "merge_request_event"' },
  { if: "$CI_COMMIT_BRANCH" },
];

const stagingRules = [
  { if: "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" },
  { if: "$CI_COMMIT_BRANCH =~ /^staging(-.+)?$/" },
];

function component(
  name: string,
  version: string,
  inputs: Readonly<Record<string, Node | undefined>>,
): Node {
  const given = present(inputs);
  const path = `$CI_SERVER_FQDN/berth-ci/berth/${name}@${version}`;
  return Object.keys(given).length === 0 ? { component: path } : { component: path, inputs: given };
}

function printed(keys: Readonly<Record<string, Node>>): string {
  return `${block(keys).join("\n")}\n`;
}
