/** The Dockerfile of the tool image, built by berth. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildahEngine } from "../example/engines.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { type FileTree, imageConfig, imageTree } from "../support/filetree.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";
import { buildTool, placeFor, toolImage } from "../support/tool-image.ts";

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
  const tool = await toolImage();
  await tool.push(`${host}/first/tool:1`);
  const engine = await buildahEngine(join(folder.path, "engine"));
  const place = await placeFor(host, folder.path);
  const second = await buildTool(place, engine, "second").finally(engine.stop);
  const [, digest = ""] = second.split("@");
  const first = await imageTree(host, "first/tool", "1");
  assert.deepEqual(differences(first, await imageTree(host, "second/tool", digest)), []);
  assert.ok(first.size > 1000);
  await assertTidy(first, await imageConfig(host, "second/tool", digest));
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
