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
  readonly trust: TrustSettings;
  readonly merge: MergeSettings;
  /** `undefined` where `refresh: false`: an image is built again only when its key changes or a user asks. */
  readonly refresh: RefreshSettings | undefined;
  readonly prune: PruneSettings;
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

/** Whose images protected pipelines believe. */
export interface TrustSettings {
  /** Are pipelines of unprotected branches of the project itself trusted? Only its members push there. */
  readonly unprotected: boolean;
}

/** How images that a merge request brings along are looked at when it is merged. */
export interface MergeSettings {
  /** Users whose pipelines are merges, such as a merge bot. */
  readonly bots: readonly string[];
  /** Are merged results merges? GitLab makes such a pipeline at each push to a merge request. */
  readonly mergedResults: boolean;
}

/** When an image of an unchanged key is built again. */
export interface RefreshSettings {
  /** Days after which an image is too old; `undefined`: never. */
  readonly maxAge: number | undefined;
  /** Build again when the base image's tag points at another digest. */
  readonly followBases: boolean;
  readonly in: "schedules" | "protected";
}

/** What `berth prune` keeps. */
export interface PruneSettings {
  /** Globs as in `publish`, `!` before one takes branches out again; `undefined`: the usual ones of the role. */
  readonly branches: readonly string[] | undefined;
  readonly mergeRequests: boolean;
  /** Commits of so many days count beside the head of a kept branch. */
  readonly days: number;
  /** Days since tagging before which nothing is deleted. */
  readonly age: number;
  /** The same for one kind of tag. */
  readonly ages: Readonly<Partial<Record<AgedKind, number>>>;
  /** Whether promoted tags of branches that are gone stay; `undefined`: they do, but not in a fork. */
  readonly promoted: "keep" | "branches" | undefined;
  /** Days after which tags of other versions of the key go; `undefined`: never. */
  readonly otherVersions: number | undefined;
  /** Days by glob, for tags that berth did not make. */
  readonly unknown: Readonly<Record<string, number>>;
}

export const agedKinds = ["key", "try", "set", "pipeline", "cache", "promoted"] as const;

export type AgedKind = (typeof agedKinds)[number];

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

/** What holds where a project does not say `refresh: false`. */
export const usualRefresh = {
  maxAge: 7,
  followBases: true,
  in: "schedules",
} as const satisfies RefreshSettings;

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
  trust: { unprotected: true },
  merge: { bots: [], mergedResults: false },
  refresh: usualRefresh,
  prune: {
    branches: undefined,
    mergeRequests: true,
    days: 7,
    age: 7,
    ages: {},
    promoted: undefined,
    otherVersions: undefined,
    unknown: {},
  },
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
