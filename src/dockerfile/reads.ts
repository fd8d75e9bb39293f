/** What COPY, ADD and the mounts of RUN read: parts of the build context, stages and images, or the network. */

import { normalize } from "node:path/posix";
import { type ContextSource, parsePath } from "../context/source.ts";
import { ownMember } from "../json.ts";
import { type Field, type Flag, readFields, type Spelled } from "./flags.ts";
import { type Instruction, readOpening } from "./instruction.ts";
import { placeOf } from "./lines.ts";
import {
  expand,
  mistakeAt,
  type Naming,
  namingAt,
  nothing,
  type Step,
  type StepScope,
} from "./references.ts";
import type { Lexed } from "./shell.ts";
import type { Word } from "./words.ts";

export function copyStep(instruction: Instruction, around: StepScope): Step {
  const { line, flags } = instruction;
  const words = wordsOf(instruction);
  const destination = words.at(-1);
  if (destination !== undefined && readOpening(destination.text) !== undefined)
    around.complain(placeOf(line, destination.at), "a heredoc cannot be the destination");
  const [from, second] = flags.filter((flag) => flag.name === "from");
  if (second !== undefined) mistakeAt(around, line, second.at)("--from is given twice");
  if (from?.value !== undefined && from.value.text !== "")
    return { sources: [], namings: namedBy("copy", from.value, instruction, around) };
  const parents = flags.some(
    ({ name, value }) => name === "parents" && value?.text.toLowerCase() !== "false",
  );
  const sources = words.slice(0, -1).flatMap(({ text, at }): readonly ContextSource[] => {
    if (readOpening(text) !== undefined) return [];
    const place = placeOf(line, at).line;
    const read = expand(text, around);
    if (read.error !== undefined) {
      mistakeAt(around, line, at)(`source ${JSON.stringify(text)}: ${read.error}`);
      return [];
    }
    if (isFetched(instruction, { text, at }, read, around)) return [];
    if (read.unknown !== undefined) return [{ kind: "everything", line: place }];
    return [copySource(read.text, parents, place)];
  });
  return { sources, namings: [] };
}

/** The words of COPY or ADD, with where they stand. */
export function wordsOf({ body, argumentsAt }: Instruction) {
  if (body.kind === "words") return body.words;
  return body.kind === "json" ? body.items.map((text) => ({ text, at: argumentsAt })) : [];
}

/** What `--from=`, or a mount's `from=`, names. */
function namedBy(
  kind: "copy" | "mount",
  value: Spelled,
  { line }: Instruction,
  around: StepScope,
): readonly Naming[] {
  const at = { line, first: value.at[0]!, last: value.at.at(-1)! };
  const mistake = mistakeAt(around, line, at.first);
  const { text: reference, error, unknown } = expand(value.text, around);
  const refused = error ?? unknown;
  if (refused === undefined) {
    const origin = around.origin(reference, mistake);
    return [namingAt({ kind, reference, origin, platform: undefined }, at)];
  }
  const flag = kind === "copy" ? "--from" : "from";
  mistake(`${flag}=${value.text} cannot be known: ${refused}`);
  return [];
}

/** What a source of COPY or ADD reaches, from its text after expansion. */
export function copySource(text: string, parents: boolean, line: number): ContextSource {
  const pattern = below(text);
  const segments = pattern.split("/");
  const elements = parsePath(pattern, true);
  // BuildKit takes a backslash in a plain name as it is, others as an escape.
  const isDoubtful = ({ kind }: { readonly kind: string }, at: number): boolean =>
    kind === "name" && segments[at]?.includes("\\") === true;
  if (elements === undefined || elements.some(isDoubtful)) return { kind: "everything", line };
  const first = elements.findIndex(({ kind }) => kind === "glob");
  if (first < 0) return { kind: "path", pattern, wildcards: false, line };
  // `**` crosses folders in some engines and with --parents, so the whole folder in front of it counts,
  // with what its links lead to: a link that a wildcard names is followed.
  if (!parents && !pattern.includes("**")) return { kind: "path", pattern, wildcards: true, line };
  const folder = segments.slice(0, first).join("/");
  return { kind: "path", pattern: folder, wildcards: false, follow: true, line };
}

function below(text: string): string {
  return normalize(`/${text}`).replace(/^\/+|\/+$/g, "");
}

export function runStep(instruction: Instruction, around: StepScope): Step {
  const flags = instruction.flags.filter((flag) => flag.name === "mount");
  const mounts = flags.map((flag) => readMount(instruction, flag, around));
  return {
    sources: mounts.flatMap(({ sources }) => sources),
    namings: mounts.flatMap(({ namings }) => namings),
  };
}

const aliases: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
  rw: "readwrite",
};

const types = ["bind", "cache", "tmpfs", "secret", "ssh"];

