/** What both engines accept across instructions and stages and read differently, with what to write instead. */

import { type Difference, differencesIn, lateEscape } from "./differ.ts";
import { writtenMounts } from "./differ-mounts.ts";
import { checkScope, type DifferInput, ownArg } from "./differ-scope.ts";
import { otherValues } from "./differ-words.ts";
import type { Instruction } from "./instruction.ts";
import { type Complain, placeOf, type TextPosition } from "./lines.ts";
import type { Naming } from "./references.ts";
import { argsOf } from "./scope.ts";
import type { ResolvedStage } from "./stages.ts";

/** A difference that only one engine has: told to everybody, refused where that engine is to build. */
export interface Note extends TextPosition {
  readonly message: string;
  readonly buildah: { readonly below: number | undefined };
}

const transport =
  /^(oci|oci-archive|dir|docker-archive|docker-daemon|containers-storage|sif|tarball|ostree):/;
/** Complains about what is refused everywhere, and gives the notes on the rest. */
export function differ(input: DifferInput): readonly Note[] {
  const { text, parsed, stages, complain } = input;
  const notes: Note[] = [];
  const tell = (place: TextPosition, { message, buildah }: Omit<Difference, "at">): void => {
    if (buildah === undefined) complain(place, message);
    else notes.push({ ...place, message, buildah });
  };
  const report = ({ line }: Instruction, found: Difference): void =>
    tell(placeOf(line, found.at), found);
  const late = lateEscape(parsed.directives.escape, text);
  if (late !== undefined) tell({ line: late.at + 1, column: 1 }, late);
  checkNames(stages, complain);
  for (const instruction of parsed.globals)
    for (const found of globalDifferences(instruction, input)) report(instruction, found);
  const needed = stages.flatMap(({ stage }) => [stage.from, ...stage.instructions]);
  for (const instruction of [...parsed.globals, ...needed]) {
    for (const found of differencesIn(instruction, parsed.directives.escape))
      report(instruction, found);
  }
  for (const [instruction, found] of writtenMounts(needed)) report(instruction, found);
  for (const stage of stages) {
    for (const naming of stage.namings) checkNaming(naming, stage, input);
    checkScope(stage, input, report);
    for (const [instruction, found] of stage.differences) report(instruction, found);
  }
  return notes;
}

function checkNames(stages: readonly ResolvedStage[], complain: Complain): void {
  for (const { stage } of stages) {
    const place = placeOf(stage.from.line, stage.from.at);
    const twin = stages.some(
      (other) => other.stage.index < stage.index && other.stage.name === stage.name,
    );
    if (stage.name !== undefined && twin)
      complain(place, `two stages are called ${stage.name}: give each a name of its own`);
    if (stage.name === "source_date_epoch")
      complain(place, "newer engines take times from a stage of this name: call it otherwise");
  }
}

function globalDifferences(instruction: Instruction, input: DifferInput): readonly Difference[] {
  const { globals, names } = input;
  const declared = argsOf(instruction);
  const isKept = declared.some(({ name }) => names.has(name));
  const found = isKept ? otherValues(instruction, input, (name) => globals.values.get(name)) : [];
  const own = declared.flatMap((arg): readonly Difference[] => {
    const { name, at } = arg;
    if (name === "SOURCE_DATE_EPOCH")
      return [
        {
          at,
          message:
            "only newer engines take times from a global SOURCE_DATE_EPOCH: give it as an arg in the configuration",
        },
      ];
    return names.has(name) ? ownArg(arg, input) : [];
  });
  return [...found, ...own];
}

function checkNaming(naming: Naming, { stage }: ResolvedStage, input: DifferInput): void {
  const { kind, reference, origin, place, start, end } = naming;
  const { parsed, stages, text, complain } = input;
  const refuse = (message: string): void => complain(place, message);
  if (text.slice(start, end).includes("\n"))
    refuse("the name is continued on the next line: write it on one");
  if (transport.test(reference))
    refuse(
      `buildah reads ${/^[^:]*/.exec(reference)?.[0]}: as a transport: name an image of a registry`,
    );
  const isNumber = /^[+-]?[0-9]+$/.test(reference);
  if (isNumber && kind === "from")
    refuse(
      `buildah takes FROM ${reference} for a stage, BuildKit for an image: give the stage a name`,
    );
  if (isNumber && kind === "mount")
    refuse(
      `from=${reference}: the number of a stage changes with the stages that are built: give the stage a name`,
    );
  if (origin.kind === "stage") {
    if (!isNumber && nameWritten(parsed.stages[origin.index]?.from) !== reference)
      refuse(
        `buildah does not find the stage ${reference} in other letters: write it as behind its AS`,
      );
    return;
  }
  const name = reference.toLowerCase();
  const later =
    kind === "from"
      ? stages.find((other) => other.stage.index > stage.index && other.stage.name === name)?.stage
      : parsed.stages.find((other) => other.index >= stage.index && other.name === name);
  if (later !== undefined)
    refuse(
      `${reference} is also a stage that is no earlier one, which engines resolve differently: give one of the two another name`,
    );
}

/** A stage's name as the file has it. */
function nameWritten(from: Instruction | undefined): string | undefined {
  return from?.body.kind === "words" ? from.body.words[2]?.text : undefined;
}
