import assert from "node:assert/strict";
import { test } from "node:test";
import { contentsReader, weigh } from "../../src/prune/weigh.ts";
import { imageManifest, makeModel } from "./model.ts";

const blob = (digest: string, size: number) => ({ digest, size });

test("a blob that two groups share is unique to neither", () => {
  const { total, groups } = weigh([
    { groups: ["keep"], blobs: [blob("base", 100), blob("a", 1)] },
    { groups: ["delete"], blobs: [blob("base", 100), blob("b", 20)] },
    { groups: ["delete"], blobs: [blob("b", 20), blob("c", 3)] },
  ]);
  assert.equal(total, 124);
  assert.deepEqual(groups.get("keep"), { tags: 1, bytes: 101, unique: 1 });
  assert.deepEqual(groups.get("delete"), { tags: 2, bytes: 123, unique: 23 });
});

test("a tag of several groups is unique to none of them", () => {
  const { total, groups } = weigh([{ groups: ["master", "stable"], blobs: [blob("a", 5)] }]);
  assert.equal(total, 5);
  assert.deepEqual(groups.get("stable"), { tags: 1, bytes: 5, unique: 0 });
});

test("tags of one digest are read once", async () => {
  const model = makeModel();
  const manifest = imageManifest("x");
  for (const tag of ["a", "b", "c"]) model.put("debian", tag, manifest, 0);
  const read = contentsReader(model.shelf);
  for await (const tag of model.shelf.tags("debian"))
    assert.equal((await read("debian", tag))?.blobs.length, 3);
  assert.equal(model.calls.manifest, 1);
});
