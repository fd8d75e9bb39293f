import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BerthError } from "../../src/errors.ts";
import { lookUpBase, readSettings } from "../../src/execute/bases.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { client, seed, testImage, testIndex } from "../registry/clients.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";

test("a config's ONBUILD instructions and the names that it sets are read, and nothing else", () => {
  const read = (value: unknown) => readSettings(Buffer.from(JSON.stringify(value)), "x");
  assert.deepEqual(
    read({ config: { OnBuild: ["COPY . /src", 1], Env: ["PATH=/a=b", "EMPTY=", "BARE"] } }),
    { onbuild: ["COPY . /src"], env: ["PATH", "EMPTY", "BARE"] },
  );
  for (const other of [{}, { config: null }, { config: { OnBuild: null } }, { config: [] }])
    assert.deepEqual(read(other), { onbuild: [], env: [] });
});

test("a config that cannot be read is an error that names its image, never a crash", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue().map((value) => JSON.stringify(value)),
        fc.string(),
      ),
      (text) => {
        try {
          assert.ok(Array.isArray(readSettings(Buffer.from(text), "r.example/x").onbuild));
        } catch (error) {
          assert.ok(
            error instanceof BerthError &&
              error.code === "MANIFEST_INVALID" &&
              error.message.includes("r.example/x"),
          );
        }
      },
    ),
  );
});

test("a base is found by digest, through an index for the wanted platform", async (t) => {
  const memory = await startMemoryRegistry();
  t.after(() => memory.stop());
  const images = [testImage("amd64"), testImage("arm64")];
  for (const image of images) seed(memory, "bases/debian", image, "unused");
  const index = testIndex(images);
  const stored = memory.repositories.get("bases/debian");
  stored?.manifests.set(index.descriptor.digest, {
    type: index.descriptor.mediaType,
    bytes: Buffer.from(index.bytes),
  });
  stored?.tags.set("13", index.descriptor.digest);
  const facts = await lookUpBase(
    `${memory.host}/bases/debian:13`,
    "linux/arm64",
    client(undefined),
  );
  assert.equal(facts.digest, digestOf(index.bytes));
  assert.equal(facts.pinned, `${memory.host}/bases/debian@${digestOf(index.bytes)}`);
  assert.deepEqual(facts.onbuild, []);
});

test("a base that its registry does not have, or that nobody answers for, is used as written", async (t) => {
  const memory = await startMemoryRegistry();
  t.after(() => memory.stop());
  const absent = await lookUpBase(`${memory.host}/bases/gone:1`, "linux/amd64", client(undefined));
  assert.deepEqual([absent.pinned, absent.unknown], [undefined, "its registry does not have it"]);
  const away = await lookUpBase("127.0.0.1:1/bases/x:1", "linux/amd64", client(undefined));
  assert.match(away.unknown ?? "", /connection failed|ECONNREFUSED/);
});