function readMount(instruction: Instruction, flag: Flag, around: StepScope): Step {
  const { line } = instruction;
  const mistake = mistakeAt(around, line, flag.at);
  const fields = mountFields(flag);
  if (fields === undefined) {
    mistake(`--mount=${flag.value?.text ?? ""} is malformed`);
    return nothing;
  }
  const type = typeOf(fields.get("type"), around);
  if (type !== undefined && !types.includes(type))
    mistake(`there is no mount type ${JSON.stringify(type)}`);
  const from = fields.get("from")?.value;
  if (from !== undefined && from.text !== "")
    return { sources: [], namings: namedBy("mount", from, instruction, around) };
  const source = mountSource(fields, type, placeOf(line, flag.at).line, around);
  if ("error" in source) mistake(`--mount=${flag.value?.text ?? ""}: ${source.error}`);
  return { sources: "error" in source ? [] : source, namings: [] };
}

/** A mount's fields under their full names, the last of each; `undefined` where they are malformed, or it is none. */
export function mountFields({ name, value }: Flag): ReadonlyMap<string, Field> | undefined {
  const fields = name === "mount" && value !== undefined ? readFields(value) : undefined;
  return fields && new Map(fields.map((field) => [fullName(field.key), field]));
}

export function fullName(key: string): string {
  return ownMember(aliases, key) ?? key;
}

/** A mount's type; `undefined` where only the engine will know. */
function typeOf(field: Field | undefined, around: StepScope): string | undefined {
  if (field === undefined) return "bind";
  const read = expand(field.value?.text ?? "", around);
  return read.unknown === undefined ? read.text.toLowerCase() : undefined;
}

/** Only bind mounts read the context, without wildcards; without a source, all of it. */
function mountSource(
  fields: ReadonlyMap<string, Field>,
  type: string | undefined,
  line: number,
  around: StepScope,
): readonly ContextSource[] | { readonly error: string } {
  if (type === undefined) return [{ kind: "everything", line }];
  if (type !== "bind") return [];
  const { text, error, unknown } = expand(fields.get("source")?.value?.text ?? "", around);
  if (error !== undefined) return { error };
  if (unknown !== undefined) return [{ kind: "everything", line }];
  return [{ kind: "path", pattern: below(text), wildcards: false, line }];
}

type Remote = "git" | "http";

/** Does ADD fetch the source from the network, and how? */
export function remoteOf(source: string): Remote | undefined {
  if (/^(git|ssh):\/\/|^[\w-]+@[\w.-]+:/i.test(source)) return "git";
  if (!/^https?:\/\//i.test(source)) return undefined;
  return /^[^?#]*\.git\/?([?#]|$)/.test(source) ? "git" : "http";
}

const commit = "(?:[0-9a-f]{40}|[0-9a-f]{64})";
const pinnedFragment = new RegExp(`#${commit}(?::|$)`);

/** Is it certain which bytes ADD gets? */
function isPinned(source: string, remote: Remote, checksum: string | undefined): boolean {
  if (remote === "http")
    return /^sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/.test(checksum ?? "");
  if (checksum !== undefined) return new RegExp(`^${commit}$`).test(checksum);
  // Older engines fetch an address with a query as it stands.
  return pinnedFragment.test(source) && !source.includes("?");
}

/** Does the configuration allow the source: by its text, or by the text in front of a `*` at the end? */
function isAllowed(source: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) =>
    entry.endsWith("*") ? source.startsWith(entry.slice(0, -1)) : source === entry,
  );
}

/** Does the source come from the network? Then it must be pinned or allowed. */
export function isFetched(
  { keyword, flags, line }: Instruction,
  written: Word,
  read: Lexed,
  around: StepScope,
): boolean {
  const remote = remoteOf(read.text);
  const unknown = read.unknown !== undefined;
  const mistake = mistakeAt(around, line, written.at);
  if (keyword === "copy") {
    if (remote !== undefined) mistake(`COPY cannot fetch ${read.text}; ADD can`);
    return remote !== undefined;
  }
  // What begins with an unknown variable could be an address as well as a path.
  const either = unknown && (/^["']?\$/.test(written.text) || read.text === "");
  if (remote === undefined && !either) return false;
  const shown = unknown ? written.text : read.text;
  if (isAllowed(shown, around.allowAdd)) return remote !== undefined;
  const flag = flags.find(({ name }) => name === "checksum");
  const given = flag?.value && expand(flag.value.text, around);
  const checksum = given && (given.error ?? given.unknown ?? given.text);
  if (!unknown && isPinned(read.text, remote ?? "http", checksum)) return true;
  const pin = remote === "git" ? "pin it to a full commit after #" : "give --checksum=sha256:…";
  mistake(
    remote === undefined
      ? `ADD ${shown} may fetch anything, which a key cannot cover: name it in allow_add if that is meant`
      : `ADD ${shown} is fetched and nothing pins its content: ${pin}, or name it in allow_add`,
  );
  return true;
}
