/** One instruction: its flags and arguments as BuildKit splits them, checked for form. */

import { type Flag, readFlags } from "./flags.ts";
import type { Heredoc } from "./heredoc.ts";
import { type Complain, type Escape, type Line, placeOf } from "./lines.ts";
import { endWithoutSpace, skipSpace } from "./space.ts";
import { type Pair, quotedWords, readJson, readPairs, splitWords, type Word } from "./words.ts";

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
}

type Form = "list" | "command" | "words" | "quoted" | "pairs" | "text" | "health" | "trigger";

interface Grammar {
  readonly form: Form;
  readonly flags?: readonly string[];
  /** The least number of arguments. */
  readonly least?: number;
}

const grammars: Readonly<Record<string, Grammar>> = {
  add: {
    form: "list",
    flags: ["chown", "chmod", "link", "keep-git-dir", "checksum", "unpack", "exclude*"],
    least: 2,
  },
  arg: { form: "quoted", least: 1 },
  cmd: { form: "command" },
  copy: {
    form: "list",
    flags: ["chown", "chmod", "link", "from", "parents", "exclude*"],
    least: 2,
  },
  entrypoint: { form: "command" },
  env: { form: "pairs", least: 1 },
  expose: { form: "words", least: 1 },
  from: { form: "words", flags: ["platform"], least: 1 },
  healthcheck: {
    form: "health",
    flags: ["interval", "timeout", "start-period", "start-interval", "retries"],
    least: 1,
  },
  label: { form: "pairs", least: 1 },
  maintainer: { form: "text", least: 1 },
  onbuild: { form: "trigger", least: 1 },
  run: { form: "command", flags: ["mount*", "network", "security", "device*"] },
  shell: { form: "command", least: 1 },
  stopsignal: { form: "text", least: 1 },
  user: { form: "text", least: 1 },
  volume: { form: "list", least: 1 },
  workdir: { form: "text", least: 1 },
};

/** Flags that stand for `true` where they have no value. */
export const switches: readonly string[] = ["link", "parents", "keep-git-dir", "unpack"];

/** May the flag be given several times? */
export function isRepeatable(keyword: string, flag: string): boolean {
  return grammars[keyword]?.flags?.includes(`${flag}*`) ?? false;
}

/** Reads the instruction that begins at an index of a line; `undefined` after a mistake. */
export function readInstruction(
  line: Line,
  from: number,
  escapeWith: Escape,
  complain: Complain,
): Instruction | undefined {
  const at = skipSpace(line.text, from);
  const keyword = /^[^\t\v\f\r ]*/.exec(line.text.slice(at, at + 4096))![0];
  const grammar = grammars[keyword.toLowerCase()];
  if (grammar === undefined) {
    complain(placeOf(line, at), `unknown instruction ${keyword}`);
    return undefined;
  }
  const { flags, end } = readFlags(line.text, at + keyword.length, escapeWith);
  const begin = skipSpace(line.text, end);
  const head = {
    keyword: keyword.toLowerCase(),
    line,
    at,
    argumentsAt: begin,
    flags,
    heredocs: [],
  };
  checkFlags(head, grammar, complain);
  const body = readBody(head, grammar, escapeWith, complain);
  return body === undefined ? undefined : { ...head, body };
}

type Head = Omit<Instruction, "body">;

function checkFlags(head: Head, grammar: Grammar, complain: Complain): void {
  const seen = new Set<string>();
  for (const { name, value, at } of head.flags) {
    const place = placeOf(head.line, at);
    const repeatable = isRepeatable(head.keyword, name);
    const allowed = repeatable || (grammar.flags?.includes(name) ?? false);
    const instruction = head.keyword.toUpperCase();
    if (!allowed) complain(place, `${instruction} has no flag --${name}`);
    else if (seen.has(name) && !repeatable) complain(place, `--${name} is given twice`);
    else if (switches.includes(name)) {
      const fine = value === undefined || /^(true|false)$/i.test(value.text);
      if (!fine) complain(place, `--${name} is either true or false`);
    } else if (value === undefined) complain(place, `--${name} needs a value`);
    seen.add(name);
  }
}

