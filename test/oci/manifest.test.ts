import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestOf } from "../../src/oci/digest.ts";
import { childFor, makeImageManifest, mediaTypes, parseManifest } from "../../src/oci/manifest.ts";
import { parsePlatform } from "../../src/oci/platform.ts";

const config = { mediaType: mediaTypes.ociConfig, digest: digestOf("{}"), size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf("layer"), size: 5 };
const { ociManifest, ociIndex, dockerManifest, dockerIndex } = mediaTypes;

function parse(document: unknown, type: string) {
  return parseManifest(Buffer.from(JSON.stringify(document)), type, "r.example/x:t");
}

test("an index has a child for a platform, of which variants count where both name one", () => {
  const places = ["linux/arm/v6", "linux/arm/v7", "linux/amd64"];
  const manifests = places.map((text) => ({
    ...{ mediaType: ociManifest, digest: digestOf(text), size: 1 },
    platform: parsePlatform(text),
  }));
  const index = parse({ schemaVersion: 2, manifests }, ociIndex);
  for (const [wanted, found] of [
    ["linux/arm/v7", "linux/arm/v7"],
    ["linux/arm/v8", undefined],
    ["linux/arm", "linux/arm/v6"],
    ["linux/amd64/v2", "linux/amd64"],
    ["linux/riscv64", undefined],
    ["freebsd/amd64", undefined],
  ] as const)
    assert.equal(childFor(index, wanted)?.digest, found && digestOf(found), wanted);
});

test("all four kinds are read, whatever else is in them", () => {
  const extra = { schemaVersion: 2, subject: null, future: [1], annotations: { a: "b", c: 1 } };
  for (const type of [ociManifest, dockerManifest]) {
    const image = { ...extra, config: { ...config, x: 1 }, layers: [layer] };
    const { content } = parse(image, `${type}; q=1`);
    assert.deepEqual(content, { kind: "image", config, layers: [layer], annotations: { a: "b" } });
  }
  const platform = { os: "linux", architecture: "arm64", variant: "v8", "os.version": "1" };
  const wrong = [{ os: "linux" }, { os: 1, architecture: "arm64" }];
  const odd = wrong.map((from) => ({ ...layer, platform: from }));
  for (const type of [ociIndex, dockerIndex]) {
    const index = { mediaType: type, manifests: [{ ...layer, platform }, layer, ...odd] };
    const { content } = parse(index, type);
    const kept = { os: "linux", architecture: "arm64", variant: "v8" };
    const manifests = [{ ...layer, platform: kept }, layer, layer, layer];
    assert.deepEqual(content, { kind: "index", manifests, annotations: {} });
  }
});

test("an index with attestations is read, and so is an image that has no config to speak of", () => {
  const empty = { mediaType: "application/vnd.oci.empty.v1+json", digest: config.digest, size: 2 };
  const platform = { os: "unknown", architecture: "unknown" };
  const annotations = { "vnd.docker.reference.type": "attestation-manifest" };
  const index = parse({ manifests: [{ ...layer, platform, annotations }] }, ociIndex);
  assert.deepEqual(index.content.kind === "index" && index.content.manifests, [
    { ...layer, platform },
  ]);
  const parts = { config: empty, layers: [layer] };
  const attestation = { ...parts, artifactType: "application/x", subject: {} };
  const image = parse(attestation, ociManifest);
  assert.deepEqual(image.content.kind === "image" && image.content.config, empty);
});

const path = { ...layer, digest: "sha256:../x" };
const refused: readonly (readonly [string, unknown, string, RegExp])[] = [
  ["no object", [], ociManifest, /not a JSON object/],
  [
    "another media type",
    { mediaType: ociIndex, config, layers: [] },
    ociManifest,
    /it calls itself/,
  ],
  [
    "two kinds",
    { config, layers: [], manifests: [] },
    ociManifest,
    /an image that has manifests, as an index has/,
  ],
  ["an index with a config", { manifests: [], config }, ociIndex, /an index that has config/],
  ["an index with layers", { manifests: [], layers: [] }, dockerIndex, /an index that has layers/],
  ["an index of Docker's first form", { manifests: [], fsLayers: [] }, dockerIndex, /has fsLayers/],
  ["no config", { layers: [] }, ociManifest, /config is not a descriptor/],
  ["no layers", { config }, ociManifest, /layers are not descriptors/],
  ["a digest that is a path", { config, layers: [path] }, ociManifest, /layers/],
  ["a negative size", { config: { ...config, size: -1 }, layers: [] }, ociManifest, /config/],
  [
    "an old kind",
    {},
    "application/vnd.docker.distribution.manifest.v1+json",
    /not an image manifest/,
  ],
  [
    "an old kind that is signed",
    { schemaVersion: 1, fsLayers: [], history: [], signatures: [] },
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    /v1\+prettyjws" is not an image manifest/,
  ],
  ["no content type", { config, layers: [] }, "", /media type "" is not/],
];

for (const [name, document, type, message] of refused)
  test(`a manifest with ${name} is refused`, () =>
    assert.throws(() => parse(document, type), { code: "MANIFEST_INVALID", message }));

test("bytes that are no text and manifests that are too large are refused", () => {
  for (const bytes of [Buffer.from([0x7b, 0xff, 0x7d]), Buffer.alloc(4 * 1024 * 1024 + 1, " ")])
    assert.throws(() => parseManifest(bytes, ociManifest, "x"), { code: "MANIFEST_INVALID" });
});

test("nesting without end is refused and not followed", () => {
  for (const open of ["[", '{"layers":', '{"config":{"a":']) {
    const bytes = Buffer.from(open.repeat(100_000));
    assert.throws(() => parseManifest(bytes, ociManifest, "x"), { code: "MANIFEST_INVALID" });
  }
});

test("a manifest that is made is read back, whatever its annotations say", () => {
  const annotations = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
  const descriptor = fc.nat().map((size) => ({ ...layer, size }));
  fc.assert(
    fc.property(descriptor, fc.array(descriptor, { maxLength: 4 }), annotations, (...parts) => {
      const made = makeImageManifest(...parts);
      assert.deepEqual(parseManifest(made.bytes, made.descriptor.mediaType, "x"), made);
    }),
  );
});
