import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { keyVersion, ownTags } from "../../src/image/key.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { type Manifest, parseManifest } from "../../src/oci/manifest.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { tagsOf } from "../../src/oci/tags.ts";
import { believe, type Reader } from "../../src/plan/look.ts";
import { type Source, sourcesOf } from "../../src/plan/places.ts";
import {
  isYoung,
  makeRecord,
  parseRecord,
  type RecordedImage,
  recordBlobs,
  type SetRecord,
} from "../../src/plan/record.ts";
import { config, keyedImage, situation, someDigest } from "../support/keyed.ts";

function elsewhere(path: string): RecordedImage {
  return { kind: "elsewhere", reference: { host: "r.example", path, digest: someDigest } };
}

const record: SetRecord = {
  setId: "0".repeat(64),
  tag: ownTags.set("0".repeat(64)),
  images: new Map<string, RecordedImage>([
    ["constructor", { kind: "own", digest: someDigest }],
    ["debian", { kind: "own", digest: someDigest }],
    ["fedora", elsewhere("up/fedora")],
    ["fedora-rust-nightly", { kind: "missing" }],
  ]),
  revision: "5c24acf320a0",
  pipeline: "77",
  prefix: undefined,
  branch: undefined,
  upstream: undefined,
};

const again = (manifest: Manifest): Manifest =>
  parseManifest(manifest.bytes, manifest.descriptor.mediaType, "x");

describe("the set record", () => {
  test("reads back what was written", () => {
    const written = new Date("2026-11-20T00:00:00Z");
    const whole = { ...record, prefix: "QEMU_CI", branch: "staging-9.2", upstream: "r.example/up" };
    const bare = { ...record, tag: undefined, revision: undefined, pipeline: undefined };
    for (const one of [record, whole, bare])
      assert.deepEqual(parseRecord(again(makeRecord(one, written)), "x"), { ...one, written });
  });

  test("is believed for twenty hours, whatever clocks say", () => {
    const at = (hours: number) => new Date(Date.UTC(2026, 0, 1, hours));
    for (const hours of [0, 20, -20, 21, -21])
      assert.equal(isYoung({ ...record, written: at(0) }, at(hours)), Math.abs(hours) <= 20);
    assert.equal(isYoung(record, at(0)), false);
  });

  test("refers to an empty layer whose diff id its config names", () => {
    const config = JSON.parse(recordBlobs.config.toString()) as { rootfs: { diff_ids: string[] } };
    assert.deepEqual(config.rootfs.diff_ids, [digestOf(gunzipSync(recordBlobs.layer))]);
  });

  test("is not understood in another version, and refused where it is damaged", () => {
    const manifest = again(makeRecord(record, new Date(0)));
    const changed = (annotations: Record<string, string>): Manifest => ({
      ...manifest,
      content: {
        ...manifest.content,
        annotations: { ...manifest.content.annotations, ...annotations },
      },
    });
    assert.equal(parseRecord(changed({ "berth.record": "2" }), "x"), undefined);
    const other = tagsOf(keyVersion + 1).set("0".repeat(64));
    assert.equal(parseRecord(changed({ "berth.set": other }), "x"), undefined);
    for (const damage of [
      { "berth.set": "x" },
      { "berth.tag": "a b" },
      // Nobody's word makes a run give its images a tag that another run moves.
      { "berth.tag": "latest" },
      { "berth.tag": ownTags.set("1".repeat(64)) },
      { "berth.tag": ownTags.key("0".repeat(64)) },
      { "berth.image.debian": "sha256:0" },
    ])
      assert.throws(() => parseRecord(changed(damage), "r.example/berth:x"), {
        code: "MANIFEST_INVALID",
      });
  });
});

test("a record speaks for its own registry, and for the other one that its set's id covers", async () => {
  const base = parseRepository("r.example/me");
  const source: Source = {
    ...sourcesOf({ ...situation("me/qemu"), own: base, upstream: undefined }, config())[0]!,
    upstream: parseRepository("r.example/up"),
  };
  const read = async () => ({}) as never;
  const reader: Reader = { read, isDenied: () => false, warnings: () => [] };
  const at = { images: [keyedImage("fedora")], now: new Date(0) };
  const paths = { "up/fedora": true, up: false, "upper/fedora": false, "eve/fedora": false };
  for (const [path, isBelieved] of Object.entries(paths)) {
    const images = new Map([["fedora", elsewhere(path)]]);
    const believed = await believe({ ...record, images }, source, reader, at);
    assert.equal(believed.has("fedora"), isBelieved, path);
  }
});
