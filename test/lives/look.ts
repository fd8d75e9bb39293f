/** What happened in the registry: which repository received which tags and bytes, and what a job can pull. */

import assert from "node:assert/strict";
import { httpFetch } from "../../src/host/fetch.ts";
import { realClock } from "../../src/host/world.ts";
import { type Digest, parseDigest } from "../../src/oci/digest.ts";
import { parseReference, parseRepository } from "../../src/oci/reference.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { openRegistry } from "../../src/registry/client.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { TestJob } from "../support/gitlab-jobs.ts";
import type { Actor } from "./actor.ts";
import type { World } from "./world.ts";

/** A client with a job's own token, as a runner that pulls an image has it, or an attacker's script. */
export function registryAs({ gitlab }: World, { token }: Pick<TestJob, "token">): Registry {
  const { host } = gitlab.registry;
  return openRegistry({
    fetch: httpFetch,
    clock: realClock().clock,
    credentials: { forHost: async () => ({ username: "gitlab-ci-token", password: token }) },
    plainHosts: [],
    tokenHints: [{ host, realm: `${gitlab.url}/jwt/auth`, service: "container_registry" }],
  });
}

/** Pulls an image as a runner does, less the bytes of its layers, and gives its digest. */
export async function pullAs(world: World, job: TestJob, image: string): Promise<string> {
  const registry = registryAs(world, job);
  const reference = parseReference(image);
  const manifest = await registry.get(reference);
  if (manifest === undefined) return `nothing at ${image}`;
  const { content } = manifest;
  assert.notEqual(content.kind, "index");
  if (content.kind !== "index") {
    for (const { digest } of [content.config, ...content.layers])
      assert.ok(
        await registry.hasBlob(parseRepository(`${reference.host}/${reference.path}`), digest),
      );
  }
  return manifest.descriptor.digest;
}

/** The digest of a tag by the registry's own index; `repository` is a path such as `acme/tools/qemu/base`. */
export function tagged(
  { gitlab }: Pick<World, "gitlab">,
  repository: string,
  tag: string,
): Digest | undefined {
  return parseDigest(gitlab.registry.tags.get(repository)?.get(tag)?.digest ?? "");
}

/** The registry at one moment. */
export interface Moment {
  readonly tags: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly requests: number;
  readonly pushed: ReadonlyMap<string, number>;
}

export function momentOf({ gitlab: { registry } }: World): Moment {
  const tags = [...registry.tags].map(([path, all]) => {
    const digests = [...all].map(([tag, { digest }]) => [tag, digest] as const);
    return [path, new Map(digests)] as const;
  });
  const pushed = [...registry.tags.keys()].map(
    (path) => [path, registry.moved(path).pushed] as const,
  );
  return { tags: new Map(tags), requests: registry.log.length, pushed: new Map(pushed) };
}

/** Tags that came to be or moved, in words: `acme/tools/qemu/base: built cache key layers set`. */
export function tagsWritten(
  world: World,
  since: Moment,
  plan: Pick<Plan, "images" | "set" | "pipeline">,
): readonly string[] {
  return [...world.gitlab.registry.tags]
    .flatMap(([path, tags]) => {
      const before = since.tags.get(path);
      const written = [...tags]
        .filter(([tag, { digest }]) => before?.get(tag) !== digest)
        .map(([tag]) => wordFor(tag, path, plan));
      return written.length === 0 ? [] : [`${path}: ${[...new Set(written)].sort().join(" ")}`];
    })
    .sort();
}

/** A tag with what is this plan's own in it left out; another key's stays as it is. */
function wordFor(
  tag: string,
  path: string,
  plan: Pick<Plan, "images" | "set" | "pipeline">,
): string {
  const image = plan.images.find(({ name }) => path.endsWith(`/${name}`));
  return tag
    .replace(/^[0-9a-f]{64}$/, "layers")
    .replace(`-${image?.key}`, "")
    .replace(`-${plan.set.id}`, "")
    .replace(`-r${plan.pipeline}`, "-fresh")
    .replace(/-old-[0-9]+$/, "-old")
    .replace(/^(key|set|cache|built)[0-9]+/, "$1");
}

/** Repositories that received bytes of blobs, not counting those that were mounted. */
export function uploadsSince({ gitlab }: World, { requests }: Moment): readonly string[] {
  const paths = gitlab.registry.log
    .slice(requests)
    .flatMap((line) => /^(?:PATCH|PUT) \/v2\/(.+)\/blobs\/uploads\//.exec(line)?.[1] ?? []);
  return [...new Set(paths)].sort();
}

/** Repositories whose blobs somebody fetched. */
export function downloadsSince({ gitlab }: World, { requests }: Moment): readonly string[] {
  const paths = gitlab.registry.log
    .slice(requests)
    .flatMap((line) => /^GET \/v2\/(.+)\/blobs\/sha256:/.exec(line)?.[1] ?? []);
  return [...new Set(paths)].sort();
}

/** Bytes that a project received since, manifests among them. */
export function pushedSince({ gitlab }: World, { pushed }: Moment, project: string): number {
  const paths = [...gitlab.registry.tags.keys()].filter((path) => path.startsWith(`${project}/`));
  return paths.reduce((sum, path) => {
    return sum + gitlab.registry.moved(path).pushed - (pushed.get(path) ?? 0);
  }, 0);
}

/** The size of every manifest that a project's tags name, counted once for each tag. */
export async function manifestBytes(
  world: World,
  { project }: Pick<Actor, "project">,
): Promise<number> {
  const registry = registryAs(world, world.gitlab.job(project));
  const { host, tags } = world.gitlab.registry;
  const own = [...tags].filter(([path]) => path.startsWith(`${project.path}/`));
  const sizes = own.flatMap(([path, all]) =>
    [...all.keys()].map(async (tag) => (await registry.head({ host, path, tag }))?.size ?? 0),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
