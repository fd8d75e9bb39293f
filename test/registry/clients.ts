/** Clients for tests: a clock that takes no time, logins, and images to put. */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { inspect } from "node:util";
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
import type { RegistryLogin } from "../../src/registry/credentials.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { Timers } from "../../src/world.ts";
import {
  type Authority,
  type MemoryRegistry,
  type MemoryRegistryOptions,
  startMemoryRegistry,
} from "../support/memory-registry.ts";
import {
  startTokenService,
  type TokenService,
  type TokenServiceOptions,
  testPassword,
  testUser,
} from "../support/token-service.ts";

export interface FakeClock extends Timers {
  /** Milliseconds of every wait. */
  readonly waits: number[];
  /** Lets time pass. */
  pass(milliseconds: number): void;
  /** Milliseconds of the timers that run, but for those of whole requests, which are never the first to end. */
  timers(): readonly number[];
  /** Ends the first of them; tells whether another was started in its place. */
  end(): boolean;
}

interface Timer {
  readonly milliseconds: number;
  readonly due: number;
  readonly then: () => void;
}

/** A clock whose waits end at once and move it on; its timers end where a test says so. */
export function fakeClock(start = Date.parse("2026-05-01T12:00:00Z")): FakeClock {
  let time = start;
  const waits: number[] = [];
  const pass = (milliseconds: number) => {
    time += milliseconds;
  };
  const timers = new Set<Timer>();
  const short = () =>
    [...timers]
      .filter(({ milliseconds }) => milliseconds < 60_000)
      .sort((one, other) => one.due - other.due);
  return {
    waits,
    pass,
    now: () => new Date(time),
    async sleep(milliseconds) {
      waits.push(milliseconds);
      pass(milliseconds);
    },
    startTimer(milliseconds, then) {
      const timer = { milliseconds, due: time + milliseconds, then };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    timers: () => short().map(({ milliseconds }) => milliseconds),
    end() {
      const running = short();
      const [first] = running;
      assert.ok(first !== undefined);
      time = Math.max(time, first.due);
      timers.delete(first);
      first.then();
      return short().length === running.length;
    },
  };
}

/**
 * Lets time pass for a run whose server holds something for ever, where that is all that has been under way for
 * some turns; so the machine may be as slow as it likes.
 */
export async function endHeld(
  clock: FakeClock,
  isHeld: () => boolean,
  run: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  void run.finally(() => {
    isOver = true;
  });
  for (let turns = 0, again = true; again && !isOver; turns %= 10) {
    await setImmediate();
    turns = isHeld() ? turns + 1 : 0;
    if (turns === 10) again = clock.end();
  }
}

export const goodLogin = { username: testUser, password: testPassword } as const;

export function client(
  login: RegistryLogin | undefined,
  options: Partial<RegistryOptions> = {},
): Registry {
  const clock = fakeClock();
  return openRegistry({
    fetch: httpFetch,
    clock,
    credentials: { forHost: async () => login },
    plainHosts: [],
    ...options,
  });
}

/** A registry with a token service of its own, unless it has another authority. */
export async function startScene(
  options: MemoryRegistryOptions = {},
  tokenOptions: TokenServiceOptions = {},
) {
  const tokens = await startTokenService(tokenOptions);
  const registry = await startMemoryRegistry({ authority: tokens.authority, ...options });
  const { host } = registry;
  return {
    tokens,
    registry,
    hint: { host, realm: tokens.realm, service: tokens.service },
    at: (path: string) => ({ host, path }),
    async stop() {
      await Promise.all([registry.stop(), tokens.stop()]);
    },
  };
}

/** Holds that nothing that is told has a password or token in it, and that no login went to a second server. */
export function assertSilent(
  told: unknown,
  { tokens }: Pick<TokenService, "tokens">,
  elsewhere: MemoryRegistry,
): void {
  const text = inspect(told, { depth: 10, maxArrayLength: null, maxStringLength: null });
  const pair = Buffer.from(`${goodLogin.username}:${testPassword}`).toString("base64");
  for (const secret of [testPassword, pair, ...tokens])
    assert.ok(!text.includes(secret), "a secret is told");
  assert.ok(elsewhere.requests.every(({ headers }) => headers["authorization"] === undefined));
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
export function testImage(seed: string, layerCount = 2, settings?: object): TestImage {
  const facts = { architecture: "amd64", os: "linux", seed, config: settings };
  const config = Buffer.from(JSON.stringify(facts));
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

/** An index of images, each with a platform of Linux, such as `arm/v7`. */
export function testIndex(images: readonly TestImage[], platforms = ["amd64", "arm64"]): Manifest {
  const manifests = images.map(({ manifest }, number) => {
    const [architecture, variant] = platforms[number]?.split("/") ?? [];
    return { ...manifest.descriptor, platform: { os: "linux", architecture, variant } };
  });
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

/** Lays an index over such images, under a tag. */
export function seedIndex(
  registry: MemoryRegistry,
  path: string,
  images: readonly TestImage[],
  { tag, platforms }: { readonly tag: string; readonly platforms?: string[] },
): Manifest {
  for (const image of images) seed(registry, path, image, "child");
  const index = testIndex(images, platforms);
  const { digest, mediaType } = index.descriptor;
  const { manifests, tags } = registry.repositories.get(path)!;
  manifests.set(digest, { type: mediaType, bytes: Buffer.from(index.bytes) });
  tags.set(tag, digest);
  return index;
}

/** How many lines begin with each word, or are of each kind that a line is made. */
export function counted(
  lines: readonly string[],
  kindOf = (line: string): string => line.split(" ")[0] ?? "",
): Readonly<Record<string, number>> {
  const groups = Map.groupBy(lines, kindOf);
  return Object.fromEntries([...groups].map(([kind, all]) => [kind, all.length]));
}
