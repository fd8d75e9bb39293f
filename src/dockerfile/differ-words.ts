/** What both engines accept in the words of one instruction, its variables expanded, and only buildah reads otherwise. */

import { always, type Difference, expanded } from "./differ.ts";
import { type Instruction, triggered } from "./instruction.ts";
import { remoteOf, wordsOf } from "./reads.ts";
import { expand, type RecipeInput, type StepScope } from "./references.ts";
import { emptyScope, isProxy, lookUp } from "./scope.ts";
import { type Lookup, lex } from "./shell.ts";

/** The first version that clones what ADD names by the address of a git repository. */
const clonesSince = 29;

const symbolicMode =
  "--chmod is no number, which Docker before 28 overlooks without a word: write the mode in octal digits, such as 755, or begin with # syntax=docker/dockerfile:1";

export function wordDifferences(
  instruction: Instruction,
  around: StepScope,
): readonly Difference[] {
  const { at } = instruction;
  const inner = triggered(instruction);
  // A trigger is carried out where other variables are in force.
  const scope = inner === instruction ? around.scope : emptyScope(true);
  const found = [...otherValues(inner, around, (name) => lookUp(scope, name))];
  const note = (isFound: boolean, message: string, below?: number): void => {
    if (isFound) found.push({ at, message, buildah: { below } });
  };
  // Of what only the base knows nothing is said.
  const read = (): readonly string[] =>
    wordsOf(inner).flatMap(({ text }) => {
      const { text: word, unknown } = expand(text, { ...around, scope });
      return unknown === undefined ? [text.includes("$") ? word : text] : [];
    });
  const { keyword, body, flags } = inner;
  if (keyword === "copy" || keyword === "add") {
    noteSources(inner, read(), note);
    const modes = flags.filter(({ name }) => name === "chmod");
    const isNumber = modes.every(({ value }) => /^[0-7]+$/.test(value?.text ?? ""));
    const { syntax } = around.parsed.directives;
    if (!syntax && !isNumber) found.push({ at, message: symbolicMode });
  }
  note(
    flags.some(({ name, value }) => name === "network" && value?.text === "none"),
    "in its isolation chroot buildah has the machine's network for --network=none too: leave it out, or build with docker",
  );
  note(
    keyword === "expose" && !read().every((port) => /^[1-9]\d*(\/(tcp|udp|sctp))?$/.test(port)),
    "buildah takes ports as they are written: write each by itself, in figures, and its protocol in small letters",
  );
  note(
    /^(cmd|entrypoint)$/.test(keyword) && body.kind === "shell" && body.text === "",
    `buildah gives the shell of an empty ${keyword.toUpperCase()} no command: write ${keyword.toUpperCase()} []`,
  );
  return found;
}

/** What buildah alone makes of variables. */
export function otherValues(
  { keyword, line, at }: Instruction,
  { args, parsed }: RecipeInput,
  lookup: Lookup,
): readonly Difference[] {
  if (!expanded.split(" ").includes(keyword) || !line.text.includes("$", at)) return [];
  const { escape: escapeWith } = parsed.directives;
  const { apart, names } = lex(line.text.slice(at), { escape: escapeWith, lookup });
  const isGiven = (name: string) => isProxy(name) && Object.hasOwn(args, name);
  const messages = [...names]
    .filter((name) => isGiven(name) && typeof lookup(name) !== "string")
    .map(
      (name) => `buildah knows ${name} without an ARG, BuildKit does not: write ARG ${name} above`,
    );
  if (apart)
    messages.push(
      "buildah reads a pattern in ${…} as one of paths, takes what :? says for a value, and cuts off no single letter: give what is meant an ARG of its own",
    );
  return messages.map((message) => ({ at, message, buildah: always }));
}

function noteSources(
  { keyword, flags, heredocs }: Instruction,
  words: readonly string[],
  note: (isFound: boolean, message: string, below?: number) => void,
): void {
  const sources = words.slice(0, -1).filter((text) => !text.startsWith("<<"));
  note(
    keyword === "add" && sources.some((text) => remoteOf(text) === "git"),
    `buildah before 1.${clonesSince} fetches the address of a git repository as a file`,
    clonesSince,
  );
  note(
    sources.some((text) => text.includes("**")) && !flags.some(({ name }) => name === "parents"),
    "** in a source is one level to BuildKit and any number to buildah: name the folder, or write *",
  );
  const isBelow = sources.some((text) => !/^[./]*$/.test(text));
  note(
    isBelow &&
      flags.some(({ name, value }) => name === "exclude" && !/^!?\*\*\//.test(value?.text ?? "")),
    "buildah reads what --exclude names from the top of the context or stage on, BuildKit from the source on: begin its pattern with **/",
  );
  note(
    heredocs.some(({ body }) => body === ""),
    "buildah makes one empty line of an empty heredoc: COPY an empty file, or RUN touch",
  );
}
