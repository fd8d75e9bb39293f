/** Asking git for the project's files: `git ls-files -z -v -s --cached --others`, and its output, read. */
import { isUtf8 } from "node:buffer";
import { BerthError } from "../errors.ts";

/** One path that git tracks or sees as new. */
export interface Listed {
  readonly path: string;
  readonly kind: "file" | "repository";
  /** What the index says; `undefined` where git does not track it. */
  readonly tracked: Tracked | undefined;
}

export interface Tracked {
  readonly id: string;
  readonly executable: boolean;
  readonly symlink: boolean;
  /** Git does not look at what lies on disk: not checked out, or told to assume that it is unchanged. */
  readonly overlooked: "skip-worktree" | "assume-unchanged" | undefined;
}

export interface GitListing {
  /** Each path once, also where a conflict gives it several stages. */
  readonly entries: readonly Listed[];
  /** Names that are not UTF-8, printed with escapes. */
  readonly unreadable: readonly string[];
}

const listArgs = ["ls-files", "-z", "-v", "-s", "--cached", "--others", "--exclude-standard"];

/** The question for what git tracks or sees as new at these pathspecs; no pathspec is everything. */
export function listingOf(pathspecs: readonly string[]): readonly string[] {
  return [...listArgs, "--", ...pathspecs];
}

/** Matches files anywhere by the last element of their path, as `Tree.find` describes it. */
export function anywhere(names: readonly string[]): readonly string[] {
  return names.map((name) => `:(glob)**/${name.replace(/[\\?[]/g, "\\$&")}`);
}

/** Matches a file and those beside it. */
export function besides(folder: string): string {
  const inside = folder.replace(/[\\?*[]/g, "\\$&");
  return inside === "" ? ":(glob)*" : `:(glob)${inside}/*`;
}

export function parseListing(output: Buffer): GitListing {
  if (isUtf8(output)) return { entries: parseRecords(output.toString()), unreadable: [] };
  const records = splitRecords(output);
  const readable = records.filter(isUtf8).map((record) => `${record}\0`);
  const unreadable = records.filter((record) => !isUtf8(record)).map(printName);
  return { entries: parseRecords(readable.join("")), unreadable: [...new Set(unreadable)] };
}

function splitRecords(output: Buffer): readonly Buffer[] {
  const records: Buffer[] = [];
  for (let start = 0; start < output.length; ) {
    const end = output.indexOf(0, start);
    records.push(output.subarray(start, end));
    start = end + 1;
  }
  return records;
}

function parseRecords(output: string): readonly Listed[] {
  const seen = new Set<string>();
  const entries: Listed[] = [];
  for (const record of output.split("\0")) {
    if (record === "") continue;
    const entry = parseRecord(record);
    if (seen.has(entry.path)) continue;
    seen.add(entry.path);
    entries.push(entry);
  }
  return entries;
}

/**
 * `? path` for what is new (`path/` for a repository of its own), `H mode id stage<TAB>path` for the rest; `S` for what is
 * not checked out, a small letter for what is assumed to be unchanged.
 */
function parseRecord(record: string): Listed {
  if (record.startsWith("? ")) {
    const isRepository = record.endsWith("/");
    const path = isRepository ? record.slice(2, -1) : record.slice(2);
    return { path, kind: isRepository ? "repository" : "file", tracked: undefined };
  }
  const mode = record.slice(2, 8);
  const path = record.slice(record.indexOf("\t") + 1);
  const kind = mode === "160000" ? "repository" : "file";
  const tracked = {
    id: record.slice(9, record.indexOf(" ", 9)),
    executable: mode === "100755",
    symlink: mode === "120000",
    overlooked: overlookedBy(record[0] ?? ""),
  };
  return { path, kind, tracked };
}

function overlookedBy(tag: string): Tracked["overlooked"] {
  if (tag === "S" || tag === "s") return "skip-worktree";
  return tag >= "a" && tag <= "z" ? "assume-unchanged" : undefined;
}

function printName(record: Buffer): string {
  const tab = record.indexOf(0x09);
  return escapeBytes(record.subarray(record[0] === 0x3f || tab < 0 ? 2 : tab + 1));
}

/** Prints bytes so that a person can find the file: what is not ASCII as `\xe9`. */
export function escapeBytes(bytes: Uint8Array): string {
  const print = (byte: number): string =>
    byte >= 0x20 && byte < 0x7f
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`;
  return Array.from(bytes, print).join("");
}

export function unreadableNames(
  names: readonly string[],
  folder: string,
  label: string,
): BerthError {
  const more = names.length > 1 ? ` and ${names.length - 1} more` : "";
  return new BerthError(
    "CONTEXT_INVALID",
    `list ${folder === "" ? "all files" : folder} of ${label}: the name ${names[0]}${more} is not UTF-8`,
    { hint: "rename the file: a name that is not UTF-8 has no one meaning in an image" },
  );
}
