/** Files of the work tree that git calls unchanged although a checkout of today would write other bytes. */
import { join } from "node:path";
import { BerthError } from "../errors.ts";
import type { AttributesFile, Git } from "../world.ts";
import { realFiles } from "./files.ts";

/** Refuses a file as TREE_DIRTY, by what a checkout writes for a blob and a path below these attributes. */
export type RefuseStale = (
  blob: string,
  path: string,
  attributes: readonly AttributesFile[],
  bytes: Buffer,
) => Promise<void>;

/**
 * Makes the test. Such files come of attributes or settings that changed after the checkout, or of an editor's CRLF that
 * a commit takes away: a key of the work tree then differs from that of the very commit.
 */
export function staleTest({ root, run }: Pick<Git, "root" | "run">): RefuseStale {
  const files = realFiles();
  let index: Promise<ReadonlyMap<string, string>> | undefined;
  return async (blob, path, attributes, bytes) => {
    index ??= run(["ls-files", "-s", "-z"]).then(readIndex);
    const ids = await index;
    const above = [...path.matchAll(/\//g)].map(({ index: at }) => path.slice(0, at + 1));
    const own = ["", ...above].flatMap((folder) => ids.get(`${folder}.gitattributes`) ?? []);
    // A revision of other attributes says nothing of the work tree.
    const isOther = attributes.map(({ id }) => id).join() !== own.join();
    if (isOther || ids.get(path) !== blob) return;
    const place = join(root, path);
    if ((await files.entry(place))?.kind !== "file") return;
    if ((await files.read(place))?.equals(bytes) !== false) return;
    const stored = await run(["hash-object", "--", path]);
    if (stored.toString().trim() !== blob) return;
    throw new BerthError(
      "TREE_DIRTY",
      `read ${path} of a revision: the work tree has it otherwise`,
      {
        hint: `git calls it unchanged, but a checkout converts it (.gitattributes, core.autocrlf): rm ${path}; git checkout ${path}`,
      },
    );
  };
}

/** `mode id stage<TAB>path` for each. */
function readIndex(output: Buffer): ReadonlyMap<string, string> {
  const records = output.toString().split("\0");
  return new Map(
    records.map((record) => {
      const tab = record.indexOf("\t");
      return [record.slice(tab + 1), record.slice(7, tab - 2)];
    }),
  );
}
