/** A registry in memory with GitLab's kind of token service, as a process of its own; ordered about by messages. */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { digestOf } from "../src/oci/digest.ts";
import { makeImageManifest, mediaTypes } from "../src/oci/manifest.ts";
import { seed, type TestImage, testImage } from "../test/registry/clients.ts";
import {
  type Fault,
  type SeenRequest,
  startMemoryRegistry,
} from "../test/support/memory-registry.ts";
import { startTokenService } from "../test/support/token-service.ts";
import type { Order, Reply, SeedImage } from "./registry.ts";

const latencyMs = Number(process.argv[2] ?? 0);
const tokens = await startTokenService({ latencyMs });
const registry = await startMemoryRegistry({
  latencyMs,
  authority: tokens.authority,
  fault: inPieces,
});
const pieces = new Map<string, Buffer>();

/** skopeo sends a blob by PATCH and ends with an empty PUT, which the registry in memory does not know. */
function inPieces({ method, path, query, body }: SeenRequest): Fault | undefined {
  const repository = /^\/v2\/(.+)\/blobs\/uploads\//.exec(path)?.[1] ?? "";
  if (method === "PATCH") {
    pieces.set(path, body);
    return { kind: "answer", answer: () => ({ status: 202, headers: { location: path } }) };
  }
  const whole = method === "PUT" ? pieces.get(path) : undefined;
  const digest = query.get("digest") ?? "";
  if (whole === undefined) return undefined;
  pieces.delete(path);
  registry.blobs.set(digest, whole);
  const stored = registry.repositories.get(repository);
  const blobs = new Set([...(stored?.blobs ?? []), digest]);
  const empty = { manifests: new Map(), tags: new Map() };
  registry.repositories.set(repository, { ...empty, ...stored, blobs });
  const headers = { location: path, "docker-content-digest": digest };
  return { kind: "answer", answer: () => ({ status: 201, headers }) };
}

/** An image whose layers are what they are called, so that skopeo has no reason to compress them. */
function seedImage({ path, layers, layerBytes }: SeedImage): TestImage {
  const { config } = testImage(path, 0);
  const zipped = Array.from({ length: layers }, (_, number) =>
    gzipSync(layerBytes > 0 ? randomBytes(layerBytes) : `${path} ${number}`, { level: 0 }),
  );
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = makeImageManifest(
    describe(mediaTypes.ociConfig, config),
    zipped.map((layer) => describe(mediaTypes.ociLayerGzip, layer)),
    {},
  );
  return { manifest, config, layers: zipped };
}

function carryOut(order: Order): Reply {
  switch (order.kind) {
    case "seed":
      for (const image of order.images) {
        seed(registry, image.path, seedImage(image), image.tag);
      }
      return {};
    case "forget":
      for (const [path, { tags }] of registry.repositories) {
        if (path.startsWith(order.below)) registry.repositories.delete(path);
        for (const tag of tags.keys()) if (tag.startsWith(order.tags)) tags.delete(tag);
      }
      return {};
    case "requests": {
      const asked = tokens.asked.splice(0).map(({ scopes }) => `TOKEN ${scopes.join(",")}`);
      return { requests: [...asked, ...registry.log.splice(0)] };
    }
  }
}

process.on("message", (order: Order) => process.send?.(carryOut(order)));
process.on("disconnect", () => process.exit(0));
process.send?.({ host: registry.host, realm: tokens.realm } satisfies Reply);
