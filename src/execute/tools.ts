/** What carrying out a plan needs of the outside, handed in by the command. */
import type { Engine } from "../engine/engine.ts";
import type { Material } from "../image/identify.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { Situation } from "../plan/situation.ts";
import type { Registry } from "../registry/registry.ts";
import type { Clock, Files, Log } from "../world.ts";
import type { BaseFacts } from "./bases.ts";

export interface Tools {
  readonly registry: Registry;
  /** Gives the engine when the first build needs it, so that a run without builds needs none. */
  readonly engine: () => Promise<Engine>;
  readonly files: Files;
  /** The repository's top, absolute. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly situation: Situation;
  readonly revision: string | null;
  /** All images of the plan, for parents that another job builds. */
  readonly planned: readonly PlannedImage[];
  /** Dockerfile, recipe and hashed context of an image. */
  readonly material: (name: string) => Material;
  /** Extracts a context tar that berth made into a new folder; without one the folder stays empty. */
  readonly unpack: (tar: string | undefined, folder: string) => Promise<void>;
  /** The text of a docker config with the logins for these hosts. */
  readonly authFile: (hosts: readonly string[]) => Promise<string>;
  readonly insecureHosts: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Facts of a base, asked once for each base and platform. */
  readonly base: (name: string, platform: string) => Promise<BaseFacts>;
  /** Whether nothing was published to the own registry before; asked once. */
  readonly isNew: () => Promise<boolean>;
  /** Keeps a manifest for the publishing that follows in the same run. */
  readonly keep: (name: string, manifest: Manifest) => void;
  /** A manifest that the plan's look brought along. */
  readonly inHand?: (name: string) => Manifest | undefined;
}
