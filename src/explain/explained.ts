/** An image with all that its key was made from, so that two of them can be compared. */
import type { Recipe } from "../dockerfile/recipe.ts";
import type { KeyedImage } from "../image/key.ts";
import type { Digest } from "../oci/digest.ts";

export interface Explained {
  readonly image: KeyedImage;
  /** The Dockerfile's text, for the lines that people know. */
  readonly text: string;
  readonly recipe: Recipe;
  /** What is in the context, where it was read. */
  readonly files: readonly ContextFile[];
  /** The images of the set that it is built from. */
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
