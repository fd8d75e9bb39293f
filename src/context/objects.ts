/** Git's trees and blobs by id, read and remembered, for an id's content never changes; and what a clone has of commits. */
import { isUtf8 } from "node:buffer";
import { BerthError } from "../errors.ts";
import type { AttributesFile, Git, GitObject } from "../world.ts";
import { boundedMemo } from "./memo.ts";
import { elementsBelowRoot, joinPath, starsMatcher } from "./paths.ts";

export interface TreeItem {
  readonly name: string;
  readonly kind: "folder" | "file" | "symlink" | "submodule";
  readonly executable: boolean;
  readonly id: string;
}

export interface TreeObject {
  /** By name, in git's order. */
  readonly items: ReadonlyMap<string, TreeItem>;
  /** Names that are not UTF-8, with U+FFFD for what is none. */
  readonly unreadable: readonly string[];
}

export interface Objects {
  readonly git: Git;
  tree(id: string): Promise<TreeObject>;
  blob(id: string): Promise<Buffer>;
  /** Many blobs, none of them remembered. */
  blobs(ids: readonly string[]): Promise<readonly Buffer[]>;
  /** A blob as a checkout writes it to a path below the repository's top, by the `.gitattributes` on the way there. */
  file(id: string, path: string, attributes: readonly AttributesFile[]): Promise<Buffer>;
  /** Paths of files and links, in a folder of a tree and below, whose names fit one of the globs; submodules are left out. */
  find(tree: string, folder: string, globs: readonly string[]): Promise<readonly string[]>;
  /** The tree of a commit; `undefined` where this repository does not have the commit. */
  commitTree(rev: string): Promise<CommitTree | undefined>;
}

export interface CommitTree {
  readonly commit: string;
  readonly tree: string;
}

const maxTreeItems = 150_000;
const maxBlobBytes = 32 * 1024 * 1024;
const maxFoundPaths = 500_000;
/** A larger blob is read again when it is needed again. */
const maxKeptBlobBytes = 64 * 1024;

export function objectsOf(git: Git): Objects {
  const trees = boundedMemo<TreeObject>(maxTreeItems);
  const blobs = boundedMemo<Buffer>(maxBlobBytes);
  const kept = async (key: string, read: () => Promise<Buffer | undefined>): Promise<Buffer> => {
    const known = blobs.get(key);
    if (known !== undefined) return known;
    const bytes = await read();
    if (bytes === undefined) throw absent("blob", key);
    // A copy of its own: those bytes may be a small part of what was read with others.
    if (bytes.length <= maxKeptBlobBytes) blobs.set(key, Buffer.from(bytes), bytes.length + 100);
    return bytes;
  };
  const blob = (id: string) => kept(id, async () => blobOf(await git.object(id), id));
  const tree = async (id: string): Promise<TreeObject> => {
    const known = trees.get(id);
    if (known !== undefined) return known;
    const object = await git.object(id);
    if (object?.type !== "tree") throw absent("tree", id);
    const read = parseTreeObject(object);
    trees.set(id, read, read.items.size + 1);
    return read;
  };
  return {
    git,
    tree,
    find: finder(tree),
    blob,
    async blobs(ids) {
      return (await git.objects(ids)).map((object, index) => blobOf(object, ids[index]));
    },
    async file(id, path, attributes) {
      if (!(await git.mayConvert(attributes))) return blob(id);
      const key = [id, path, ...attributes.map((one) => one.id)].join(" ");
      return kept(key, () => git.checkedOut(id, path, attributes));
    },
    commitTree: (rev) => treeOfCommit(git, rev),
  };
}

async function treeOfCommit(git: Git, rev: string): Promise<CommitTree | undefined> {
  const object = await git.object(`${rev}^{commit}`);
  const tree = /^tree ([0-9a-f]+)\n/.exec(object?.bytes.toString("latin1", 0, 80) ?? "")?.[1];
  return object === undefined || tree === undefined ? undefined : { commit: object.id, tree };
}

