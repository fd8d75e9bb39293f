/** Git's trees and blobs by id, remembered: an id's content never changes. */
import { BerthError } from "../errors.ts";
import type { Git } from "../world.ts";
import { boundedMemo } from "./memo.ts";
import { parseTreeObject, type TreeObject } from "./treeobject.ts";

export interface Objects {
  readonly git: Git;
  tree(id: string): Promise<TreeObject>;
  blob(id: string): Promise<Buffer>;
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
  return {
    git,
    async tree(id) {
      const known = trees.get(id);
      if (known !== undefined) return known;
      const object = await git.object(id);
      if (object?.type !== "tree") throw absent("tree", id);
      const tree = parseTreeObject(object);
      trees.set(id, tree, tree.items.length + 1);
      return tree;
    },
    async blob(id) {
      const known = blobs.get(id);
      if (known !== undefined) return known;
      const object = await git.object(id);
      if (object?.type !== "blob") throw absent("blob", id);
      if (object.bytes.length <= maxKeptBlobBytes) {
        blobs.set(id, object.bytes, object.bytes.length + 100);
      }
      return object.bytes;
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
