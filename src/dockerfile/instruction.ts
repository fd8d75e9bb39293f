/** One instruction: its flags, arguments and heredocs as BuildKit splits them, checked for form. */

import { ownMember } from "../json.ts";
import { didYouMean } from "../nearest.ts";
import { type Flag, readFlags } from "./flags.ts";
import { type Complain, type Escape, type Line, placeOf } from "./lines.ts";
import { lex } from "./shell.ts";
import {
  endWithoutSpace,
  type Pair,
  quotedWords,
  readJson,
  readPairs,
  skipSpace,
  splitWords,
  type Word,
} from "./words.ts";

/** The arguments, in the form that the keyword calls for. */
export type Body =
  | { readonly kind: "json"; readonly items: readonly string[] }
  | { readonly kind: "shell"; readonly text: string }
  | { readonly kind: "words"; readonly words: readonly Word[] }
  | { readonly kind: "pairs"; readonly pairs: readonly Pair[] }
  | { readonly kind: "trigger"; readonly instruction: Instruction };

export interface Instruction {
  /** In lower case. */
  readonly keyword: string;
  readonly line: Line;
  /** The index of the keyword in the line. */
  readonly at: number;
  /** The index of the arguments in the line, after the flags. */
  readonly argumentsAt: number;
  readonly flags: readonly Flag[];
  readonly body: Body;
  readonly heredocs: readonly Heredoc[];
  /** Its last physical line, heredocs included. */
  readonly last: number;
}

type Form = "list" | "command" | "words" | "quoted" | "pairs" | "text" | "trigger";

/** How each instruction's arguments are split; what an engine refuses clearly by itself is left to it. */
const forms: Readonly<Record<string, Form>> = {
  add: "list",
  arg: "quoted",
  cmd: "command",
  copy: "list",
  entrypoint: "command",
  env: "pairs",
  expose: "words",
  from: "words",
  healthcheck: "text",
  label: "pairs",
  maintainer: "text",
  onbuild: "trigger",
  run: "command",
  shell: "command",
  stopsignal: "text",
  user: "text",
  volume: "list",
  workdir: "text",
};

const names = Object.keys(forms).map((name) => name.toUpperCase());

/** Reads the instruction that begins at an index of a line; `undefined` after a mistake. */
export function readInstruction(
  line: Line,
  from: number,
  escapeWith: Escape,
  complain: Complain,
): Instruction | undefined {
  const at = skipSpace(line.text, from);
  const keyword = /^[^\t\v\f\r ]*/.exec(line.text.slice(at, at + 4096))![0];
  const form = ownMember(forms, keyword.toLowerCase());
  if (form === undefined) {
    complain(placeOf(line, at), `unknown instruction ${keyword}${didYouMean(keyword, names)}`);
    return undefined;
  }
  const { flags, end } = readFlags(line.text, at + keyword.length, escapeWith);
  const begin = skipSpace(line.text, end);
  const head = { keyword: keyword.toLowerCase(), line, at, argumentsAt: begin, flags };
  const body = readBody(head, form, escapeWith, complain);
  return body === undefined ? undefined : { ...head, body, heredocs: [], last: line.last };
}

const untriggered = ["onbuild", "from", "maintainer"];

function readBody(
  head: Pick<Instruction, "line" | "keyword" | "argumentsAt">,
  form: Form,
  escapeWith: Escape,
  complain: Complain,
): Body | undefined {
  const { line, keyword, argumentsAt: begin } = head;
  const end = Math.max(endWithoutSpace(line.text), begin);
  const text = line.text.slice(begin, end);
  const mistake = (at: number, message: string): undefined => {
    complain(placeOf(line, at), `${keyword.toUpperCase()} ${message}`);
  };
  const words = (): Body => ({ kind: "words", words: splitWords(line.text, begin, end) });
  switch (form) {
    case "list":
    case "command": {
      const items = readJson(text);
      if (items === "mixed") return mistake(begin, "in JSON form takes strings only");
      if (items !== undefined) return { kind: "json", items };
      return form === "command" ? { kind: "shell", text } : words();
    }
    case "words":
      return words();
    case "quoted":
      return { kind: "words", words: quotedWords(line.text, begin, end, escapeWith) };
    case "pairs": {
      const pairs = readPairs(line.text, begin, end, escapeWith);
      return "mistake" in pairs ? mistake(pairs.at, pairs.mistake) : { kind: "pairs", pairs };
    }
    case "trigger": {
      if (text === "") return mistake(begin, "triggers nothing");
      const instruction = readInstruction(line, begin, escapeWith, complain);
      const barred = untriggered.find((word) => word === instruction?.keyword);
      if (barred !== undefined) return mistake(begin, `cannot trigger ${barred.toUpperCase()}`);
      return instruction && { kind: "trigger", instruction };
    }
    case "text":
      return { kind: "shell", text };
  }
}

/** Can the instruction, or the one that it triggers, have heredocs? Not in JSON form. */
export function takesHeredocs(instruction: Instruction): boolean {
  const { body, keyword } = triggered(instruction);
  return body.kind !== "json" && ["run", "copy", "add"].includes(keyword);
}

/** The instruction that ONBUILD keeps, or the instruction itself. */
export function triggered(instruction: Instruction): Instruction {
  return instruction.body.kind === "trigger" ? instruction.body.instruction : instruction;
}

export interface Heredoc {
  readonly name: string;
  /** `<<-`: tabs at the front of its lines do not count. */
  readonly chomp: boolean;
  /** No part of the name is quoted, so variables in the body are expanded. */
  readonly expand: boolean;
  /** With line ends as they are in the file. */
  readonly body: string;
}

/** A word that opens a heredoc if the line that ends it follows. */
interface Opening extends Omit<Heredoc, "body"> {
  /**
   * Only newer parsers take it for a heredoc (white space after `<<`), or it stands in arithmetic: without
   * a line that ends it, it is none.
   */
  readonly doubtful: boolean;
}

const opening = /^\d*<<(-?)([\t\r ]*)([^<]*)$/;

/** The heredocs that a line opens, in order. A line with unbalanced quotes opens none. */
export function openings(line: string): readonly Opening[] {
  if (!line.includes("<<")) return [];
  const arithmetic = line.indexOf("((");
  return lex(line, { escape: "\\", raw: true, words: true }).words.flatMap((word) => {
    const read = readOpening(word);
    const within = arithmetic >= 0 && line.indexOf(word) > arithmetic;
    return read === undefined ? [] : [{ ...read, doubtful: within || read.doubtful }];
  });
}

/** Reads one word such as `<<-'EOF'`; `undefined` where it opens no heredoc. */
export function readOpening(word: string): Opening | undefined {
  const match = opening.exec(word);
  const rest = match?.[3];
  if (match === null || rest === undefined || rest === "") return undefined;
  const plain = lex(rest, { escape: "\\", words: true });
  const raw = lex(rest, { escape: "\\", raw: true, words: true });
  const name = plain.words[0];
  if (name === undefined || plain.words.length !== 1 || plain.error !== undefined) return undefined;
  return {
    name,
    chomp: match[1] === "-",
    expand: quotes(name) === quotes(raw.words[0] ?? ""),
    doubtful: match[2] !== "",
  };
}

function quotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}
