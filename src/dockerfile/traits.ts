/** What of a recipe decides whether buildah's layer cache, and which version of buildah, can be relied on. */

import { type Instruction, triggered } from "./instruction.ts";
import { mountFields } from "./reads.ts";
import { chainOf, type ResolvedStage } from "./stages.ts";

export interface Traits {
  readonly heredocs: boolean;
  readonly runHeredocs: boolean;
  /** A RUN may read a bind mount, or a cache mount that starts as a copy of something. */
  readonly binds: boolean;
  /** An instruction that buildah's cache compares unexpanded uses a variable after an ARG. */
  readonly expandsArgs: boolean;
}

export function traitsOf(stages: readonly ResolvedStage[]): Traits {
  const all = stages.flatMap(({ stage }) => stage.instructions.map(triggered));
  return {
    heredocs: all.some(({ heredocs }) => heredocs.length > 0),
    runHeredocs: all.some(({ keyword, heredocs }) => keyword === "run" && heredocs.length > 0),
    binds: all.some(hasBind),
    expandsArgs: stages.some(expandsArgs),
  };
}

function hasBind({ flags }: Instruction): boolean {
  return flags.some((flag) => {
    if (flag.name !== "mount") return false;
    const fields = mountFields(flag);
    const type = fields?.get("type")?.value?.text.toLowerCase() ?? "bind";
    if (["secret", "ssh", "tmpfs"].includes(type)) return false;
    return type !== "cache" || fields?.has("from") === true;
  });
}

const unexpanded = new Set("arg env label user workdir volume expose stopsignal".split(" "));

function expandsArgs(stage: ResolvedStage): boolean {
  let args = false;
  for (const instruction of chainOf(stage).flatMap((one) => one.stage.instructions)) {
    const { keyword, line } = triggered(instruction);
    if (args && unexpanded.has(keyword) && line.text.includes("$")) return true;
    args ||= keyword === "arg";
  }
  return false;
}
