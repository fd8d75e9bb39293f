/** What ADD fetches from the network, and whether a key can cover it. */
import type { Instruction } from "./instruction.ts";
import { expand, mistakeAt, type StepScope } from "./references.ts";
import type { Lexed } from "./shell.ts";
import type { Word } from "./words.ts";

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
  mistake(advice(shown, remote));
  return true;
}

function advice(shown: string, remote: Remote | undefined): string {
  if (remote === undefined) {
    return `ADD ${shown} may fetch anything, which a key cannot cover: name it in allow_add if that is meant`;
  }
  const pin = remote === "git" ? "pin it to a full commit after #" : "give --checksum=sha256:…";
  return `ADD ${shown} is fetched and nothing pins its content: ${pin}, or name it in allow_add`;
}
