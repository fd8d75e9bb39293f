/** What every engine makes of component/platforms, each platform by emulation where it is not the machine's own. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { TestEngine } from "../example/engines.ts";
import { type Ensured, ensure, mainBase, results, type Stage } from "../example/stage.ts";
import { differences } from "../example/trees.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { emulateArm64, pushBothBusyboxes } from "../support/emulation.ts";
import { exampleProject } from "../support/example.ts";
import { imageConfig, imageTree } from "../support/filetree.ts";
import { temporaryFolder } from "../support/services.ts";

const machines = { amd64: "x86_64", arm64: "aarch64" };
const own = process.arch === "arm64" ? "arm64" : "amd64";

export function platformsContract(
  name: string,
  make: (folder: string) => Promise<TestEngine>,
): void {
  describe(`${name}, several platforms`, () => {
    const ends: (() => Promise<void>)[] = [];
    let stage: Stage;
    let first: Ensured;
    before(async () => {
      await emulateArm64();
      stage = await openStage(make, ends);
    });
    after(async () => {
      for (const end of ends.reverse()) await end();
    });

    test("each platform is built, and run from the index as this and as that machine", async () => {
      first = await ensure(stage);
      const both = (image: string) => [`${image}@amd64`, `${image}@arm64`, image];
      const built = ["base", "plain", "tools"].flatMap(both).concat("docs").sort();
      assert.deepEqual(results(first), Object.fromEntries(built.map((image) => [image, "built"])));
      const reference = first.outcomes.find((outcome) => outcome.name === "tools")?.reference ?? "";
      for (const [architecture, machine] of Object.entries(machines)) {
        const shown = ["cat", "/etc/tools", "/etc/architecture"];
        const output = await stage.engine.run(reference, shown, `linux/${architecture}`);
        const file = stage.project.run("show", `HEAD:images/files/${architecture}`);
        assert.equal(output, `made for ${architecture}\n${machine}\n${file}\n`);
        for (const image of ["base", "plain", "tools"]) {
          const { architecture: said } = await imageConfig(...placeOf(image, architecture));
          assert.equal(said, architecture, image);
        }
      }
    });

    const placeOf = (image: string, architecture: string) => {
      const member = `${image}@${architecture}`;
      const { digest } = first.outcomes.find((outcome) => outcome.name === member) ?? {};
      return [stage.registry.host, `${mainBase}/${image}`, digest ?? ""] as const;
    };

    test("files are the same as the engine's own command makes for each platform", async () => {
      const { engine, registry, project } = stage;
      const raw = (image: string, architecture: string) => `raw/${image}-${architecture}`;
      for (const architecture of Object.keys(machines))
        for (const image of ["base", "tools"]) {
          const text = await readFile(join(project.path, `images/${image}.Dockerfile`), "utf8");
          const parent = (machine: string) => `${registry.host}/${raw("base", machine)}:1`;
          const dockerfile = join(stage.folder, `${image}-${architecture}`);
          const ofMachine = text.replace("$BUILDPLATFORM ci/base", `$BUILDPLATFORM ${parent(own)}`);
          await writeFile(
            dockerfile,
            ofMachine.replaceAll(/ ci\/base/g, ` ${parent(architecture)}`),
          );
          await engine.build({
            ...{ name: raw(image, architecture), dockerfile, context: project.path },
            args: { BASES: `${registry.host}/bases` },
            destination: `${registry.host}/${raw(image, architecture)}:1`,
            platform: `linux/${architecture}`,
          });
          const expected = await imageTree(registry.host, raw(image, architecture), "1");
          assert.ok(expected.size > 5);
          const tree = await imageTree(...placeOf(image, architecture));
          assert.deepEqual(differences(tree, expected), [], `${image}@${architecture}`);
        }
    });

    test("what is made from nothing says its platform, though the layers of another are at hand", async () => {
      const { project, registry } = stage;
      const settings = (platforms: string) =>
        `  late: { dockerfile: images/late.Dockerfile, platforms: [${platforms}] }\n`;
      const both = "linux/amd64, linux/arm64";
      project.write({ "images/late.Dockerfile": "FROM scratch\nCOPY berth.yml /late\n" });
      project.commit();
      project.addImages(settings("linux/amd64"));
      await ensure(stage);
      const text = await readFile(project.config, "utf8");
      await writeFile(project.config, text.replace(settings("linux/amd64"), settings(both)));
      const { outcomes } = await ensure(stage);
      const { digest } = outcomes.find(({ name }) => name === "late@arm64") ?? {};
      const { architecture } = await imageConfig(registry.host, `${mainBase}/late`, digest ?? "");
      assert.equal(architecture, "arm64");
    });
  });
}

async function openStage(
  make: (folder: string) => Promise<TestEngine>,
  ends: (() => Promise<void>)[],
): Promise<Stage> {
  const folder = await temporaryFolder("berth-platforms-");
  ends.push(folder.remove);
  const registry = await startDockerRegistry();
  ends.push(registry.stop);
  await pushBothBusyboxes(registry.host, "bases/busybox", "stable");
  const engine = await make(join(folder.path, "engine"));
  ends.push(engine.stop);
  const project = exampleProject(folder.path, "project", registry.host, "platforms");
  // One of which nothing but its configuration says for which platform it is.
  project.addImages("  plain: images/plain.Dockerfile\n");
  project.write({
    "images/plain.Dockerfile": "FROM scratch\nCOPY images/files/amd64 /one\n",
  });
  project.commit();
  return { folder: folder.path, registry, engine, project, stop: async () => undefined };
}