/** Searches trees by their ids, each once for the same globs: most are those of the commit before. */
function finder(treeOf: Objects["tree"]): Objects["find"] {
  const found = boundedMemo<readonly string[]>(maxFoundPaths);
  return async (top, folder, globs) => {
    if (globs.length === 0) return [];
    const fits = starsMatcher(globs);
    const below = async (tree: string): Promise<readonly string[]> => {
      const key = [tree, ...globs].join("/");
      const known = found.get(key);
      if (known !== undefined) return known;
      const parts = [...(await treeOf(tree)).items.values()].map(async ({ name, kind, id }) => {
        if (kind === "folder") return (await below(id)).map((path) => `${name}/${path}`);
        return kind !== "submodule" && fits(name) ? [name] : [];
      });
      const paths = (await Promise.all(parts)).flat();
      found.set(key, paths, paths.length + 1);
      return paths;
    };
    let tree = top;
    for (const name of elementsBelowRoot(folder)) {
      const item = (await treeOf(tree)).items.get(name);
      if (item?.kind !== "folder") return [];
      tree = item.id;
    }
    return (await below(tree)).map((path) => joinPath(folder, path));
  };
}

function blobOf(object: GitObject | undefined, id: string | undefined): Buffer {
  if (object?.type !== "blob") throw absent("blob", id);
  return object.bytes;
}

function absent(kind: string, id = ""): BerthError {
  return new BerthError("GIT_FAILED", `read git ${kind} ${id}: the repository does not have it`, {
    hint: "the clone is incomplete; fetch it anew, or check it: git fsck",
  });
}

/**
 * Reads a tree, which is `<mode> <name>\0<id>` again and again (see gitformat-pack), of a sha1 or sha256 repository:
 * the length of its own id tells which.
 */
function parseTreeObject({ id, bytes }: GitObject): TreeObject {
  const idLength = id.length / 2;
  const hex = bytes.toString("hex");
  const items = new Map<string, TreeItem>();
  const unreadable: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, space);
    if (space < 0 || end < 0 || end + idLength >= bytes.length) throw malformed(id);
    const { kind, executable } = kindOf(bytes.toString("latin1", at, space));
    const name = bytes.toString("utf8", space + 1, end);
    at = end + 1 + idLength;
    const raw = name.includes("\ufffd") ? bytes.subarray(space + 1, end) : undefined;
    if (!isName(name)) throw malformed(id);
    if (raw !== undefined && !isUtf8(raw)) unreadable.push(name);
    else items.set(name, { id: hex.slice(2 * (end + 1), 2 * at), name, kind, executable });
  }
  return { items, unreadable };
}

/** git refuses to check others out; a path built from one could leave the repository. */
function isName(name: string): boolean {
  return !["", ".", ".."].includes(name) && !name.includes("/");
}

function kindOf(mode: string): Pick<TreeItem, "kind" | "executable"> {
  if (mode === "40000" || mode === "040000") return { kind: "folder", executable: false };
  if (mode === "120000") return { kind: "symlink", executable: false };
  if (mode === "160000") return { kind: "submodule", executable: false };
  // Old commits have modes such as 100664; git looks at the owner's bit alone.
  return { kind: "file", executable: (Number.parseInt(mode, 8) & 0o100) !== 0 };
}

function malformed(id: string): BerthError {
  return new BerthError("GIT_FAILED", `read git tree ${id}: malformed`, {
    hint: "check the repository: git fsck",
  });
}

/** Whether a text can only be the id of a commit: annotations and variables hold anything, also what git takes for an option. */
export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** The id of the commit that a revision is; `undefined` where it is none, or not here. Takes no process of its own. */
export async function commitOf(git: Pick<Git, "object">, rev: string): Promise<string | undefined> {
  return (await git.object(`${rev}^{commit}`))?.id;
}

/**
 * Whether a commit is here, by a process of its own: a fetch may follow that makes the clone a partial one, which
 * the reader of objects would not know if it ran already.
 */
export function hasCommit(git: Pick<Git, "test">, commit: string): Promise<boolean> {
  return git.test(["cat-file", "-e", `${commit}^{commit}`]).catch(() => false);
}

/** Whether branches end here where they do not end, as they do in most jobs. */
export async function isShallow(git: Pick<Git, "run">): Promise<boolean> {
  const said = await git.run(["rev-parse", "--is-shallow-repository"]);
  return said.toString().trim() === "true";
}
