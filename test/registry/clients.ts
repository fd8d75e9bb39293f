/** Clients for tests: a clock that takes no time, logins, and images to put. */

import { httpFetch } from "../../src/host/fetch.ts";
import { digestOf } from "../../src/oci/digest.ts";
import {
  type Descriptor,
  type Manifest,
  makeImageManifest,
  mediaTypes,
  parseManifest,
} from "../../src/oci/manifest.ts";
import type { Repository } from "../../src/oci/reference.ts";
import { openRegistry, type RegistryOptions } from "../../src/registry/client.ts";
import type { Login } from "../../src/registry/credentials.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { Clock } from "../../src/world.ts";
import type { Authority, MemoryRegistry } from "../support/memory-registry.ts";
import { testPassword, testUser } from "../support/token-service.ts";

export interface FakeClock extends Clock {
  /** Milliseconds of every wait. */
  readonly waits: number[];
  /** Lets time pass. */
  pass(milliseconds: number): void;
}

/** A clock whose waits end at once and move it on. */
export function fakeClock(start = Date.parse("2026-05-01T12:00:00Z")): FakeClock {
  let time = start;
  const waits: number[] = [];
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  return {
    waits,
    pass,
    now: () => new Date(time),
    async sleep(milliseconds) {
      waits.push(milliseconds);
      pass(milliseconds);
    },
  };
}

export const goodLogin = { username: testUser, password: testPassword } as const;

export function client(login: Login | undefined, options: Partial<RegistryOptions> = {}): Registry {
  return openRegistry({
    fetch: httpFetch,
    clock: fakeClock(),
    credentials: { forHost: async () => login },
    plainHosts: [],
    ...options,
  });
}

/** Asks every request for one login. */
export function basicAuthority(login: { username: string; password: string }): Authority {
  const expected = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  return {
    challenge: ({ headers }) =>
      headers["authorization"] === `Basic ${expected}` ? undefined : 'Basic realm="test"',
  };
}

export interface TestImage {
  readonly manifest: Manifest;
  readonly config: Uint8Array;
  readonly layers: readonly Uint8Array[];
}

function descriptor(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** An image of so many small layers; another seed gives other bytes. */
export function testImage(seed: string, layerCount = 2): TestImage {
  const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", seed }));
  const layers = Array.from({ length: layerCount }, (_, number) =>
    Buffer.from(`layer ${number} of ${seed} `.repeat(50)),
  );
  const manifest = makeImageManifest(
    descriptor(mediaTypes.ociConfig, config),
    layers.map((layer) => descriptor(mediaTypes.ociLayerGzip, layer)),
    { "org.example.seed": seed },
  );
  return { manifest, config, layers };
}

/** An index of images, each with a platform. */
export function testIndex(images: readonly TestImage[]): Manifest {
  const manifests = images.map(({ manifest }, number) => ({
    ...manifest.descriptor,
    platform: { os: "linux", architecture: ["amd64", "arm64", "s390x"][number] ?? "riscv64" },
  }));
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  return parseManifest(
    Buffer.from(JSON.stringify(document)),
    mediaTypes.ociIndex,
    "the test index",
  );
}

/** Puts an image with its blobs. */
export async function pushImage(
  registry: Registry,
  repository: Repository,
  image: TestImage,
  tag: string,
): Promise<void> {
  registry.announce("push", [repository]);
  for (const blob of [image.config, ...image.layers]) await registry.putBlob(repository, blob);
  await registry.put({ ...repository, tag }, image.manifest);
}

/** Lays an image into a registry in memory, past its protocol. */
export function seed(
  { blobs, repositories }: MemoryRegistry,
  path: string,
  { manifest, config, layers }: TestImage,
  tag: string,
): void {
  const all = [config, ...layers].map((blob) => [digestOf(blob), Buffer.from(blob)] as const);
  for (const [digest, bytes] of all) blobs.set(digest, bytes);
  const { digest, mediaType } = manifest.descriptor;
  const known = repositories.get(path);
  repositories.set(path, {
    blobs: new Set([...(known?.blobs ?? []), ...all.map(([name]) => name)]),
    manifests: new Map([
      ...(known?.manifests ?? []),
      [digest, { type: mediaType, bytes: Buffer.from(manifest.bytes) }],
    ]),
    tags: new Map([...(known?.tags ?? []), [tag, digest]]),
  });
}

/** Takes all of a list that comes piece by piece. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
