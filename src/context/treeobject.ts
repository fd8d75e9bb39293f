/** Git's tree objects, read: `<mode> <name>\0<id>` again and again; see gitformat-pack and git-mktree. */
import { isUtf8 } from "node:buffer";
import { BerthError } from "../errors.ts";
import type { GitObject } from "../world.ts";
import { escapeBytes } from "./listing.ts";

export interface TreeItem {
  readonly name: string;
  readonly kind: "folder" | "file" | "symlink" | "submodule";
  readonly executable: boolean;
  readonly id: string;
}

export interface TreeObject {
  /** By name, in git's order. */
  readonly items: ReadonlyMap<string, TreeItem>;
  /** Names that are not UTF-8, printed with escapes. */
  readonly unreadable: readonly string[];
}

/** Reads a tree of a sha1 or sha256 repository; the length of its own id tells which. */
export function parseTreeObject({ id, bytes }: GitObject): TreeObject {
  const idLength = id.length / 2;
  const items = new Map<string, TreeItem>();
  const unreadable: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space);
    if (space < 0 || end < 0 || end + idLength >= bytes.length) throw malformed(id);
    const mode = bytes.toString("latin1", at, space);
    const name = bytes.subarray(space + 1, end);
    at = end + 1 + idLength;
    if (!isUtf8(name)) unreadable.push(escapeBytes(name));
    else {
      const item = parseItem(mode, name.toString(), bytes.toString("hex", end + 1, at), id);
      items.set(item.name, item);
    }
  }
  return { items, unreadable };
}

function parseItem(mode: string, name: string, id: string, treeId: string): TreeItem {
  // git refuses to check such names out; a path built from one could leave the repository.
  if (name === "" || name === "." || name === ".." || name.includes("/")) throw malformed(treeId);
  return {
    name,
    kind: kindOf(mode),
    executable: kindOf(mode) === "file" && isExecutable(mode),
    id,
  };
}

function kindOf(mode: string): TreeItem["kind"] {
  if (mode === "40000" || mode === "040000") return "folder";
  if (mode === "120000") return "symlink";
  return mode === "160000" ? "submodule" : "file";
}

/** Old commits have modes such as 100664; git looks at the owner's bit alone. */
function isExecutable(mode: string): boolean {
  return (Number.parseInt(mode, 8) & 0o100) !== 0;
}

function malformed(id: string): BerthError {
  return new BerthError("GIT_FAILED", `read git tree ${id}: malformed`, {
    hint: "check the repository: git fsck",
  });
}
