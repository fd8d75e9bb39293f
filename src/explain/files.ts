/** The files of two build contexts, compared. */
import { comparePaths, joinPath } from "../context/paths.ts";
import { sourceMatcher } from "../context/source.ts";
import type { KeyDifference, Reach } from "./difference.ts";
import { stepAt } from "./patch.ts";
import type { ContextFile, Explained } from "./state.ts";

/** Compares two contexts file by file. */
export function fileDifferences(before: Explained, after: Explained): readonly KeyDifference[] {
  const old = new Map(before.files.map((file) => [file.path, file]));
  const now = new Map(after.files.map((file) => [file.path, file]));
  const paths = [...new Set([...old.keys(), ...now.keys()])].sort(comparePaths);
  return paths.flatMap((path): KeyDifference[] => {
    const change = changeOf(old.get(path), now.get(path));
    if (change === undefined) return [];
    const side = change === "removed" ? before : after;
    return [
      {
        kind: "file",
        change,
        path: joinPath(side.image.context, path),
        executable: (now.get(path) ?? old.get(path))?.executable ?? false,
        reachedBy: reachOf(path, side),
      },
    ];
  });
}

function changeOf(old: ContextFile | undefined, now: ContextFile | undefined) {
  if (old === undefined) return "added";
  if (now === undefined) return "removed";
  if (old.kind !== now.kind) return "type";
  if (old.content !== now.content) return "content";
  return old.executable === now.executable ? undefined : "mode";
}

function reachOf(path: string, { image, recipe }: Explained): Reach | null {
  const found = recipe.sources.find((one) => sourceMatcher(one)(path));
  // A source has the line of its own word, which may stand below the keyword's.
  const step = found && stepAt(recipe, found.line);
  if (step === undefined) return null;
  return { file: image.dockerfile, line: step.line, keyword: step.keyword.toUpperCase() };
}
