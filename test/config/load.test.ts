import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { BerthError, printProblem } from "../../src/errors.ts";
import { memoryTree, treeOf } from "../support/tree.ts";

const named = (contents: Readonly<Record<string, Buffer>>, path: string) => ({
  files: { read: async (wanted: string) => contents[wanted] },
  path,
  label: `..${path}`,
});

test("without a file the defaults hold", async () =>
  assert.equal(await loadConfig(treeOf("README")), defaultConfig));

test("an empty file and no file say the same; without one what is given holds", async () => {
  assert.deepEqual({ ...parseConfig("", "berth.yml"), file: undefined }, defaultConfig);
  const given = await loadConfig(treeOf("README"), undefined, { prefix: "QEMU_CI" });
  assert.deepEqual(given, { ...defaultConfig, prefix: "QEMU_CI" });
});

test("the file at the top of the tree is read, by either ending", async () => {
  for (const file of ["berth.yml", "berth.yaml"]) {
    const config = await loadConfig(memoryTree({ [file]: "\uFEFFprefix: QEMU_CI\n" }));
    assert.deepEqual([config.file, config.prefix], [file, "QEMU_CI"]);
  }
});

test("two files, a named file that is not there, and bytes that are no text are refused", async () => {
  const bytes = named({ "/x.yml": Buffer.from([0x61, 0xff]) }, "/x.yml");
  for (const [loaded, message] of [
    [
      loadConfig(treeOf("berth.yml", "berth.yaml")),
      "read configuration of the tree in memory: there is both berth.yml and berth.yaml",
    ],
    [
      loadConfig(treeOf("berth.yml"), named({}, "/x.yml")),
      "read configuration ../x.yml: no such file",
    ],
    [loadConfig(treeOf(), bytes), "read configuration ../x.yml: it is not UTF-8 text"],
  ] as const)
    await assert.rejects(loaded, { code: "CONFIG_INVALID", message });
});

const together: readonly (readonly [text: string, problems: readonly string[]])[] = [
  [
    "prefx: A\nimages: ['ci/*.docker', 'none/*.docker']\n",
    ['1:1: unknown key "prefx"', "2:25: none/*.docker: matches no file"],
  ],
  [
    "images:\n  a: { dockerfile: nope, contxt: x }\n  b: { dockerfile: ci/a.docker, platforms: [x] }\n",
    ['2:26: images.a: unknown key "contxt"', "2:20: nope: there is no such file", "3:45: "],
  ],
  ["prefix: 1-\nimages: [{ dockerfile: nope }]\n", ["1:9: prefix: ", "2:24: nope: there is no"]],
  // Which images there are nobody knows, so of these nothing is said yet.
  ["exclude: 5\nimages: [nope]\n", ["1:10: exclude: "]],
  ["images: [nope, 5]\n", ["1:16: images"]],
  ["images: [nope\n", ["2:1: "]],
];
for (const [text, problems] of together)
  test(`of ${JSON.stringify(text)} all is told at once`, async () => {
    const tree = memoryTree({ "berth.yml": text, "ci/a.docker": "FROM scratch\n" });
    const error = await loadConfig(tree, undefined, {}, tree).catch((caught: unknown) => caught);
    assert.ok(error instanceof BerthError);
    const told = error.problems.map(printProblem);
    assert.equal(told.length, problems.length, told.join("\n"));
    for (const problem of problems)
      assert.ok(
        told.some((line) => line.startsWith(`berth.yml:${problem}`)),
        `${problem} of ${told.join("\n")}`,
      );
  });

test("a named file is read instead of the tree's", async () => {
  const tree = memoryTree({ "berth.yml": "prefix: TREE" });
  const config = await loadConfig(tree, named({ "/x.yml": Buffer.from("prefix: X") }, "/x.yml"));
  assert.deepEqual([config.file, config.prefix], ["../x.yml", "X"]);
});

test("YAML and the schema are loaded only where there is a file", () => {
  const source = (path: string) => new URL(`../../src/config/${path}`, import.meta.url).href;
  const program = `
    import { registerHooks } from "node:module";
    const seen = [];
    registerHooks({ resolve: (name, context, next) => (seen.push(name), next(name, context)) });
    const { loadConfig } = await import("${source("load.ts")}");
    const { declareImages } = await import("${source("discover.ts")}");
    const entry = { path: "a.docker", kind: "file", executable: false };
    const tree = (text) => ({
      label: "t",
      read: async (path) => (path === "berth.yml" ? text : undefined),
      list: async () => [entry],
      find: async () => ["a.docker"],
      entry: async () => entry,
    });
    const heavy = () => [...new Set(seen)].filter((name) => name === "yaml" || name === "zod/mini").sort().join();
    await declareImages(await loadConfig(tree(undefined)), tree(undefined));
    const without = heavy();
    await loadConfig(tree(Buffer.from("prefix: A")));
    console.log(JSON.stringify([without, heavy()]));
  `;
  const printed = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  assert.deepEqual(JSON.parse(printed), ["", "yaml,zod/mini"]);
});
