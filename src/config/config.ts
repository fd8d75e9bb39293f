/** What a project says in `berth.yml`, checked and with defaults filled in; loads neither YAML nor a schema. */
import type { Secret } from "../image/image.ts";

/** The settings of a project; frozen through and through. */
export interface Config {
  /** The file as messages name it; `undefined` where there is none. */
  readonly file: string | undefined;
  /** Begins the names of all CI variables, such as `QEMU_CI`. */
  readonly prefix: string;
  /** A GitLab namespace or project path, or `host/path` of a registry base. */
  readonly upstream: string | undefined;
  /** The registry base of this project outside GitLab CI, `host/path`. */
  readonly registry: string | undefined;
  /** An image's repository below the registry base; holds `{name}` once. */
  readonly repository: string;
  /** How a FROM names another image of the set; holds `{name}` once. */
  readonly parents: string | undefined;
  readonly reference: "each" | "set" | "classic";
  readonly engine: "auto" | "buildah" | "docker";
  readonly publish: readonly PublishRule[];
  /** By `host` or `host:port`. */
  readonly registries: Readonly<Record<string, RegistryRule>>;
  readonly dotenv: DotenvLimits;
  /** Builds at once in one process. */
  readonly parallel: number;
  readonly images: ImagesSetting;
}

/** Which branch moves which tag; see `promotedTags`. */
export interface PublishRule {
  /** A name, a glob with `*`, or `{default}` for the project's default branch. */
  readonly branch: string;
  /** A tag; `{slug}` in it stands for the branch as CI_COMMIT_REF_SLUG spells it. */
  readonly tag: string;
}

export interface RegistryRule {
  /** Plain http and certificates that nobody checks are allowed. */
  readonly insecure: boolean;
}

/** GitLab's limits for one dotenv report. */
export interface DotenvLimits {
  readonly maxVariables: number;
  readonly maxBytes: number;
}

/** The images as the file declares them; `declareImages` finds the files. */
export interface ImagesSetting {
  /** `undefined` where the file has no `images`: every Dockerfile of the repository is one. */
  readonly entries: readonly ImageEntry[] | undefined;
  readonly exclude: readonly string[];
  /** What holds for images that a glob or discovery finds. */
  readonly defaults: ImageOptions;
}

export type ImageEntry =
  | { readonly kind: "glob"; readonly glob: string; readonly place: Place }
  | {
      readonly kind: "image";
      /** Made from the path of the Dockerfile where `undefined`. */
      readonly name: string | undefined;
      readonly dockerfile: string;
      /** Defaults of the file merged in. */
      readonly options: ImageOptions;
      readonly places: ImagePlaces;
    };

/** Where each thing about an image is said, or the image itself where it is not. */
export interface ImagePlaces {
  readonly name: Place;
  readonly dockerfile: Place;
  readonly context: Place;
}

/** What can be said of an image besides its name and Dockerfile. */
export interface ImageOptions {
  /** `undefined`: the Dockerfile's folder if it is a plain `Dockerfile`, else the repository's top. */
  readonly context: string | undefined;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly platform: string;
  readonly secrets: readonly Secret[];
  readonly epoch: string | undefined;
  readonly optional: boolean;
  readonly onbuild: boolean;
  readonly allowAdd: readonly string[];
}

/** Where in the configuration something is said; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What holds where nothing is said. */
export const defaultConfig: Config = freeze({
  file: undefined,
  prefix: "BERTH",
  upstream: undefined,
  registry: undefined,
  repository: "{name}",
  parents: undefined,
  reference: "each",
  engine: "auto",
  publish: [{ branch: "{default}", tag: "latest" }],
  registries: {},
  dotenv: { maxVariables: 50, maxBytes: 5120 },
  parallel: 2,
  images: {
    entries: undefined,
    exclude: [],
    defaults: {
      context: undefined,
      args: {},
      target: undefined,
      platform: "linux/amd64",
      secrets: [],
      epoch: undefined,
      optional: false,
      onbuild: false,
      allowAdd: [],
    },
  },
});

/** Freezes a value with all that it holds. */
export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
