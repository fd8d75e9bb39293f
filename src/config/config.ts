/** What a project says in `berth.yml`, checked and with defaults filled in; loads neither YAML nor a schema. */
import type { Problem } from "../errors.ts";
import type { Image } from "../image/image.ts";
import type { DeepReadonly } from "../json.ts";
import { defaults, imageDefaults } from "./defaults.ts";
import type { Settings } from "./schema.ts";

/** The settings of a project; the schema says what each means. */
export interface Config extends DeepReadonly<Omit<Settings, "images" | "defaults" | "exclude">> {
  /** The file as messages name it; `undefined` where there is none. */
  readonly file: string | undefined;
  readonly images: ImagesSetting;
  /** What a person should know of how it was read. */
  readonly warnings: readonly string[];
}

export type EngineSetting = Config["engine"];
export type MergeSettings = Config["merge"];
export type RefreshSettings = NonNullable<Config["refresh"]>;
export type PruneSettings = Config["prune"];
/** A kind of tag whose age can be limited on its own. */
export type AgedKind = keyof PruneSettings["ages"];

/** The images as the file declares them; `declareImages` finds the files. */
export interface ImagesSetting {
  /** `undefined` where the file has no `images`: every Dockerfile of the repository is one. */
  readonly entries: readonly ImageEntry[] | undefined;
  readonly exclude: readonly Excluded[];
  /** What holds for images that a glob or discovery finds. */
  readonly defaults: ImageOptions;
}

export type ImageEntry =
  | { readonly kind: "glob"; readonly glob: string; readonly place: ConfigPlace }
  | {
      readonly kind: "image";
      /** Made from the path of the Dockerfile where `undefined`. */
      readonly name: string | undefined;
      readonly dockerfile: string;
      /** Defaults of the file merged in. */
      readonly options: ImageOptions;
      readonly places: ImagePlaces;
    };

/** A name of an image, or a path or glob of Dockerfiles. */
export interface Excluded {
  readonly glob: string;
  readonly place: ConfigPlace;
}

/** Where each thing about an image is said, or the image itself where it is not. */
export interface ImagePlaces {
  readonly name: ConfigPlace;
  readonly dockerfile: ConfigPlace;
  readonly context: ConfigPlace;
}

/** What can be said of an image besides its name and Dockerfile. */
export interface ImageOptions extends Omit<Image, "name" | "dockerfile" | "context"> {
  /** `undefined`: the Dockerfile's folder if it is a plain `Dockerfile`, else the repository's top. */
  readonly context: string | undefined;
}

/** Where something is said. */
export type ConfigPlace = Omit<Problem, "message">;

/** What holds where nothing is said. */
export const defaultConfig: Config = {
  ...defaults,
  file: undefined,
  images: { entries: undefined, exclude: [], defaults: imageDefaults },
  warnings: [],
};

/** Each may also stand in the file; the input wins, since the templates were told it. */
export interface Given {
  readonly prefix?: string;
  readonly upstream?: string;
  readonly reference?: string;
  readonly engine?: string;
}

/** The variables, by the key of the configuration that they stand for. No rule of a pipeline reads one. */
export const givenVariables = {
  prefix: "BERTH_INPUT_PREFIX",
  upstream: "BERTH_INPUT_UPSTREAM",
  reference: "BERTH_INPUT_REFERENCE",
  engine: "BERTH_INPUT_ENGINE",
} as const;

/** Reads them from the environment; an empty variable is as good as none, as in all of GitLab CI. */
export function givenSettings(env: Readonly<Record<string, string | undefined>>): Given {
  const entries = Object.entries(givenVariables).map(([key, name]) => [key, env[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value !== ""));
}
