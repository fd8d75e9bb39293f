/** Git's trees and blobs by id, remembered: an id's content never changes. */
import { BerthError } from "../errors.ts";
import type { AttributesFile, Git } from "../world.ts";
import { boundedMemo } from "./memo.ts";
import { parseTreeObject, type TreeObject } from "./treeobject.ts";

export interface Objects {
  readonly git: Git;
  tree(id: string): Promise<TreeObject>;
  blob(id: string): Promise<Buffer>;
  /** A blob as a checkout writes it to a path below the repository's top, by the `.gitattributes` on the way there. */
  file(id: string, path: string, attributes: readonly AttributesFile[]): Promise<Buffer>;
  /** The tree of a commit; `undefined` where this repository does not have the commit. */
  commitTree(rev: string): Promise<CommitTree | undefined>;
}

export interface CommitTree {
  readonly commit: string;
  readonly tree: string;
}

const maxTreeItems = 150_000;
const maxBlobBytes = 32 * 1024 * 1024;
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
    if (bytes.length <= maxKeptBlobBytes) blobs.set(key, bytes, bytes.length + 100);
    return bytes;
  };
  const blob = (id: string): Promise<Buffer> =>
    kept(id, async () => {
      const object = await git.object(id);
      return object?.type === "blob" ? object.bytes : undefined;
    });
  return {
    git,
    async tree(id) {
      const known = trees.get(id);
      if (known !== undefined) return known;
      const object = await git.object(id);
      if (object?.type !== "tree") throw absent("tree", id);
      const tree = parseTreeObject(object);
      trees.set(id, tree, tree.items.size + 1);
      return tree;
    },
    blob,
    async file(id, path, attributes) {
      if (!(await git.mayConvert(attributes))) return blob(id);
      const key = [id, path, ...attributes.map((one) => one.id)].join(" ");
      return kept(key, () => git.checkedOut(id, path, attributes));
    },
    async commitTree(rev) {
      const object = await git.object(`${rev}^{commit}`);
      const tree = /^tree ([0-9a-f]+)\n/.exec(object?.bytes.toString("latin1", 0, 80) ?? "")?.[1];
      return object === undefined || tree === undefined ? undefined : { commit: object.id, tree };
    },
  };
}

function absent(kind: string, id: string): BerthError {
  return new BerthError("GIT_FAILED", `read git ${kind} ${id}: the repository does not have it`, {
    hint: "the clone is incomplete; fetch it anew, or check it: git fsck",
  });
}
