/** What the entries of a context hold, as a tree has it. */
import { BerthError } from "../errors.ts";
import type { ContextEntry } from "./context.ts";
import { joinPath } from "./paths.ts";
import type { Tree } from "./tree.ts";

/**
 * The contents of entries, one after the other: those that are asked for ahead arrive while earlier ones are taken, so
 * that large files are not in memory together.
 */
export async function* contentsOf(
  tree: Tree,
  contextFolder: string,
  entries: readonly ContextEntry[],
): AsyncGenerator<Buffer | undefined, undefined> {
  const { readAhead = 1 } = tree;
  const asked: Promise<Buffer | undefined>[] = [];
  let next = 0;
  for (let taken = 0; taken < entries.length; taken++) {
    // Many at once, since what is asked of git in one turn is one write.
    if (asked.length <= readAhead / 2)
      for (const entry of entries.slice(next, taken + readAhead)) {
        const content = contentOf(tree, contextFolder, entry);
        // Who takes it is told of a failure; until then it is nobody's.
        content.catch(() => undefined);
        asked.push(content);
        next++;
      }
    yield await asked.shift();
  }
  return undefined;
}

const maxPointerBytes = 1024;
const pointerStart = "version https://git-lfs.github.com/spec/v1\n";

/** Whether a file only says where Git LFS has its content. */
export function isPointer(content: Buffer | undefined): boolean {
  return (
    content !== undefined &&
    content.length <= maxPointerBytes &&
    content.toString("latin1", 0, pointerStart.length) === pointerStart
  );
}

/** The bytes of a file, the target of a link; a folder has none. */
async function contentOf(
  tree: Tree,
  contextFolder: string,
  { path, kind }: ContextEntry,
): Promise<Buffer | undefined> {
  if (kind === "folder") return undefined;
  const place = joinPath(contextFolder, path);
  const content = await tree.read(place);
  if (content !== undefined) return content;
  throw new BerthError("CONTEXT_INVALID", `pack ${place} of ${tree.label}: it is gone`, {
    hint: "do not change files while berth reads them",
  });
}
