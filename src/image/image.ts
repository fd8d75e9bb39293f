/** The images that a project declares. */

/** A build secret: its id is part of the key, its value never is. */
export type Secret =
  | { readonly id: string; readonly env: string }
  | { readonly id: string; readonly file: string };

/** One image that the project declares; paths are below the repository's top, with `/` and no `./`. */
export interface Image {
  readonly name: string;
  readonly dockerfile: string;
  /** The folder of the build context; `""` is the repository's top. */
  readonly context: string;
  /** Build arguments, by name. */
  readonly args: Readonly<Record<string, string>>;
  /** The stage to build; the last one where `undefined`. */
  readonly target: string | undefined;
  /** Such as `linux/amd64`; several, sorted, with commas between them, as engines take them. */
  readonly platform: string;
  readonly secrets: readonly Secret[];
  /** Free text: another epoch is another key. */
  readonly epoch: string | undefined;
  /** May fail without failing the set. */
  readonly optional: boolean;
  /** Its base has ONBUILD instructions, so any file of the context may get into the image. */
  readonly onbuild: boolean;
  /** Sources of ADD that may be fetched although nothing pins their content. */
  readonly allowAdd: readonly string[];
}
