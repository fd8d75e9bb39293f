/** What the fault matrix plays its faults into: runs of 12 requests and a little more. */
import type { ErrorCode } from "../../../src/errors.ts";
import { digestOf } from "../../../src/oci/digest.ts";
import type { Reference, Repository } from "../../../src/oci/reference.ts";
import type { Registry } from "../../../src/registry/registry.ts";
import type { MemoryRegistry, SeenRequest } from "../../support/memory-registry.ts";
import { seed, seedIndex, testImage, testIndex } from "../clients.ts";

export type Kind =
  | "head"
  | "get"
  | "get child"
  | "put"
  | "put child"
  | "mount"
  /** One that the registry refuses anyway. */
  | "refused mount"
  | "head blob"
  | "open upload"
  | "get blob"
  | "put blob"
  | "cancel upload"
  | "list"
  | "delete";

export function kindOf({ method, path, query }: SeenRequest): Kind {
  const verb = method.toLowerCase();
  if (path.endsWith("/tags/list")) return "list";
  if (path.includes("/blobs/uploads/")) {
    if (method === "POST") return query.has("mount") ? "mount" : "open upload";
    return method === "DELETE" ? "cancel upload" : "put blob";
  }
  const isChild = path.includes("/manifests/sha256:") && method !== "HEAD";
  return `${verb}${path.includes("/blobs/") ? " blob" : isChild ? " child" : ""}` as Kind;
}

export interface Operation {
  readonly name: string;
  /** Requests of a run in which nothing goes wrong. */
  readonly requests: Partial<Record<Kind, number>>;
  /** How many of them are not sent any more when the so-many-th of a kind fails for good. */
  readonly saved: (kind: Kind, index: number) => number;
  readonly mounts: 201 | 400;
  readonly pageSize?: number;
  /** What the absence of the manifest, tag or list means. */
  readonly absence: "absent" | ErrorCode;
  /** Whether it may be run again with the same outcome. */
  readonly repeats: boolean;
  /** Whether several requests can be under way. */
  readonly isParallel: boolean;
  seed(registry: MemoryRegistry): unknown;
  announce(client: Registry, host: string): void;
  /** What is done, piece by piece; each gives true for all good and false for absent. */
  items(client: Registry, host: string): readonly (() => Promise<boolean>)[];
}

const count = 12;
const image = testImage("matrix");
const pair = [testImage("amd64"), testImage("arm64")];
const index = testIndex(pair);
const { digest } = image.manifest.descriptor;
export const paths = Array.from({ length: count }, (_, number) => `group/image-${number}`);
const at = (host: string, path: string): Repository => ({ host, path });
const one = (host: string, path: string): Reference => ({ ...at(host, path), tag: "one" });

const many = {
  mounts: 201,
  repeats: true,
  isParallel: true,
  saved: () => 0,
  absence: "absent",
  seed: (registry: MemoryRegistry) => {
    for (const path of paths) seed(registry, path, image, "one");
  },
} as const;

function announcing(access: "pull" | "push" | "delete"): Operation["announce"] {
  return (client, host) =>
    client.announce(
      access,
      paths.map((path) => at(host, path)),
    );
}

/** The same for each of the paths. */
function each(
  work: (client: Registry, host: string, path: string) => Promise<boolean>,
): Operation["items"] {
  return (client, host) => paths.map((path) => () => work(client, host, path));
}

const heads: Operation = {
  ...many,
  name: "12 heads",
  requests: { head: count },
  announce: announcing("pull"),
  items: each(
    async (client, host, path) => (await client.head(one(host, path)))?.digest === digest,
  ),
};

const gets: Operation = {
  ...many,
  name: "12 gets",
  requests: { get: count },
  announce: announcing("pull"),
  items: each(
    async (client, host, path) => (await client.get(one(host, path)))?.descriptor.digest === digest,
  ),
};

