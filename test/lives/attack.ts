/** What somebody with a job's token may try: push a ready-made image, or a record that names one. */
import { BerthError } from "../../src/errors.ts";
import { ownTags } from "../../src/image/key.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { type Annotations, makeImageManifest } from "../../src/oci/manifest.ts";
import { makeRecord, recordBlobs } from "../../src/plan/record.ts";
import { pushImage, type TestImage, testImage } from "../registry/clients.ts";
import type { TestJob } from "../support/gitlab-jobs.ts";
import { registryAs } from "./look.ts";
import type { World } from "./world.ts";

/** An image that nobody but its author may end in, with annotations that claim whatever helps. */
export function poisonWith(annotations: Annotations = {}): TestImage {
  const plain = testImage("poison");
  const { content } = plain.manifest;
  if (content.kind === "index") throw new TypeError("not an image");
  return { ...plain, manifest: makeImageManifest(content.config, content.layers, annotations) };
}

export const poison = poisonWith();
export const poisoned: Digest = poison.manifest.descriptor.digest;

/** Pushes an image, the plain poison where none is given; whether the server took it. */
export function pushPoison(
  world: World,
  job: TestJob,
  path: string,
  tag: string,
  image: TestImage = poison,
): Promise<boolean> {
  const { host } = world.gitlab.registry;
  return taken(() => pushImage(registryAs(world, job), { host, path }, image, tag));
}

/** The annotations of an image that somebody honest has made. */
export async function annotationsAt(
  world: World,
  job: TestJob,
  path: string,
  tag: string,
): Promise<Annotations> {
  const { host } = world.gitlab.registry;
  return (await registryAs(world, job).get({ host, path, tag }))?.content.annotations ?? {};
}

/** Pushes a set record that names the poison for each of these names; whether the server took it. */
export function pushRecord(
  world: World,
  job: TestJob,
  project: string,
  setId: string,
  names: readonly string[],
  tag = ownTags.set(setId),
): Promise<boolean> {
  const registry = registryAs(world, job);
  const repository = { host: world.gitlab.registry.host, path: `${project}/berth` };
  const images = new Map(names.map((name) => [name, { kind: "own" as const, digest: poisoned }]));
  const record = { setId, tag, images, revision: undefined, pipeline: undefined };
  return taken(async () => {
    for (const blob of [recordBlobs.config, recordBlobs.layer])
      await registry.putBlob(repository, blob);
    await registry.put({ ...repository, tag }, makeRecord(record, new Date()));
  });
}

async function taken(push: () => Promise<void>): Promise<boolean> {
  try {
    await push();
    return true;
  } catch (error) {
    if (error instanceof BerthError && error.code === "REGISTRY_DENIED") return false;
    throw error;
  }
}
