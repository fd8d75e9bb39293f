/** The images of one state of the repository, with all that their keys were made from, ready to be compared. */
import { createHash } from "node:crypto";
import type { Writable } from "node:stream";
import { extract, type Header } from "tar-stream";
import type { State } from "../config/load.ts";
import type { Recipe } from "../dockerfile/recipe.ts";
import { imageOf } from "../image/image.ts";
import type { KeyedImage } from "../image/key.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";

export interface Explained {
  readonly image: KeyedImage;
  readonly recipe: Recipe;
  /** What is in the context, where it was read. */
  readonly files: readonly ContextFile[];
  /** The images of the set that it is built from; the members of one of several platforms. */
  readonly parents: readonly Explained[];
}

/** One member of the canonical context tar. */
export interface ContextFile {
  /** Below the context's folder. */
  readonly path: string;
  /** A folder only where it is empty. */
  readonly kind: "file" | "symlink" | "folder";
  readonly executable: boolean;
  /** Of a file's bytes, or of the text of a link. */
  readonly content: Digest;
}

/** The key of an image in a state; `undefined` where it has no such image. */
export async function keyIn(state: State, name: string): Promise<KeyedImage | undefined> {
  const { images } = await state.identify([name]);
  return images.find((image) => image.name === name);
}

/** Images with all that `explain` compares, by name; reads their contexts and those of their parents. */
export async function explainedIn(
  state: State,
  names: readonly string[],
): Promise<ReadonlyMap<string, Explained>> {
  const wanted = new Set(names.map(imageOf));
  const present = state.images.map(({ name }) => name).filter((name) => wanted.has(name));
  if (present.length === 0) return new Map();
  const { spool, filesOf } = listingSpool();
  const { images, materials } = await state.identify(present, spool);
  const explained = (image: KeyedImage): Explained => {
    const { name } = image;
    const { recipe } = materials.get(name)!;
    const parents = images.filter((other) => image.parents.includes(other.name));
    return { image, recipe, files: filesOf(name), parents: parents.map(explained) };
  };
  const asked = images.filter(({ name }) => names.includes(name));
  return new Map(asked.map((image) => [image.name, explained(image)]));
}

/** A place for contexts that keeps what is in them and none of their bytes. */
function listingSpool() {
  const listed = new Map<string, ContextFile[]>();
  return {
    async spool(name: string) {
      const files: ContextFile[] = [];
      listed.set(name, files);
      const sink = extract();
      sink.on("entry", (header, content, next) => {
        const hash = createHash("sha256").update(header.linkname ?? "");
        content.on("data", (bytes) => hash.update(bytes as Buffer));
        content.on("end", () => {
          files.push(fileOf(header, hash.digest("hex")));
          next();
        });
      });
      // A stream of its own kind, whose type does not say that Node's can be joined to it.
      return { path: "", sink: sink as unknown as Writable };
    },
    filesOf: (name: string) => withoutFilled(listed.get(name) ?? []),
  };
}

function fileOf({ name, type, mode = 0 }: Header, hex: string): ContextFile {
  const kind = type === "directory" ? "folder" : type === "symlink" ? "symlink" : "file";
  return {
    path: name.replace(/\/$/, ""),
    kind,
    executable: kind === "file" && (mode & 0o100) !== 0,
    content: parseDigest(`sha256:${hex}`) as Digest,
  };
}

/** Leaves out folders that are there for the files in them. */
function withoutFilled(files: readonly ContextFile[]): readonly ContextFile[] {
  const filled = new Set(files.map(({ path }) => path.replace(/\/?[^/]*$/, "")));
  return files.filter(({ kind, path }) => kind !== "folder" || !filled.has(path));
}
