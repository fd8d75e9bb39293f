/** What of a recipe decides whether buildah's layer cache, and which version of buildah, can be relied on; what its mounts ask for. */

import type { Flag } from "./flags.ts";
import { type Instruction, triggered } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import { mountFields } from "./reads.ts";
import { chainOf, type ResolvedStage } from "./stages.ts";

export interface Traits {
  readonly heredocs: boolean;
  readonly runHeredocs: boolean;
  /** A RUN may read a bind mount, or a cache mount that starts as a copy of something. */
  readonly binds: boolean;
  /** The line of a RUN that mounts a part of a stage or image: on the way there may be a link. */
  readonly part?: number | undefined;
  /** The line of a RUN that mounts something at a place where files may be. */
  readonly upon?: number | undefined;
  /** An instruction that buildah's cache compares unexpanded uses a variable after an ARG. */
  readonly expandsArgs: boolean;
  /** Its target starts from `scratch`, of which buildah's cache has the same layers for every platform. */
  readonly onScratch: boolean;
}

export function traitsOf(stages: readonly ResolvedStage[]): Traits {
  const all = stages.flatMap(({ stage }) => stage.instructions.map(triggered));
  const lineOf = (isSuch: (flag: Flag) => boolean) => {
    const found = all.find(({ flags }) => flags.some(isSuch));
    return found && placeOf(found.line, found.at).line;
  };
  return {
    heredocs: all.some(({ heredocs }) => heredocs.length > 0),
    runHeredocs: all.some(({ keyword, heredocs }) => keyword === "run" && heredocs.length > 0),
    binds: all.some(hasBind),
    part: lineOf(isPart),
    upon: lineOf(isUpon),
    expandsArgs: stages.some(expandsArgs),
    onScratch: stages.at(-1)?.root === undefined,
  };
}

/** A secret or an agent that a RUN mounts. */
export interface SecretMount {
  readonly kind: "secret" | "ssh";
  /** `undefined` where only the engine will know it. */
  readonly id: string | undefined;
  readonly line: number;
}

/** What the mounts of all stages ask the caller of the build for, in the order of the file. */
export function askedBy(stages: readonly ResolvedStage[]): readonly SecretMount[] {
  return stages
    .flatMap(({ stage }) => stage.instructions.map(triggered))
    .flatMap(({ flags, line }) =>
      flags.flatMap((flag): readonly SecretMount[] => {
        const fields = mountFields(flag);
        const text = (key: string) => fields?.get(key)?.value?.text;
        const kind = text("type")?.toLowerCase();
        if (kind !== "secret" && kind !== "ssh") return [];
        // BuildKit names a secret after its file where it has no id.
        const id = text("id") ?? text("target")?.split("/").at(-1);
        const isKnown = id !== undefined && !id.includes("$");
        return [{ kind, id: isKnown ? id : undefined, line: placeOf(line, flag.at).line }];
      }),
    );
}

function hasBind({ flags }: Instruction): boolean {
  return flags.some((flag) => {
    const fields = mountFields(flag);
    const type = fields?.get("type")?.value?.text.toLowerCase() ?? "bind";
    if (fields === undefined || ["secret", "ssh", "tmpfs"].includes(type)) return false;
    return type !== "cache" || fields.has("from");
  });
}

function isPart(flag: Flag): boolean {
  const fields = mountFields(flag);
  return fields?.has("from") === true && !/^\/*$/.test(fields.get("source")?.value?.text ?? "");
}

/** Where secrets lie by default, nothing else does. */
function isUpon(flag: Flag): boolean {
  const target = mountFields(flag)?.get("target")?.value?.text;
  return target !== undefined && !target.startsWith("/run/secrets/");
}

const unexpanded = new Set("arg env label user workdir volume expose stopsignal".split(" "));

function expandsArgs(stage: ResolvedStage): boolean {
  const all = chainOf(stage).flatMap((one) => one.stage.instructions.map(triggered));
  const first = all.findIndex(({ keyword }) => keyword === "arg");
  const later = first < 0 ? [] : all.slice(first + 1);
  return later.some(({ keyword, line }) => unexpanded.has(keyword) && line.text.includes("$"));
}
