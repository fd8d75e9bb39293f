/** What is carried out, and what that needs of the outside, handed in by the command. */

import type { BaseSettings } from "../dockerfile/recipe.ts";
import type { Material } from "../image/identify.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Plan } from "../plan/plan.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import type { Clock, Env, Files, Log } from "../world.ts";
import type { Engine } from "./engine.ts";

/** What is known before anything is carried out. */
export interface Task {
  /** With all its images, for parents that another job builds. */
  readonly plan: Pick<Plan, "images" | "revision" | "pipeline" | "config">;
  /** Dockerfile, recipe and hashed context of each image that is built. */
  readonly materials: ReadonlyMap<string, Material>;
  /** Manifests that the plan's look brought along. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

export interface Tools {
  readonly task: Task;
  readonly situation: Situation;
  readonly registry: Registry;
  /** Gives the engine when the first build needs it, so that a run without builds needs none. */
  readonly engine: () => Promise<Engine>;
  readonly machine: Machine;
  readonly logins: {
    /** The text of a docker config with the logins for these hosts. */
    readonly authFile: (hosts: readonly string[]) => Promise<string>;
    readonly insecureHosts: readonly string[];
  };
  readonly clock: Clock;
  readonly log: Log;
  /** Facts of a base, asked once for each base and platform. */
  readonly base: (name: string, platform: string) => Promise<BaseFacts>;
  /** Whether nothing was published to the own registry before; asked once. */
  readonly isNew: () => Promise<boolean>;
}

/** What a base image's registry says of it. */
export interface BaseFacts {
  /** As the Dockerfile names it, ARGs expanded. */
  readonly name: string;
  /** The same image for the platform, by digest; `undefined` where its registry could not be asked. */
  readonly pinned: string | undefined;
  readonly digest: string | undefined;
  /** What of it is for the platform: its own digest where it is no index. */
  readonly child: string | undefined;
  /** Instructions that a build from it runs without their being in the Dockerfile. */
  readonly onbuild: readonly string[];
  /** Names of the variables that it sets. */
  readonly env: readonly string[];
  /** What it leaves in force for the instructions of a build from it. */
  readonly leaves: BaseSettings | undefined;
  /** Which it is for, by its index or else by itself. */
  readonly architecture: string | undefined;
  readonly layers: number | undefined;
  /** Why nothing is known. */
  readonly unknown: string | undefined;
}

/** Where engines run. */
export interface Machine {
  readonly files: Files;
  /** The repository's top, absolute. */
  readonly root: string;
  readonly env: Env;
  /** Of engines on it, such as `linux/amd64`. */
  readonly platform: string;
  /** Extracts a context tar that berth made into a new folder; without one the folder stays empty. */
  readonly unpack: (tar: string | undefined, folder: string) => Promise<void>;
}

export function materialOf({ task }: Tools, name: string): Material {
  return task.materials.get(name)!;
}
