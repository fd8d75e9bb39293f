/** What berth asks of a program that builds images, and which of buildah and docker answers. */
import type { EngineSetting } from "../config/config.ts";
import type { Note, RecipeStage, Traits } from "../dockerfile/recipe.ts";
import { BerthError, expected } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import type { Reference, Repository } from "../oci/reference.ts";
import type { Clock, Env, Files, Run } from "../world.ts";

export interface BuildRequest {
  /** Names the image or member in messages, and the tag of its layer cache. */
  readonly name: string;
  /** The whole Dockerfile text, references to parents and bases already pinned. */
  readonly dockerfile: string;
  /** Where that text stands in the file that a person wrote. */
  readonly source: SourceText;
  readonly traits: Traits;
  /** What buildah, or buildah below a version, reads otherwise than the key means. */
  readonly notes: readonly Note[];
  /** What RUN mounts of the context, below its root, with the file's lines. */
  readonly mounted: readonly { readonly path: string; readonly line: number }[];
  /** A folder that holds exactly the hashed context, modes and times normalised; its name is this context's alone. */
  readonly contextFolder: string;
  /** A private folder (0700) for files of this build; the caller removes it. */
  readonly scratchFolder: string;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly platform: string;
  /** Secrets by id, each already in a private file. */
  readonly secrets: readonly { readonly id: string; readonly file: string }[];
  /** The tag that the engine may push to; it moves, so results are read by digest. */
  readonly destination: Reference;
  /** Where layers of earlier builds may be taken from, nearest first. */
  readonly cacheFrom: readonly Repository[];
  /** Where this build's layers may be kept for later ones. */
  readonly cacheTo: Repository | undefined;
  /** Builds every layer anew, and keeps none where a later build would find it. */
  readonly noCache: boolean;
  /**
   * Layers made before this time are not taken; where every layer is made anew, the time that names them.
   * `undefined` takes layers of any age.
   */
  readonly cacheSince: Date | undefined;
  /** Sets what `RUN --mount=type=cache` keeps apart from that of other builds; only docker shares it otherwise. */
  readonly runCaches?: string;
  /** A containers/docker auth file with the logins that the build needs; mode 0600, in a folder of its own as `config.json`. */
  readonly authFile: string;
  /** Registries that speak plain http or have certificates that nobody checks. */
  readonly insecureHosts: readonly string[];
  /** Takes out of an engine's words what nobody is to read; lines that `onLine` gets are without it. */
  readonly hide: (text: string) => string;
  readonly onLine: (line: string) => void;
}

/** Where the text that an engine gets comes from. */
export interface SourceText {
  /** The Dockerfile, as messages name it. */
  readonly file: string;
  /** For each line of the text its line in the file, from 1. */
  readonly lines: readonly number[];
  /** The stages of the text, with the file's lines of their instructions. */
  readonly stages: readonly Pick<RecipeStage, "name" | "steps">[];
}

/** What an engine needs of the machine that it runs on. */
export interface EngineOptions {
  readonly run: Run;
  readonly files: Pick<Files, "entry" | "read" | "write">;
  readonly clock: Clock;
  readonly env: Env;
  /** The program, found by the engine's own name where not given. */
  readonly command?: string;
  /** The network of RUN instructions, such as `host`; with buildah's chroot isolation it is the host's in any case. */
  readonly network?: string | undefined;
  /**
   * How long a daemon may take to come up; two minutes where one is promised (DOCKER_HOST is set, or CI),
   * else it must be there at once.
   */
  readonly waitMs?: number;
}

/** What of a job's environment changes an image without a word in its key: times, labels of a commit, other bases than those named. */
export const unkeyed: Env = {
  SOURCE_DATE_EPOCH: undefined,
  BUILDX_GIT_LABELS: undefined,
  EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: undefined,
};

/** A program that builds; one contract test serves every implementation. */
export interface Engine {
  readonly name: "buildah" | "docker";
  /** Its version for records and reports; ENGINE_MISSING or ENGINE_UNAVAILABLE where it cannot work. */
  check(): Promise<string>;
  /** Builds, pushes and gives the manifest's digest; BUILD_FAILED where the build fails, REGISTRY_* where the push does. */
  build(request: BuildRequest): Promise<Digest>;
  /** This machine's own images. */
  readonly here: ImagesHere;
}

/** Images that are built for this machine alone: docker or podman run them under their names, and nothing is pushed. */
export interface ImagesHere {
  has(name: Reference): Promise<boolean>;
  /** Builds and names the result after the destination, in place of what had another tag there. */
  build(request: BuildRequest): Promise<void>;
}

/**
 * The engine that the setting names, or for `auto` buildah where it works and else docker; checked, so it can be
 * used at once.
 */
export async function chooseEngine(
  setting: EngineSetting,
  engines: Readonly<Record<Engine["name"], Engine>>,
): Promise<Engine> {
  if (setting !== "auto") {
    await engines[setting].check();
    return engines[setting];
  }
  const buildah = await problemOf(engines.buildah);
  if (buildah === undefined) return engines.buildah;
  const docker = await problemOf(engines.docker);
  if (docker === undefined) return engines.docker;
  if (buildah.code !== "ENGINE_MISSING") throw buildah;
  if (docker.code !== "ENGINE_MISSING") throw docker;
  throw new BerthError(
    "ENGINE_MISSING",
    "look for an engine: neither buildah nor docker is installed",
    { hint: "install one: apt-get install buildah netavark, or apk add buildah" },
  );
}

function problemOf(engine: Engine): Promise<BerthError | undefined> {
  return engine.check().then(
    () => undefined,
    expected((error) => error),
  );
}
