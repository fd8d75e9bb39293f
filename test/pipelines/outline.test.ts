import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { imagesIn } from "../../src/init/templates.ts";
import { readOutline } from "../../src/pipelines/pipeline.ts";
import { sourceOf } from "../support/ci-files.ts";

const root = ".gitlab-ci.yml";

async function read(files: Readonly<Record<string, string>>) {
  const outline = await readOutline(files[root] ?? "", sourceOf(files));
  return outline?.jobs ?? new Map<string, never>();
}

/** What each job runs in and beside. */
async function images(files: Readonly<Record<string, string>>) {
  const found = [...(await read(files))].map(([name, job]) => [name, imagesIn(job).join(" ")]);
  return Object.fromEntries(found);
}

describe("the images of a job", () => {
  const rows: readonly (readonly [what: string, yaml: string, Readonly<Record<string, string>>])[] =
    [
      ["a text", "a:\n  image: x\n", { a: "x" }],
      ["a name with more about it", "a:\n  image: {name: x, entrypoint: ['']}\n", { a: "x" }],
      ["services of both forms", "a:\n  image: x\n  services: [y, { name: z }]\n", { a: "x y z" }],
      [
        "a template that two jobs extend",
        ".t:\n  image: x\na:\n  extends: .t\nb:\n  extends: [.t]\n",
        { a: "x", b: "x" },
      ],
      ["a replaced template", ".t:\n  image: x\na:\n  extends: .t\n  image: y\n", { a: "y" }],
      [
        "an anchor, a merge key and a reference",
        ".t: &t\n  image: &i x\na:\n  <<: *t\nb:\n  image: *i\nc:\n  image: !reference [.t, image]\n",
        { a: "x", b: "x", c: "x" },
      ],
      [
        "defaults, which a job may do without",
        "default:\n  image: x\na:\n  script: y\nb:\n  inherit:\n    default: false\n",
        { a: "x", b: "" },
      ],
      [
        "nothing where a reference leads to somebody else's",
        "a:\n  image: !reference [.theirs, image]\nb:\n  image: x\n",
        { a: "", b: "x" },
      ],
      ["nothing where another's template may say it", "a:\n  extends: .theirs\n", { a: "" }],
      ["a body behind a header", "spec:\n  inputs:\n    x:\n---\na:\n  image: x\n", { a: "x" }],
      ["nothing of a file that is no YAML", "a:\n  image: [x\n", {}],
    ];
  for (const [what, yaml, expected] of rows)
    test(what, async () => assert.deepEqual(await images({ [root]: yaml }), expected));
});

describe("files", () => {
  const places: readonly (readonly [include: string, included: readonly string[]])[] = [
    ["include: a/one.yml", ["a/one.yml"]],
    ["include: '/a/one.yml'", ["a/one.yml"]],
    ["include:\n  local: a/one.yml", ["a/one.yml"]],
    ["include:\n  - a/one.yml\n  - local: /a/two.yaml", ["a/one.yml", "a/two.yaml"]],
    ["include: [{ local: a/one.yml }, a/two.yaml]", ["a/one.yml", "a/two.yaml"]],
    ["include: a/*.yml", ["a/one.yml", "a/three.yml"]],
    ["include:\n  - local: a/**.yml", ["a/one.yml", "a/three.yml", "a/deep/four.yml"]],
    ["include: a/**/*.yml", ["a/one.yml", "a/three.yml", "a/deep/four.yml"]],
    ["include: a/chain.yaml", ["a/one.yml"]],
    ["include:\n  - project: x/y\n    file: a/one.yml", []],
    ["include: https://example.com/a/one.yml", []],
    ["include:\n  - local: a/one.yml\n    rules: [{ if: $X }]", ["a/one.yml"]],
    ["include: $FOLDER/one.yml", []],
    ["include: a/gone.yml", []],
    [".x:\n  script:\n    - a/one.yml # include", []],
    [".x:\n  trigger:\n    include: a/one.yml", []],
  ];
  for (const [text, included] of places)
    test(`${JSON.stringify(text)} brings ${included.length === 0 ? "nothing" : included.join(", ")}`, async () => {
      const job = (path: string) => ({ [path]: `${path}:\n  image: x\n` });
      const jobs = await read({
        [root]: `${text}\n`,
        ...job("a/one.yml"),
        ...job("a/two.yaml"),
        ...job("a/three.yml"),
        ...job("a/deep/four.yml"),
        "a/chain.yaml": "include: [a/one.yml, a/chain.yaml]\n",
      });
      assert.deepEqual([...jobs.keys()].sort(), [...included].sort());
    });

  test("say more about the same job, the including one last", async () => {
    const files = {
      "a.yml": "a:\n  image: x\n  services: [z]\n",
      "b.yml": "a:\n  image: y\n",
      [root]: "include: [a.yml, b.yml]\n",
    };
    assert.deepEqual(await images(files), { a: "y z" });
    const own = `${files[root]}a:\n  image: own\n`;
    assert.deepEqual(await images({ ...files, [root]: own }), { a: "own z" });
  });
});
