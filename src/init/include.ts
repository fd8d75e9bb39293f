/** The part of a pipeline that includes berth, and in which pipelines images are planned. */
import type { Chosen } from "./settings.ts";
import type { Survey } from "./survey.ts";
import { block, type Node } from "./yamltext.ts";

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
    return {
      value: { kind: "rules", upstream, flags, publishes: /\w_PUBLISH\s*:\s*["']?1\b/.test(text) },
      findings: [{ found, chosen, yaml: [] }],
    };
  }
  if (!text.includes("merge_request_event")) return { value: { kind: "none" }, findings: [] };
  const found = "rules speak of merge requests";
  const chosen =
    "images are planned in pipelines of merge requests and of branches; give the rules of your own jobs instead where they differ";
  return { value: { kind: "requests" }, findings: [{ found, chosen, yaml: [] }] };
}

export interface IncludeSettings {
  readonly prefix: string;
  readonly reference: "digest" | "tag" | "own-tag";
  readonly stage: string | undefined;
  /** A job for each image that is built. */
  readonly fanOut: boolean;
  readonly gate: Gate;
  readonly version: string;
}

export function includeText(include: IncludeSettings): string {
  const { gate } = include;
  const rules =
    gate.kind === "rules" ? [component("rules", include, ruleInputs(include, gate))] : [];
  const images = component("images", include, {
    ...prefixInput(include),
    ...(include.reference === "digest" ? {} : { reference: include.reference }),
    ...(include.fanOut ? { mode: "fan-out" } : {}),
    ...(include.stage === undefined ? {} : { stage: include.stage }),
    ...(gate.kind === "rules" ? { gate: "rules" } : {}),
  });
  const own = gate.kind === "requests" ? { ".berth-gate-images": { rules: requestRules } } : {};
  return `${block({ include: [...rules, images], ...own }).join("\n")}\n`;
}

const requestRules = [
  { if: '$CI_PIPELINE_SOURCE == "merge_request_event"' },
  { if: "$CI_COMMIT_BRANCH" },
];

function component(
  name: string,
  { version }: IncludeSettings,
  inputs: { readonly [key: string]: Node },
): { readonly [key: string]: Node } {
  const path = `$CI_SERVER_FQDN/berth-ci/berth/${name}@${version}`;
  return Object.keys(inputs).length === 0 ? { component: path } : { component: path, inputs };
}

function prefixInput({ prefix }: IncludeSettings): { readonly [key: string]: Node } {
  return prefix === "BERTH" ? {} : { prefix };
}

function ruleInputs(include: IncludeSettings, gate: Gate & { readonly kind: "rules" }) {
  return {
    ...prefixInput(include),
    upstream: gate.upstream,
    ...(gate.flags === undefined ? {} : { flags: gate.flags }),
    ...(gate.publishes ? { images_on_default_branch: true } : {}),
  };
}
