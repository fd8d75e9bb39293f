/** Whole runs, from Dockerfiles and files to images in a registry, built by a real engine. */
import assert from "node:assert/strict";
import type { Image } from "../../src/image/image.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { client } from "../registry/clients.ts";
import { type FileTree, imageConfig, imageLayers, imageTree } from "../support/filetree.ts";
import { type Flow, run } from "../support/flow.ts";
import { config, jobEnv } from "../support/keyed.ts";
import type { MemoryFile } from "../support/tree.ts";
import type { Workshop } from "./workshop.ts";

export interface Project {
  /** `namespace/name`, which is also its place in the workshop's registry. */
  readonly path: string;
  readonly dockerfiles: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, MemoryFile>>;
  readonly change?: (image: Image) => Image;
  /** Variables of the job. */
  readonly env?: Readonly<Record<string, string>>;
  readonly upstream?: string;
}

/** Plans, builds and publishes a project; every image has to come to be. */
export async function made(workshop: Workshop, project: Project): Promise<Flow> {
  const flow = await tried(workshop, project);
  const failed = flow.outcomes.filter(({ digest }) => digest === null);
  assert.deepEqual(
    failed.map(({ name, error }) => `${name}: ${error?.message}`),
    [],
  );
  return flow;
}

/** The same of images that need not come to be. */
export async function tried(
  workshop: Workshop,
  { path, dockerfiles, files = {}, change = (image) => image, env = {}, upstream }: Project,
): Promise<Flow> {
  const host = workshop.host();
  const all = config({ upstream, reference: "tag" });
  const job = {
    ...jobEnv(path, env),
    CI_REGISTRY: host,
    CI_REGISTRY_IMAGE: `${host}/${path}`,
    ...env,
  };
  return run({
    registry: client(undefined),
    situation: situationOf(job, all, undefined),
    config: all,
    dockerfiles,
    context: files,
    change,
    engine: workshop.subject().engine,
    now: new Date(),
  });
}

export interface Made {
  readonly tree: FileTree;
  readonly config: unknown;
}

/** What an image of a flow is: its files, and how it runs. */
export async function contentOf(workshop: Workshop, flow: Flow, name: string): Promise<Made> {
  const { repository, digest } = placeOf(workshop, flow, name);
  const [tree, { config: settings }] = await Promise.all([
    imageTree(workshop.host(), repository, digest),
    imageConfig(workshop.host(), repository, digest),
  ]);
  return { tree, config: settings };
}

/** The uncompressed layers of an image of a flow. */
export function layersOf(workshop: Workshop, flow: Flow, name: string) {
  const { repository, digest } = placeOf(workshop, flow, name);
  return imageLayers(workshop.host(), repository, digest);
}

function placeOf(workshop: Workshop, { outcomes }: Flow, name: string) {
  const { reference } = outcomes.find((outcome) => outcome.name === name) ?? {};
  const [repository = "", digest = ""] = (reference ?? "").split("@");
  return { repository: repository.slice(workshop.host().length + 1), digest: digest as Digest };
}