/** The arguments as text, and how to complain about them. */
interface Rest {
  readonly line: Line;
  readonly begin: number;
  readonly end: number;
  readonly text: string;
  readonly escapeWith: Escape;
  readonly complain: Complain;
  readonly mistake: (at: number, message: string) => undefined;
  /** Gives the body if it has arguments enough. */
  readonly enough: (count: number, body: Body) => Body | undefined;
}

function readBody(
  head: Head,
  grammar: Grammar,
  escapeWith: Escape,
  complain: Complain,
): Body | undefined {
  const { line, keyword, argumentsAt: begin } = head;
  const { form, least = 0 } = grammar;
  const end = Math.max(endWithoutSpace(line.text), begin);
  const text = line.text.slice(begin, end);
  const mistake = (at: number, message: string): undefined => {
    complain(placeOf(line, at), `${keyword.toUpperCase()} ${message}`);
  };
  const few = least === 2 ? "needs a source and a destination" : "needs an argument";
  const enough = (count: number, body: Body): Body | undefined =>
    count < least ? mistake(head.at, few) : body;
  const json = form === "list" || form === "command" ? readJson(text) : undefined;
  if (json === "mixed") return mistake(begin, "in JSON form takes strings only");
  if (keyword === "shell" && json === undefined) return mistake(begin, "takes JSON form only");
  if (json !== undefined) return enough(json.length, { kind: "json", items: json });
  return readForm(form, { line, begin, end, text, escapeWith, complain, mistake, enough });
}

function readForm(form: Form, rest: Rest): Body | undefined {
  const { line, begin, end, text, escapeWith, mistake, enough } = rest;
  switch (form) {
    case "list":
    case "words": {
      const words = splitWords(line.text, begin, end);
      return enough(words.length, { kind: "words", words });
    }
    case "quoted": {
      const words = quotedWords(line.text, begin, end, escapeWith);
      const blank = words.find((word) => word.text.startsWith("="));
      if (blank !== undefined) return mistake(blank.at, "has a blank name");
      return enough(words.length, { kind: "words", words });
    }
    case "pairs": {
      const pairs = readPairs(line.text, begin, end, escapeWith);
      return "mistake" in pairs ? mistake(pairs.at, pairs.mistake) : { kind: "pairs", pairs };
    }
    case "trigger":
      return readTrigger(rest);
    case "health":
      return readHealth(text, (message) => mistake(begin, message));
    default:
      return enough(text === "" ? 0 : 1, { kind: "shell", text });
  }
}

function readTrigger({ line, begin, text, escapeWith, complain, mistake, enough }: Rest) {
  if (text === "") return enough(0, { kind: "shell", text });
  const instruction = readInstruction(line, begin, escapeWith, complain);
  if (instruction === undefined) return undefined;
  const barred = ["onbuild", "from", "maintainer"].includes(instruction.keyword);
  if (barred) return mistake(begin, `cannot trigger ${instruction.keyword.toUpperCase()}`);
  return { kind: "trigger", instruction } as const;
}

/** HEALTHCHECK's type goes in front of its command, in capitals as BuildKit keeps it. */
function readHealth(text: string, mistake: (message: string) => undefined): Body | undefined {
  const [, word = "", rest = ""] = /^(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  const type = word.toUpperCase();
  if (type === "") return mistake("needs an argument");
  if (type === "NONE" && rest === "") return { kind: "json", items: ["NONE"] };
  if (type !== "CMD") return mistake("takes NONE, or CMD and a command");
  const json = readJson(rest);
  if (json === "mixed") return mistake("in JSON form takes strings only");
  if (rest === "" || json?.length === 0) return mistake("CMD needs a command");
  return json === undefined
    ? { kind: "shell", text: rest }
    : { kind: "json", items: ["CMD", ...json] };
}

/** Can the instruction, or the one that it triggers, have heredocs? Not in JSON form. */
export function takesHeredocs(instruction: Instruction): boolean {
  const { body, keyword } = instruction;
  if (body.kind === "trigger") return takesHeredocs(body.instruction);
  return body.kind !== "json" && ["run", "copy", "add"].includes(keyword);
}
