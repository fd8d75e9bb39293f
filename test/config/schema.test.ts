import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import { examples, jsonSchema, referenceText, withPart } from "../../scripts/schema.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { declareImages } from "../../src/config/discover.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { schema } from "../../src/config/schema.ts";
import { treeOf } from "../support/tree.ts";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/configuration.md");

test("berth.schema.json is what the schema says", () => {
  const written: unknown = JSON.parse(read("berth.schema.json"));
  assert.deepEqual(written, JSON.parse(JSON.stringify(jsonSchema())), "run scripts/schema.ts");
});

test("the reference in docs/configuration.md is what the schema says", () =>
  assert.equal(page, withPart(page, "reference", referenceText()), "run scripts/schema.ts"));

interface Described {
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly additionalProperties?: Described | boolean;
  readonly items?: Described;
  readonly anyOf?: readonly Described[];
}

/** The paths of all keys that a schema allows and says nothing about. */
function undescribed(node: Described, path = ""): readonly string[] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = node;
  const inside = [additionalProperties, items, ...anyOf].filter((one) => typeof one === "object");
  return [
    ...Object.entries(properties).flatMap(([key, value]) => [
      ...(value.description ? [] : [`${path}/${key}`]),
      ...undescribed(value, `${path}/${key}`),
    ]),
    ...inside.flatMap((one) => undescribed(one, `${path}/*`)),
  ];
}

test("every key, however deep, has a description", () => {
  const root = jsonSchema() as unknown as Described;
  assert.deepEqual(Object.keys(root.properties ?? {}), Object.keys(schema.shape));
  assert.deepEqual(undescribed(root), []);
});

test("every key of the file has its words or an example, and the examples are right", () => {
  const root = jsonSchema();
  const isRight = new Ajv({ strict: false }).compile(root);
  for (const [key, property] of Object.entries(root.properties)) {
    const { enum: words } = property as Described;
    const given = examples[key] ?? [];
    assert.ok(words !== undefined || given.length > 0, key);
    for (const example of given) {
      assert.ok(isRight({ [key]: example }), `${key}: ${JSON.stringify(isRight.errors)}`);
      assert.ok(schema.safeParse({ [key]: example }).success, key);
    }
  }
  assert.ok(!isRight({ prefix: "small letters" }) && !isRight({ unknown: 1 }));
});

test("an editor learns of the schema from a file's first line", () => {
  for (const path of ["component/example", "component/qemu", "test/config/cases/every-setting"]) {
    const [first = ""] = read(`${path}/berth.yml`).split("\n");
    const [, target] = /^# yaml-language-server: \$schema=(\S+)$/.exec(first) ?? [];
    assert.equal(read(`${path}/${target}`), read("berth.schema.json"));
  }
});

function example(name: string): string {
  const after = page.split(`<!-- example: ${name} -->`)[1] ?? "";
  return /```yaml\n(?<text>.*?)```/s.exec(after)?.groups?.["text"] ?? assert.fail("no example");
}

test("the small example declares the images that its text names", async () => {
  const config = parseConfig(example("small"), "berth.yml");
  const { images } = await declareImages(config, treeOf("ci/base/Dockerfile", "ci/docs.docker"));
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
  const { images } = await declareImages(config, tree);
  assert.deepEqual(
    images.map(({ name, context, optional }) => ({ name, context, optional })),
    [
      { name: "debian", context: "", optional: false },
      { name: "fedora-rust-nightly", context: "", optional: true },
    ],
  );
  assert.deepEqual(config.publish[1], defaultConfig.publish[0]);
});
