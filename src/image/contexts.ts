/** The build context of an image: which files its recipe reaches, and the canonical tar of them. */
import type { Writable } from "node:stream";
import { absentContents, type ContextDescription, describeContext } from "../context/context.ts";
import { folderOf, joinPath } from "../context/paths.ts";
import type { ContextSource } from "../context/source.ts";
import { packContext } from "../context/tar.ts";
import { holds, type Tree } from "../context/tree.ts";
import type { Problem } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { Image } from "./image.ts";
import type { ReadImage } from "./recipes.ts";

/** Opens a place for a context's bytes, named after its image. */
export type Spool = (name: string) => Promise<{ readonly path: string; readonly sink: Writable }>;

export interface ImageContext {
  /** Of the canonical tar; `null` where the recipe reaches no file. */
  readonly digest: Digest | null;
  readonly tar: string | undefined;
  /** Files in it, below the repository's top. */
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly warnings: readonly Problem[];
}

/** Reads and hashes the context of an image; costs nothing where the recipe reaches no file. */
export async function readContext(
  image: ReadImage,
  tree: Tree,
  spool: Spool | undefined,
): Promise<ImageContext> {
  const { declared, recipe, onbuild } = image;
  const sources = onbuild ? [{ kind: "everything", line: 1 } as const] : recipe.sources;
  if (sources.length === 0)
    return { digest: null, tar: undefined, files: [], folders: [], warnings: [] };
  const { dockerfile, context } = declared;
  const described = await describeContext(tree, { dockerfile, context, sources });
  const kept = await spool?.(image.name);
  const packed = await packContext(tree, context, described.entries, kept?.sink);
  if (packed.pointers.length > 0) throw absentContents(tree, dockerfile, packed.pointers);
  const files = described.entries.map(({ path }) => path);
  return {
    digest: packed.digest,
    tar: kept?.path,
    files: described.ignoreFile === undefined ? files : [described.ignoreFile, ...files],
    folders: sources.map((source) => joinPath(context, staticPart(source))),
    warnings: [
      ...(await Promise.all(
        described.missing.map((source) => missingSource(source, declared, tree, described)),
      )),
      ...emptySubmodules(described.emptied, dockerfile),
    ],
  };
}

/** The part of a source before its first wildcard: a folder or a file. */
function staticPart(source: ContextSource): string {
  if (source.kind === "everything") return "";
  return source.wildcards ? folderOf(source.pattern.replace(/[*?[\\].*/s, "")) : source.pattern;
}

async function missingSource(
  source: ContextSource,
  { dockerfile: file, context }: Image,
  tree: Tree,
  { ignoreFile }: ContextDescription,
): Promise<Problem> {
  const path = source.kind === "path" ? source.pattern : "";
  const where = context === "" ? "the repository's top" : context;
  const there = joinPath(context, path);
  const why = (await holds(tree, there))
    ? `: ${ignoreFile} leaves it out`
    : await whereElse(path, there, folderOf(file), tree);
  const message = `${JSON.stringify(path)} is not in the context (${where})${why}; the build will fail`;
  return { file, line: source.line, column: 1, message };
}

/** Why a path that the tree lacks may be at hand all the same. */
async function whereElse(path: string, there: string, beside: string, tree: Tree): Promise<string> {
  const rule = await tree.ruledOut?.(there);
  if (rule !== undefined) return `: git ignores it by ${rule}, so CI does not have it`;
  return (await holds(tree, joinPath(beside, path)))
    ? `, but beside the Dockerfile: \`context: ${beside === "" ? "." : beside}\``
    : "";
}

function emptySubmodules(paths: readonly string[], file: string): readonly Problem[] {
  if (paths.length === 0) return [];
  const names = `${paths.slice(0, 3).join(", ")}${paths.length > 3 ? ", …" : ""}`;
  const message =
    `the whole context is copied with ${paths.length} submodules as empty folders, since they are not checked out (${names}); ` +
    "name them in .dockerignore to have one key with and without them";
  return [{ file, line: 1, column: 1, message }];
}