const retags: Operation = {
  ...many,
  name: "12 retags",
  requests: { get: count, put: count },
  saved: (kind) => (kind === "get" ? 1 : 0),
  absence: "REGISTRY_REFUSED",
  announce: announcing("push"),
  items: each(
    async (client, host, path) =>
      (await client.copy(one(host, path), at(host, path), ["two"])).manifest.descriptor.digest ===
      digest,
  ),
};

const deletes: Operation = {
  ...many,
  name: "12 deletions",
  requests: { delete: count },
  repeats: false,
  announce: announcing("delete"),
  items: each((client, host, path) => client.deleteTag(one(host, path))),
};

/** One copy, so one item. */
function copying(expected: string): Pick<Operation, "announce" | "items"> {
  return {
    announce: (client, host) => {
      client.announce("pull", [at(host, "group/source")]);
      client.announce("push", [at(host, "group/target")]);
    },
    items: (client, host) => [
      async () => {
        const to = at(host, "group/target");
        const { manifest } = await client.copy(one(host, "group/source"), to, ["one"]);
        return manifest.descriptor.digest === expected;
      },
    ],
  };
}

const mounts: Operation = {
  ...many,
  ...copying(index.descriptor.digest),
  name: "a copy of an index by mounts",
  requests: { get: 1, "get child": 2, mount: 6, "put child": 2, put: 1 },
  saved: (kind) => ({ get: 11, "get child": 5, mount: 2, "put child": 1 })[kind as string] ?? 0,
  absence: "REGISTRY_REFUSED",
  seed: (registry) => seedIndex(registry, "group/source", pair, { tag: "one" }),
};

const streams: Operation = {
  ...many,
  ...copying(digest),
  name: "a copy by streams",
  mounts: 400,
  requests: {
    get: 1,
    "refused mount": 3,
    "head blob": 3,
    "open upload": 3,
    "get blob": 3,
    "put blob": 3,
    put: 1,
  },
  // Where the bytes fail, the upload is given back, which is a request more.
  saved: (kind) =>
    ({ get: 16, "refused mount": 5, "head blob": 4, "open upload": 3, "get blob": 1 })[
      kind as string
    ] ?? 0,
  absence: "REGISTRY_REFUSED",
  seed: (registry) => seed(registry, "group/source", image, "one"),
};

const lists: Operation = {
  ...many,
  name: "12 pages of tags",
  pageSize: 1,
  requests: { list: count },
  saved: (_, position) => count - 1 - position,
  isParallel: false,
  seed: (registry) => {
    for (const path of paths) seed(registry, "group/image", image, path.replace("/", "-"));
  },
  announce: (client, host) => client.announce("pull", [at(host, "group/image")]),
  items: (client, host) => [
    async () =>
      (await Array.fromAsync(client.tags(at(host, "group/image")))).flat().length === count,
  ],
};

export const operations: readonly Operation[] = [
  heads,
  gets,
  retags,
  deletes,
  mounts,
  streams,
  lists,
];

/** What is wrong in a registry after a run: tags and manifests that point at nothing. */
export function halfWritten({ repositories, blobs }: MemoryRegistry): readonly string[] {
  return [...repositories].flatMap(([path, stored]) => {
    const wrong = (what: string) => `${path}: ${what}`;
    const lostTags = [...stored.tags].filter(([, name]) => !stored.manifests.has(name));
    const lost = [...stored.manifests].flatMap(([name, { bytes }]) => {
      const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString());
      const needed: { digest: string }[] = [...(config === undefined ? [] : [config]), ...layers];
      const isWhole =
        digestOf(bytes) === name &&
        needed.every((blob) => stored.blobs.has(blob.digest)) &&
        manifests.every((child: { digest: string }) => stored.manifests.has(child.digest));
      return isWhole ? [] : [wrong(`manifest ${name}`)];
    });
    const bad = [...stored.blobs].filter((name) => digestOf(blobs.get(name) ?? "") !== name);
    return [...lostTags.map(([tag]) => wrong(`tag ${tag}`)), ...lost, ...bad.map(wrong)];
  });
}
