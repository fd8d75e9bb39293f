/** What both engines accept and read differently by what stands above it: ARGs, ENVs, SHELL and VOLUME. */

import { always, type Difference, variablesIn } from "./differ.ts";
import { type Instruction, triggered } from "./instruction.ts";
import { wordsOf } from "./reads.ts";
import type { Naming, RecipeInput } from "./references.ts";
import { argsOf, type Declared } from "./scope.ts";
import { chainOf, type ResolvedStage, triggersOf } from "./stages.ts";

export interface DifferInput extends RecipeInput {
  readonly text: string;
  readonly stages: readonly ResolvedStage[];
  /** Names in force, among them those that only a FROM uses. */
  readonly names: ReadonlySet<string>;
  /** What an image that stages start from leaves in force, where that is known. */
  readonly leftBy: (root: Naming) => BaseSettings | undefined;
}

/** Settings of a base that change what instructions above it mean. */
export interface BaseSettings {
  /** A SHELL of its own. */
  readonly shell: boolean;
  /** Its user is another one than root. */
  readonly user: boolean;
  /** With their protocols. */
  readonly ports: readonly string[];
}

const platformArg = /^(TARGET|BUILD)(PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/;
/** The first version whose stages inherit the ARGs of the stage below, as BuildKit's do. */
const inheritsSince = 40;
/** The first version that keeps what a RUN changes in a VOLUME, as BuildKit does. */
export const keepsVolumesSince = 37;
/** The first version that takes the same port with another protocol in a later EXPOSE. */
const keepsPortsSince = 42;

/** An arg that engines set by themselves, given a value by hand. */
export function ownArg(arg: Declared, { args, globals }: DifferInput): readonly Difference[] {
  const { name, fallback, at } = arg;
  if (!platformArg.test(name)) return [];
  const message = `${name} is the engine's own, and engines differ when it is set by hand: use another name`;
  if (Object.hasOwn(args, name)) return [{ at, message }];
  const isSame = globals.own.get(name) === fallback && /^TARGET(OS|ARCH|VARIANT)$/.test(name);
  return fallback === undefined || isSame ? [] : [{ at, message, buildah: always }];
}

/** What is in force at an instruction of a stage. */
interface InForce {
  readonly envs: Set<string>;
  /** ARGs with a value, of the stages below and not declared again. */
  readonly inherited: Map<string, Declared>;
  /** With their protocols. */
  readonly ports: Set<string>;
  shell?: boolean | undefined;
  volume?: boolean | undefined;
  /** Another one than root. */
  user?: boolean | undefined;
  /** The user's WORKDIR may not be there yet. */
  folder?: boolean | undefined;
}

export function checkScope(
  resolved: ResolvedStage,
  input: DifferInput,
  report: (instruction: Instruction, found: Difference) => void,
): void {
  const { stage, below, root } = resolved;
  // What a stage leaves to the next one is carried out there first.
  const instructions = [...triggersOf(below), ...stage.instructions];
  const { shell, user, ports } = (root && input.leftBy(root)) ?? {};
  const force: InForce = {
    envs: new Set(),
    inherited: new Map(),
    ports: new Set(ports),
    shell,
    user,
  };
  const { args, globals } = input;
  const isSet = ({ name, fallback }: Declared): boolean =>
    fallback !== undefined || Object.hasOwn(args, name) || globals.values.has(name);
  const stages = below === undefined ? [] : chainOf(below);
  for (const instruction of stages.flatMap((one) => one.stage.instructions))
    enter(instruction, force, isSet, true);
  const isBase = input.stages.some((other) => other.below === resolved);
  for (const instruction of instructions) {
    const { at, keyword, line } = instruction;
    const ofArgs = keyword === "arg" ? argDifferences(instruction, force, input) : [];
    const ofOthers = [shellDifferences, volumeDifferences, portDifferences, folderDifferences];
    const all = [...ofArgs, ...ofOthers.flatMap((differ) => differ(instruction, force))];
    for (const found of all) report(instruction, found);
    if (keyword === "onbuild" && isBase && line.text.includes("$"))
      report(instruction, {
        at,
        message:
          "buildah runs the triggers of a stage below without its ARGs: write no $ in this ONBUILD",
      });
    enter(instruction, force, isSet, false);
  }
}

/** Takes an instruction into what is in force; the ARGs of a stage below are handed on where they are set. */
function enter(
  instruction: Instruction,
  force: InForce,
  isSet: (arg: Declared) => boolean,
  isBelow: boolean,
): void {
  const { keyword, body } = instruction;
  for (const port of portsOf(instruction)) force.ports.add(port);
  force.shell ||= keyword === "shell";
  // One word for each VOLUME: what it says holds for every later RUN.
  force.volume = keyword === "volume" || (force.volume && keyword !== "run");
  if (keyword === "user" && body.kind === "shell") force.user = isNotRoot(body.text);
  const isMade = ["run", "copy", "add"].includes(keyword);
  force.folder = keyword === "workdir" ? force.user : force.folder && !isMade;
  if (keyword === "env" && body.kind === "pairs")
    for (const { name } of body.pairs) {
      force.envs.add(name);
      force.inherited.delete(name);
    }
  if (keyword !== "arg") return;
  for (const arg of argsOf(instruction).filter(isSet)) {
    force.inherited.delete(arg.name);
    if (isBelow && !force.envs.has(arg.name)) force.inherited.set(arg.name, arg);
  }
}

/** Whether a USER, as it is written, names another one than root. */
export function isNotRoot(user: string): boolean {
  return !/^(root|0)(:|$)/.test(user);
}

function argDifferences(
  instruction: Instruction,
  { envs }: InForce,
  input: DifferInput,
): readonly Difference[] {
  return argsOf(instruction).flatMap((arg): Difference[] => {
    const { name, fallback, at } = arg;
    const found = [...ownArg(arg, input)];
    if (envs.has(name))
      found.push({
        at,
        message: `ARG ${name} stands where ENV ${name} is set: in BuildKit the ARG wins, in buildah the ENV; use another name`,
      });
    const origins = [...(input.globals.origins.get(name) ?? [])];
    const from = origins.find((one) => one !== name && platformArg.test(one));
    if (fallback === undefined && from !== undefined)
      found.push({
        at,
        message: `the global ARG ${name} is made from ${from}, which buildah does not have there: declare ${from} in this stage and make ${name} here`,
      });
    return found;
  });
}

function shellDifferences(instruction: Instruction, force: InForce): readonly Difference[] {
  if (!force.shell && force.inherited.size === 0) return [];
  const { at, line } = instruction;
  const { keyword, heredocs, body } = triggered(instruction);
  const found: Difference[] = [];
  const starts = keyword === "cmd" || keyword === "entrypoint";
  if (force.shell && starts && body.kind === "shell" && body.text !== "")
    found.push({
      at,
      message: `${keyword.toUpperCase()} in shell form stands behind a SHELL, of this file or of its base, which buildah does not use for it: write it as a JSON array`,
      buildah: always,
    });
  if (force.inherited.size === 0) return found;
  const used = variablesIn([line.text, ...heredocs.map((one) => one.body)].join("\n"));
  const arg = force.inherited.get(used.find((name) => force.inherited.has(name)) ?? "");
  if (arg !== undefined) {
    force.inherited.delete(arg.name);
    found.push({
      at,
      message: `${arg.name} is an ARG of a stage below, which buildah before 1.${inheritsSince} does not hand on: declare it here too, with its default`,
      buildah: { below: arg.fallback?.includes("$") === true ? undefined : inheritsSince },
    });
  }
  return found;
}

/** What older versions of buildah take back of a RUN. */
function volumeDifferences(
  { at, keyword }: Instruction,
  { volume }: InForce,
): readonly Difference[] {
  if (keyword !== "run" || !volume) return [];
  const message = `RUN stands behind VOLUME, and buildah before 1.${keepsVolumesSince} takes back what it changes there: write VOLUME behind the last RUN`;
  return [{ at, message, buildah: { below: keepsVolumesSince } }];
}

function portsOf({ keyword, body }: Instruction): readonly string[] {
  const words = keyword === "expose" && body.kind === "words" ? body.words : [];
  return words.map(({ text }) => (text.includes("/") ? text : `${text}/tcp`));
}

function portDifferences(instruction: Instruction, { ports }: InForce): readonly Difference[] {
  const lost = portsOf(instruction).find((port) => {
    const number = port.replace(/[^/]*$/, "");
    return !ports.has(port) && [...ports].some((other) => other.startsWith(number));
  });
  if (lost === undefined) return [];
  const message = `buildah before 1.${keepsPortsSince} leaves out ${lost}, since its number stands in an EXPOSE above or of its base: write both in one EXPOSE`;
  return [{ at: instruction.at, message, buildah: { below: keepsPortsSince } }];
}

/** buildah leaves the folder to what comes next, where that is a COPY to a place in it to root. */
function folderDifferences(instruction: Instruction, { folder }: InForce): readonly Difference[] {
  const { at, keyword } = instruction;
  const isCopy = keyword === "copy" || keyword === "add";
  if (!folder || !isCopy || /^[/$"']/.test(wordsOf(instruction).at(-1)?.text ?? "/")) return [];
  const message =
    "WORKDIR stands behind USER, of this file or of its base: a folder that it makes is the user's to BuildKit, and where a COPY fills it root's to buildah: write WORKDIR above USER, or a RUN in between";
  return [{ at, message, buildah: always }];
}
