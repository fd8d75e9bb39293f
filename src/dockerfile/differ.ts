/** What both engines accept in one instruction and read differently, with what to write instead. */

import { readFields } from "./flags.ts";
import { type Instruction, triggered } from "./instruction.ts";
import type { Escape } from "./lines.ts";
import { fullName, mountFields } from "./reads.ts";
import { argsOf } from "./scope.ts";
import { readJson } from "./words.ts";

/** A difference; refused everywhere, or only where an engine that differs is to build. */
export interface Difference {
  /** Index in the instruction's logical line. */
  readonly at: number;
  readonly message: string;
  /** buildah, where only it differs; `below` a minor version, or all of them. */
  readonly buildah?: { readonly below: number | undefined };
}

/** Of buildah every version. */
export const always = { below: undefined };

type Rule = (instruction: Instruction) => string | undefined;

/** Instructions whose arguments engines expand. */
export const expanded = "add arg copy env expose from label stopsignal user volume workdir";

/** Each with the instructions that it looks at. */
const rules: readonly (readonly [string, Rule])[] = [
  [
    "run cmd entrypoint healthcheck",
    ({ keyword, body }) => {
      const text = body.kind === "shell" ? body.text : "";
      const command = keyword === "healthcheck" ? text.replace(/^(none|cmd)\s+/i, "") : text;
      return hasTextAfterJson(command)
        ? "text follows a JSON array, which buildah drops: take the array apart into a command"
        : undefined;
    },
  ],
  [
    "add copy from healthcheck run",
    ({ flags, line, argumentsAt }) =>
      flags.length > 0 && /[^\0-\x7f]/.test(line.text.slice(flags[0]!.at, argumentsAt + 1))
        ? "characters that are not ASCII stand in a flag or right behind it, where engines split words differently: write ASCII there"
        : undefined,
  ],
  [
    "run",
    ({ flags }) => {
      for (const { value } of flags.filter(({ name }) => name === "mount")) {
        const keys = (value && readFields(value))?.map(({ key }) => switchOf(fullName(key))) ?? [];
        const twice = keys.find((key, index) => keys.indexOf(key) !== index);
        if (twice !== undefined)
          return `a mount has ${twice} twice, and engines differ on which one counts: give it once`;
      }
      return undefined;
    },
  ],
  [
    "run",
    ({ flags }) => {
      const targets = flags.flatMap((flag) => {
        const target = mountFields(flag)?.get("target")?.value?.text;
        return target === undefined ? [] : [target.replace(/(.)\/+$/, "$1")];
      });
      const twice = targets.find((target, index) => targets.indexOf(target) !== index);
      return twice === undefined
        ? undefined
        : `two mounts have the target ${twice}, and engines differ on which one is seen: give each its own`;
    },
  ],
  [
    expanded,
    ({ line }) => {
      const text = line.text.includes("$") ? line.text.replace(/\\./g, "") : "";
      const [parameter] = /\$\{?(?:[$?!@*#-]|\d\d)/.exec(text) ?? [];
      return parameter === undefined
        ? undefined
        : `${parameter} is a parameter of the shell, which engines expand differently: name a variable, or write \\$ for a dollar sign`;
    },
  ],
  [
    expanded,
    ({ line }) =>
      /\$\{\w+(#|%|\/)[^}]*[\\'"]/.test(line.text)
        ? "quotes or escapes stand in a pattern of ${…}, which engines read differently: take the pattern without them"
        : undefined,
  ],
  [
    "arg",
    (instruction) => {
      const before = new Set<string>();
      for (const { name, fallback } of argsOf(instruction)) {
        const sibling = variablesIn(fallback ?? "").find((used) => before.has(used));
        if (sibling !== undefined)
          return `ARG ${name} uses ${sibling} of the same ARG, which only some engines see: declare ${sibling} in an ARG of its own above`;
        before.add(name);
      }
      return undefined;
    },
  ],
  [
    "arg from",
    (instruction) =>
      (instruction.keyword === "arg" &&
        argsOf(instruction).some(({ name }) => name === "TARGETSTAGE")) ||
      /\$\{?TARGETSTAGE\b/.test(instruction.line.text)
        ? "only BuildKit sets TARGETSTAGE: use an ARG of another name"
        : undefined,
  ],
  [
    "add copy run",
    ({ heredocs }) =>
      heredocs.some(({ body }) => body.includes("\r"))
        ? "a heredoc has carriage returns, which buildah drops: save the file with line feeds alone"
        : undefined,
  ],
  [
    "add copy",
    ({ heredocs }) =>
      heredocs.some(({ expand, body }) => expand && /['"\\]/.test(body))
        ? "a heredoc in which variables are expanded has quotes or backslashes, which engines treat differently: quote its name (<<'EOF'), or COPY a file"
        : undefined,
  ],
  [
    "add copy",
    ({ heredocs, line }) =>
      heredocs.length > 0 && /<<-?[ \t]/.test(line.text)
        ? "white space stands behind <<, which engines read differently in COPY and ADD: write the name right behind it"
        : undefined,
  ],
  [
    "run",
    ({ heredocs }) =>
      heredocs.some(({ chomp, body }) => chomp && /^\t+#!/.test(body))
        ? "a tab stands in front of #! in a <<- heredoc, and only newer engines drop it first: begin that line at its #!"
        : undefined,
  ],
];
const keyed = rules.flatMap(([of, rule]) => of.split(" ").map((keyword) => ({ keyword, rule })));
const rulesOf = Map.groupBy(keyed, ({ keyword }) => keyword);

/** Finds what engines read differently in one instruction. */
export function differencesIn(instruction: Instruction, escapeWith: Escape): readonly Difference[] {
  const { line, at } = instruction;
  const inner = triggered(instruction);
  const messages = (rulesOf.get(inner.keyword) ?? []).map(({ rule }) => rule(inner));
  const found: Difference[] = messages.flatMap((message) => (message ? [{ at, message }] : []));
  if (inner !== instruction && inner.heredocs.length > 0)
    found.push({
      at,
      message:
        "ONBUILD has a heredoc, which engines carry over differently: write its lines with && instead",
    });
  const two = escapeWith + escapeWith;
  // It ends the logical line too, in which nothing else is left of what continues a line.
  if (line.text.includes(two) && line.text.replace(/[ \t\r]+$/, "").endsWith(two))
    found.push({
      at: line.pieces.at(-1)!.at,
      message: `a line ends in ${two}, behind which buildah goes on with the next line: end it otherwise, such as in quotes`,
    });
  if (
    escapeWith === "`" &&
    expanded.split(" ").includes(inner.keyword) &&
    /[\\`]/.test(inner.line.text)
  )
    found.push({
      at,
      message: "with escape=` buildah still takes \\ for an escape in this instruction",
      buildah: always,
    });
  return found;
}

/** An `escape` below the first line, with its index: buildah ignores it, and behind `check` older BuildKits do. */
export function lateEscape(escapeWith: Escape, text: string): Difference | undefined {
  const lines = escapeWith === "`" ? text.split("\n") : [];
  const at = lines.findIndex((line) => /^\s*#\s*escape\s*=/i.test(line));
  if (at <= 0) return undefined;
  const message = "buildah ignores # escape= behind another line: make it the first line";
  const isRead = lines.slice(0, at).every((line) => /^\s*#\s*syntax\s*=/i.test(line));
  return isRead ? { at, message, buildah: always } : { at, message };
}

/** Names of the variables that a text uses. */
export function variablesIn(text: string): readonly string[] {
  if (!text.includes("$")) return [];
  return [...text.matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name]) => name ?? "");
}

function switchOf(key: string): string {
  return key === "readwrite" ? "readonly" : key;
}

function hasTextAfterJson(text: string): boolean {
  if (!text.startsWith("[")) return false;
  for (
    let end = text.indexOf("]");
    end >= 0 && end < text.length - 1;
    end = text.indexOf("]", end + 1)
  )
    if (readJson(text.slice(0, end + 1)) !== undefined) return true;
  return false;
}
