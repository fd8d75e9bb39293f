/** COPY and ADD: what they read, and whether a key can cover it. */

import { expand, nothing, type Step, type Surroundings } from "./around.ts";
import { readOpening } from "./heredoc.ts";
import type { Instruction } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import { mistakeAt, namingAt } from "./references.ts";
import type { Variables } from "./scope.ts";
import type { Lexed } from "./shell.ts";
import {
  type CopySource,
  copySource,
  isAllowed,
  isPinned,
  type Remote,
  remoteOf,
} from "./sources.ts";

export function copyStep(instruction: Instruction, scope: Variables, around: Surroundings): Step {
  checkDestination(instruction, around);
  const { line } = instruction;
  const [from, second] = instruction.flags.filter((flag) => flag.name === "from");
  if (second !== undefined) mistakeAt(around.complain, line, second.at)("--from is given twice");
  if (from?.value === undefined || from.value.text === "")
    return { sources: contextSources(instruction, scope, around), namings: [] };
  const mistake = mistakeAt(around.complain, line, from.at);
  const { text: reference, error, unknown } = expand(from.value.text, scope, around);
  const refused = error ?? unknown;
  if (refused !== undefined) {
    mistake(`--from=${from.value.text} cannot be known: ${refused}`);
    return nothing;
  }
  const named = { kind: "copy", reference, platform: undefined } as const;
  const at = { line, first: from.value.at[0]!, last: from.value.at.at(-1)! };
  const origin = around.origin(reference, mistake);
  return { sources: [], namings: [namingAt({ ...named, origin }, at)] };
}

/** The words of COPY or ADD, with where they stand. */
function wordsOf({ body, argumentsAt }: Instruction) {
  if (body.kind === "words") return body.words;
  return body.kind === "json" ? body.items.map((text) => ({ text, at: argumentsAt })) : [];
}

function checkDestination(instruction: Instruction, around: Surroundings): void {
  const destination = wordsOf(instruction).at(-1);
  if (destination === undefined || readOpening(destination.text) === undefined) return;
  around.complain(placeOf(instruction.line, destination.at), "a heredoc cannot be the destination");
}

function contextSources(
  instruction: Instruction,
  scope: Variables,
  around: Surroundings,
): readonly CopySource[] {
  const parents = instruction.flags.some(
    ({ name, value }) => name === "parents" && value?.text.toLowerCase() !== "false",
  );
  const found: CopySource[] = [];
  for (const { text, at } of wordsOf(instruction).slice(0, -1)) {
    if (readOpening(text) !== undefined) continue;
    const { line } = placeOf(instruction.line, at);
    const read = expand(text, scope, around);
    const mistake = mistakeAt(around.complain, instruction.line, at);
    if (read.error !== undefined) mistake(`source ${JSON.stringify(text)}: ${read.error}`);
    else if (isFetched(instruction, text, read, { scope, around, mistake })) continue;
    else if (read.unknown === undefined) found.push(copySource(read.text, parents, line));
    else {
      const because = `source ${JSON.stringify(text)}: ${read.unknown}`;
      found.push({ kind: "everything", line, because });
    }
  }
  return found;
}

interface FetchCheck {
  readonly scope: Variables;
  readonly around: Surroundings;
  readonly mistake: (message: string) => void;
}

/** Does the source come from the network? Then it must be pinned or allowed. */
function isFetched(
  instruction: Instruction,
  written: string,
  read: Lexed,
  check: FetchCheck,
): boolean {
  const remote = remoteOf(read.text);
  const unknown = read.unknown !== undefined;
  if (instruction.keyword === "copy") {
    if (remote !== undefined) check.mistake(`COPY cannot fetch ${read.text}; ADD can`);
    return remote !== undefined;
  }
  // What begins with an unknown variable could be an address as well as a path.
  const either = unknown && (/^["']?\$/.test(written) || read.text === "");
  if (remote === undefined && !either) return false;
  const shown = unknown ? written : read.text;
  if (isAllowed(shown, check.around.allowAdd)) return remote !== undefined;
  if (!unknown && isPinned(read.text, remote ?? "http", checksumOf(instruction, check)))
    return true;
  check.mistake(advice(shown, remote));
  return true;
}

function checksumOf({ flags }: Instruction, { scope, around }: FetchCheck): string | undefined {
  const flag = flags.find(({ name }) => name === "checksum");
  if (flag?.value === undefined) return undefined;
  const read = expand(flag.value.text, scope, around);
  return read.error ?? read.unknown ?? read.text;
}

function advice(shown: string, remote: Remote | undefined): string {
  if (remote === undefined) {
    return `ADD ${shown} may fetch anything, which a key cannot cover: name it in allow_add if that is meant`;
  }
  const pin = remote === "git" ? "pin it to a full commit after #" : "give --checksum=sha256:…";
  return `ADD ${shown} is fetched and nothing pins its content: ${pin}, or name it in allow_add`;
}
