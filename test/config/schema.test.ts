import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { jsonSchema, referenceText, withReference } from "../../scripts/schema.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { declareImages } from "../../src/config/discover.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { schema } from "../../src/config/schema.ts";
import { treeOf } from "./memory.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/configuration.md");

test("berth.schema.json is what the schema says", () => {
  const written: unknown = JSON.parse(read("berth.schema.json"));
  assert.deepEqual(written, JSON.parse(JSON.stringify(jsonSchema())), "run scripts/schema.ts");
});

test("the reference in docs/configuration.md is what the schema says", () => {
  assert.equal(page, withReference(page, referenceText()), "run scripts/schema.ts");
});

test("every key of the file has a description", () => {
  const properties = jsonSchema().properties as Record<string, { description?: string }>;
  assert.deepEqual(Object.keys(properties), Object.keys(schema.shape));
  for (const [key, { description }] of Object.entries(properties)) assert.ok(description, key);
});

function example(name: string): string {
  const after = page.split(`<!-- example: ${name} -->`)[1] ?? "";
  return /```yaml\n(?<text>.*?)```/s.exec(after)?.groups?.["text"] ?? assert.fail("no example");
}

test("the small example declares the images that its text names", async () => {
  const config = parseConfig(example("small"), "berth.yml");
  const images = await declareImages(config, treeOf("ci/base/Dockerfile", "ci/docs.docker"));
  assert.deepEqual(
    images.map(({ name, context, args }) => ({ name, context, args })),
    [
      { name: "base", context: "ci/base", args: {} },
      { name: "docs", context: "", args: { PYTHON: "3.13" } },
    ],
  );
});

test("QEMU's example declares QEMU's images", async () => {
  const config = parseConfig(example("qemu"), "berth.yml");
  const folder = "tests/docker/dockerfiles";
  const tree = treeOf(
    `${folder}/debian.docker`,
    `${folder}/debian-bootstrap.docker`,
    `${folder}/fedora-rust-nightly.docker`,
    "Dockerfile",
  );
  const images = await declareImages(config, tree);
  assert.deepEqual(
    images.map(({ name, context, optional }) => ({ name, context, optional })),
    [
      { name: "debian", context: "", optional: false },
      { name: "fedora-rust-nightly", context: "", optional: true },
    ],
  );
  assert.deepEqual(config.publish[1], defaultConfig.publish[0]);
});
