/** The part of a pipeline that includes berth's components. */
import type { Gate } from "./gates.ts";
import { block, type Node } from "./yamltext.ts";

export interface IncludeSettings {
  readonly prefix: string;
  readonly upstream: string | undefined;
  readonly reference: "digest" | "tag" | "own-tag";
  readonly stage: string | undefined;
  /** One job does all. */
  readonly inline: boolean;
  readonly gate: Gate;
  readonly version: string;
}

export function includeText(include: IncludeSettings): string {
  const { gate } = include;
  const rules =
    gate.kind === "rules" ? [component("rules", include, ruleInputs(include, gate))] : [];
  const common = {
    ...prefixInput(include),
    ...(include.upstream === undefined ? {} : { upstream: include.upstream }),
    ...(include.reference === "digest" ? {} : { reference: include.reference }),
  };
  const images = component("images", include, {
    ...common,
    ...(include.inline ? { mode: "inline" } : {}),
    ...(include.stage === undefined ? {} : { stage: include.stage }),
    ...gateInputs(gate),
  });
  const promote = component("promote", include, {
    ...common,
    ...(gate.kind === "rules" ? { gate: "rules-promote" } : {}),
  });
  return `${block({ include: [...rules, images, promote] }).join("\n")}\n`;
}

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
  };
}

function gateInputs(gate: Gate): { readonly [key: string]: Node } {
  if (gate.kind === "none") return {};
  if (gate.kind === "rules") return { gate: "rules-images" };
  return {
    gate: "gate-rules",
    rules: [{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }, { if: "$CI_COMMIT_BRANCH" }],
  };
}
