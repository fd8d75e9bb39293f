/** The Dockerfiles of the tool images, built by berth. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildahEngine } from "../example/engines.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { type FileTree, imageConfig, imageTree, layerSizes } from "../support/filetree.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";
import { buildTools, placeFor, toolImages } from "../support/tool-image.ts";

let folder: Folder;
let registry: DockerRegistry;
before(async () => {
  folder = await temporaryFolder("berth-container-");
  registry = await startDockerRegistry();
});
after(async () => {
  await registry?.stop();
  await folder?.remove();
});

test("two builds of the same files, by two versions of buildah, hold the same files", async () => {
  const { host } = registry;
  const kept = await toolImages();
  const engine = await buildahEngine(join(folder.path, "engine"));
  const place = await placeFor(host, folder.path);
  const again = await buildTools(place, engine, "again").finally(engine.stop);
  assert.deepEqual([...again.keys()], [...kept.keys()]);
  for (const [name, image] of kept) {
    await image.push(`${host}/first/${name}:1`);
    const [, digest = ""] = again.get(name)?.split("@") ?? [];
    const first = await imageTree(host, `first/${name}`, "1");
    assert.deepEqual(differences(first, await imageTree(host, `again/${name}`, digest)), []);
    assert.ok(first.size > 300);
    await assertTidy(first, await imageConfig(host, `again/${name}`, digest));
  }
});

test("docs/runners.md says what there is to pull, without an engine at most 60 MB", async () => {
  const { host } = registry;
  const sizes = new Map<string, readonly number[]>();
  for (const [name, image] of await toolImages()) {
    await image.push(`${host}/sizes/${name}:1`);
    sizes.set(name, await layerSizes(host, `sizes/${name}`, "1"));
  }
  const of = (name: string) => sizes.get(name) ?? [];
  const plain = of("tool");
  const total = (layers: readonly number[]) => layers.reduce((sum, size) => sum + size, 0) / 1e6;
  const measured: readonly (readonly [string, number])[] = [
    ...[...sizes].map(([name, layers]) => [`\`${name}\``, total(layers)] as const),
    ["busybox", total(plain.slice(0, 1))],
    ["Node", total(plain.slice(1, 2))],
    ["berth", total(plain.slice(2))],
    ["buildah", total(of("tool-buildah").slice(plain.length))],
    ["Docker's", total(of("tool-docker").slice(plain.length))],
  ];
  assert.ok(total(plain) <= 60, `${total(plain)} MB`);
  const page = await readFile(join(import.meta.dirname, "../../docs/runners.md"), "utf8");
  const told = measured.map(([word]) => {
    const row = page.match(new RegExp(`^\\| ${word}.* ([\\d.]+) MB \\|$`, "m"));
    return Number(row?.[1]);
  });
  const wrong = measured.filter(
    ([, size], at) => !(Math.abs(told[at]! - size) < 0.05 * size + 0.1),
  );
  assert.deepEqual(wrong, [], "more than a twentieth beside what the page says, in MB");
});

function differences(left: FileTree, right: FileTree): readonly string[] {
  const paths = [...new Set([...left.keys(), ...right.keys()])].sort();
  const leaf = (tree: FileTree, path: string) => JSON.stringify(tree.get(path));
  return paths
    .filter((path) => leaf(left, path) !== leaf(right, path))
    .map((path) => `${path}: ${leaf(left, path)} ${leaf(right, path)}`);
}

/** Nothing that only the build needed, nothing that a program wrote while it was installed. */
async function assertTidy(tree: FileTree, config: Record<string, unknown>): Promise<void> {
  const files = [...tree].filter(([, { kind }]) => kind === "file").map(([path]) => path);
  const left = files.filter((path) =>
    /^(?:tmp|src|root\/\.npm|var\/(?:log|tmp|cache\/apt|lib\/apt\/lists))\/(?!.*lock$)/.test(path),
  );
  assert.deepEqual(left, []);
  const { Entrypoint, Cmd, User } = config["config"] as Record<string, unknown>;
  assert.deepEqual([Entrypoint, Cmd, User ?? ""], [["berth-entrypoint"], ["--help"], ""]);
}
