import assert from "node:assert/strict";
import { test } from "node:test";
import { makeIndex, mediaTypes } from "../../src/oci/manifest.ts";
import { parsePlatform } from "../../src/oci/platform.ts";
import type { SourceRecord } from "../../src/plan/observe.ts";
import { onPlatform, requireAll, whereText } from "../../src/run/choose.ts";
import { type Located, locateRecorded } from "../../src/run/locate.ts";
import { declaredImage, someDigest } from "../support/keyed.ts";

const reference = `r.example/app@${someDigest}`;
const found: Located = {
  ...{ name: "app", platform: "linux/amd64", reference, source: "own", foundBy: "key-tag" },
  ...{ key: null, revision: null },
};
const digestAt = (platform: string) =>
  `sha256:${platform.endsWith("64") ? "a" : "b"}`.padEnd(71, "0");
const indexOf = (platforms: string) =>
  makeIndex(
    platforms.split(",").map((platform) => ({
      ...{
        mediaType: mediaTypes.ociManifest,
        size: 2,
        digest: digestAt(platform) as typeof someDigest,
      },
      platform: parsePlatform(platform),
    })),
    {},
  );

const both = "linux/amd64,linux/s390x";
const cases: readonly (readonly [
  platforms: string,
  asked: string | undefined,
  machine: string,
  index: string | undefined,
  says: string | RegExp,
])[] = [
  ["linux/amd64", undefined, "linux/s390x", undefined, reference],
  ["linux/amd64", "linux/amd64", "linux/s390x", undefined, reference],
  ["linux/amd64", "linux/s390x", "linux/s390x", undefined, /app for linux\/s390x: it is not built/],
  [both, undefined, "linux/s390x", both, `r.example/app@${digestAt("s390x")}`],
  [both, "linux/amd64", "linux/s390x", both, `r.example/app@${digestAt("amd64")}`],
  [both, undefined, "linux/arm64", both, /for linux\/arm64: it is not built for that/],
  [
    both,
    undefined,
    "linux/s390x",
    "linux/amd64",
    /for linux\/s390x: r\.example\/app\S* does not name/,
  ],
  [both, undefined, "linux/s390x", undefined, /does not name it/],
];
for (const [platform, asked, machine, index, says] of cases)
  test(`of ${platform}, asked for ${asked} on ${machine}: ${says}`, async () => {
    const registry = { get: async () => (index === undefined ? undefined : indexOf(index)) };
    const chosen = onPlatform({ ...found, platform }, asked, {
      world: { platform: machine },
      login: { registry },
    });
    if (says instanceof RegExp)
      await assert.rejects(chosen, { code: "IMAGE_ABSENT", message: says });
    else assert.equal((await chosen).reference, says);
  });

test("a few places are named, and the rest is counted", () => {
  const text = (count: number) => whereText({ looked: ["a", "b", "c", "d", "e"].slice(0, count) });
  assert.equal(text(3), "it is not at a nor at b nor at c");
  assert.equal(text(5), "it is not at a nor at b nor at c and 2 other places");
});

for (const [wanted, message, hint] of [
  [
    {},
    /^find app of the working tree: it is not at a$/,
    /^commit and push .*--local.*--rev or --tag/,
  ],
  [{ rev: "v1" }, /^find app of v1: /, /^commit and push .*another one with --tag$/],
  [{ tag: "latest" }, /^find app tagged latest: /, /^give a tag that the image has/],
  [{ pipeline: "7" }, /^find app of pipeline 7: /, /give its commit with --rev$/],
] as const)
  test(`an image that is nowhere, asked for by ${JSON.stringify(wanted)}, says what to do`, () => {
    const search = { located: new Map(), looked: ["a"], troubles: [] };
    const asked = () => requireAll(["app"], wanted, search);
    assert.throws(asked, { code: "IMAGE_ABSENT", message, hint });
  });

test("what a record says to be missing, or does not name, is not found in it", () => {
  const images = new Map([["app", { kind: "missing" }]]);
  const content = { images };
  const record = { content, reference: "r.example/berth:set" } as unknown as SourceRecord;
  const names = ["app", "base"].map((name) => declaredImage(name));
  const known = { located: new Map(), looked: ["r.example/berth:set"], troubles: [] };
  assert.deepEqual(locateRecorded(names, record), known);
});
