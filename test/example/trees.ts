/** What is in the images: the same as the engine's own command makes from a full checkout. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { Project } from "../support/example.ts";
import { type FileTree, imageTree } from "../support/filetree.ts";
import type { RawBuild } from "./engines.ts";
import { type Ensured, mainBase, type Stage } from "./stage.ts";

/**
 * The files whose contents differ between any two runs of the same instructions, since they hold times: the
 * logs of apt and dpkg, and ldconfig's own cache. Their kinds and modes are compared.
 */
const timely = [
  "var/cache/ldconfig/aux-cache",
  "var/log/apt/history.log",
  "var/log/apt/term.log",
  "var/log/dpkg.log",
];

export function testTrees(name: string, stage: () => Stage, first: () => Ensured): void {
  test(`${name} makes the same files from a checkout under umask 000 as its own command from one under 022`, async () => {
    const { engine, registry, project } = stage();
    const clone = project.clone("raw");
    const byName = new Map(first().outcomes.map(({ name: image, digest }) => [image, digest]));
    const wanted = rawOrder.filter((image) => byName.has(image.name));
    assert.equal(wanted.length, byName.size);
    for (const image of wanted) {
      const destination = `${registry.host}/raw/${image.name}:1`;
      await engine.build(rawBuild(clone, image, registry.host, destination));
      const expected = await imageTree(registry.host, `raw/${image.name}`, "1");
      const own = [`${mainBase}/ci/${image.name}`, byName.get(image.name) ?? ""] as const;
      assert.ok(expected.size > 100, image.name);
      assert.deepEqual(
        differences(await imageTree(registry.host, ...own), expected),
        [],
        image.name,
      );
    }
  });

  test(`${name} makes images whose containers show what the Dockerfiles say`, async () => {
    const { engine } = stage();
    const byName = new Map(first().outcomes.map((outcome) => [outcome.name, outcome.reference]));
    const shown: readonly (readonly [string, readonly string[], string | RegExp])[] = [
      ["app", ["/srv/app/bin/run"], "the application runs\n"],
      ["base", ["cat", "/etc/example/base"], "base of the example\n"],
      ["checked", ["cat", "/verified"], "verified: 2 scripts\n"],
      ["cross", ["cat", "/opt/toolchain", "/opt/target"], "toolchain for riscv64\nriscv64\n"],
      ["debian", ["ccache", "--version"], /^ccache version \d/],
      ["docs", ["sh", "-c", "build-docs; cat /etc/example/*"], docsOutput],
      ["scripts", ["cat", "/opt/scripts/made", "/opt/scripts/greeting"], scriptsOutput],
    ];
    for (const [image, command, expected] of shown.filter(([image]) => byName.has(image))) {
      const output = await engine.run(byName.get(image) ?? "", command);
      if (typeof expected === "string") assert.equal(output, expected);
      else assert.match(output, expected);
    }
  });
}

const docsOutput = "documentation of the example\nbase of the example\ncompiler\ndocs\n";
const scriptsOutput = "made by a heredoc\nHello, $USER: this is not expanded.\n";

interface RawImage {
  readonly name: string;
  readonly dockerfile?: string;
  readonly context?: string;
  readonly args?: Readonly<Record<string, string>>;
}

/** As a person would build them: parents first. */
const rawOrder: readonly RawImage[] = [
  { name: "base" },
  { name: "compiler" },
  { name: "docs" },
  { name: "cross", args: { ARCH: "riscv64" } },
  { name: "app", dockerfile: "app/Dockerfile", context: "app" },
  { name: "scripts" },
  { name: "checked" },
  { name: "debian" },
];

function rawBuild(project: Project, image: RawImage, host: string, destination: string): RawBuild {
  const { name, dockerfile = `images/${name}.Dockerfile`, context = ".", args = {} } = image;
  return {
    name: `ci/${name}`,
    dockerfile: join(project.path, dockerfile),
    context: join(project.path, context),
    args: { BASES: `${host}/bases`, ...args },
    destination,
  };
}

/** Where two trees differ, as text that a person can read. */
export function differences(actual: FileTree, expected: FileTree): readonly string[] {
  const leaf = (tree: FileTree, path: string) => {
    const found = tree.get(path);
    return timely.includes(path) && found?.kind === "file" ? { ...found, sha: "" } : found;
  };
  return [...new Set([...actual.keys(), ...expected.keys()])]
    .map((path) => [path, leaf(actual, path), leaf(expected, path)] as const)
    .filter(([, one, other]) => !isDeepStrictEqual(one, other))
    .map(([path, one, other]) => `${path}: ${JSON.stringify(one)}, not ${JSON.stringify(other)}`);
}
