import assert from "node:assert/strict";
import { test } from "node:test";
import { extract } from "tar-stream";
import { digestOf } from "../../src/oci/digest.ts";
import type { MemoryFile } from "../support/tree.ts";
import { contentOf, layersOf, made } from "./flows.ts";
import { machineBuildah, modernDocker } from "./subjects.ts";
import { openWorkshop } from "./workshop.ts";

/** Files of one size, two and two at one path of an image; storage and transfers that compare times must not mix them up. */
const files: Readonly<Record<string, MemoryFile>> = {
  a: "one",
  b: "two",
  run: { exec: "one" },
  "d1/f": "one",
  "d2/f": "two",
  "l1/l": { link: "one" },
  "l2/l": { link: "two" },
  "base.env": "GCC=13",
  "next.env": "GCC=14",
};

const texts = (base: string): Readonly<Record<string, string>> => ({
  copied: `FROM ${base}\nCOPY a /f\nCOPY b /f\n`,
  added: `FROM ${base}\nCOPY a /f\nADD b /f\n`,
  folder: `FROM ${base}\nCOPY d1 /\nCOPY d2 /\n`,
  link: `FROM ${base}\nCOPY l1 /\nCOPY l2 /\n`,
  mode: `FROM ${base}\nCOPY run /f\nCOPY a /f\n`,
  again: `FROM ${base}\nCOPY a /f\nRUN rm /f\nCOPY b /f\n`,
  kept: `FROM ${base}\nCOPY a /f\nCOPY b /b\nRUN cp -p /b /f\n`,
  stage: `FROM ${base} AS s\nCOPY b /f\nFROM ${base}\nCOPY a /f\nCOPY --from=s /f /f\n`,
  parent: `FROM ${base}\nCOPY base.env /t.env\n`,
  child: "FROM qemu/parent\nCOPY next.env /t.env\nRUN . /t.env && echo $GCC > /gcc\n",
});

const file = (data: string) => ({ kind: "file", mode: 0o644, sha: digestOf(data) });
const expected = {
  copied: { f: file("two") },
  added: { f: file("two") },
  folder: { f: file("two") },
  link: { l: { kind: "symlink", target: "two" } },
  mode: { f: file("one") },
  again: { f: file("two") },
  kept: { f: file("two") },
  stage: { f: file("two") },
  child: { "t.env": file("GCC=14"), gcc: file("14\n") },
} as const;

/** On overlay no engine lost a file by its time, on vfs every version of each. */
const subjects = { "buildah on vfs": machineBuildah("vfs"), "docker on vfs": modernDocker("vfs") };

for (const [name, make] of Object.entries(subjects)) {
  const workshop = openWorkshop(make);

  test(`${name} never loses a file that comes after another of its size`, async () => {
    const flow = await made(workshop, {
      path: "acme/times",
      dockerfiles: texts(workshop.base()),
      files,
    });
    for (const [image, wanted] of Object.entries(expected)) {
      const { tree } = await contentOf(workshop, flow, image);
      const found = Object.keys(wanted).map((path) => [path, tree.get(path)]);
      assert.deepEqual(Object.fromEntries(found), wanted, image);
    }
    // zip cannot hold what is earlier, west of Greenwich too.
    for (const time of await timesOf("f", await layersOf(workshop, flow, "copied")))
      assert.ok(time > new Date("1980-01-02") && time < new Date("2011-01-01"), String(time));
  });

  // Only buildx remembers contexts.
  if (name !== "docker on vfs") continue;
  test(`${name} never gives an image a file of another image, build or project`, async () => {
    for (const [path, one, two] of [
      ["acme/first", "111", "222"],
      ["acme/first", "333", "444"],
      ["acme/second", "222", "555"],
    ] as const) {
      const flow = await made(workshop, {
        path,
        dockerfiles: Object.fromEntries(
          ["a", "b"].map((image) => [image, `FROM ${workshop.base()}\nCOPY g /g\n`]),
        ),
        files: { "a/g": one, "b/g": two },
        change: (image) => ({ ...image, context: image.name }),
      });
      const found = ["a", "b"].map(async (image) =>
        (await contentOf(workshop, flow, image)).tree.get("g"),
      );
      assert.deepEqual(await Promise.all(found), [file(one), file(two)]);
    }
  });
}

async function timesOf(path: string, layers: readonly Buffer[]): Promise<readonly Date[]> {
  const times: Date[] = [];
  for (const layer of layers) {
    const tar = extract();
    tar.end(layer);
    for await (const entry of tar) {
      if (entry.header.name === path) times.push(entry.header.mtime ?? new Date(0));
      entry.resume();
    }
  }
  assert.equal(times.length, 2);
  return times;
}
