/**
 * One key means one image: pairs of builds through `berth key`; of those of one key, both engines build the ones of which
 * the engine gets two texts or settings, or whose files a list leaves out. The bytes of a context are in its key.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Outcome } from "../../src/build/outcome.ts";
import { engineText, type RecipeOptions } from "../../src/dockerfile/recipe.ts";
import { type Repository, repositoryAt } from "../context/repository.ts";
import { buildahEngine, dockerEngine, type TestEngine } from "../example/engines.ts";
import { pushBusybox } from "../support/bases.ts";
import { berth, plainEnv } from "../support/command.ts";
import { type DockerRegistry, startDockerRegistry } from "../support/docker-registry.ts";
import { imageConfig, imageTree } from "../support/filetree.ts";
import { recipeOf } from "../support/recipe.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";
import { oneKey, type Pair, type Side, twoKeys } from "./pairs.ts";

const sides = [0, 1] as const;
type Images = ReadonlyMap<string, object>;
type Keys = ReadonlyMap<string, string>;

let folder: Folder;
let registry: DockerRegistry;
let repository: Repository;
let images: readonly [Images, Images];
let keys: readonly [Keys, Keys];

before(async () => {
  folder = await temporaryFolder("berth-pairs-");
  registry = await startDockerRegistry();
  await pushBusybox(registry.host);
  repository = repositoryAt({ after }, folder.path);
  repository.run("init", "-q");
  images = [layOut(0), layOut(1)];
  repository.write({ "0/secret": "GOOD", "1/secret": "EVIL" });
  repository.commit();
  keys = await Promise.all([keysOf(0, images[0]), keysOf(1, images[1])]);
});
after(async () => {
  await registry?.stop();
  await folder?.remove();
});

for (const title of Object.keys(twoKeys))
  test(`${title} makes two keys`, () => {
    const [one, other] = keysFor(title);
    assert.ok(one !== undefined && other !== undefined);
    assert.notEqual(one, other);
  });
for (const title of Object.keys(oneKey))
  test(`${title} makes one key`, () => {
    const [one, other] = keysFor(title);
    assert.ok(one !== undefined);
    assert.equal(one, other);
  });

const builtPairs = Object.entries(oneKey).filter(([, pair]) => {
  const [one, other] = pair.sides;
  const hasList = Object.keys(one.files ?? {}).some((path) => path.endsWith("ignore"));
  return hasList || givenOf(one) !== givenOf(other);
});
assert.ok(builtPairs.length >= 9);
testEngine("buildah", buildahEngine);
testEngine("docker", dockerEngine);

/** What an engine gets of a side beside its context. */
function givenOf({ text, settings = {}, images }: Side): string {
  const recipe = recipeOf(named(text, "host"), settings as Partial<RecipeOptions>);
  const { text: given } = engineText(recipe, () => undefined);
  return JSON.stringify([given, recipe.args, recipe.target, settings["secrets"], images]);
}

function testEngine(name: TestEngine["name"], make: (folder: string) => Promise<TestEngine>): void {
  describe(name, () => {
    let engine: TestEngine;
    const built: Awaited<ReturnType<typeof build>>[] = [];
    before(async () => {
      engine = await make(join(folder.path, name));
      for (const side of sides) built.push(await build(engine, side));
    });
    after(() => engine?.stop());
    for (const [title] of builtPairs)
      test(`${title} makes one image with ${name}`, () => {
        const [one, other] = built.map((images) => images.get(nameOf(title)));
        assert.ok(one !== undefined);
        assert.deepEqual(one, other);
      });
  });
}

function keysFor(title: string): readonly (string | undefined)[] {
  return keys.map((side) => side.get(nameOf(title)));
}

function named(text: string, host: string): string {
  return text.replaceAll("BASE", `${host}/bases/busybox:1`).replaceAll("HOST", host);
}

function nameOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** Writes one side of all pairs, each in a folder of its own, and gives the images for berth.yml. */
function layOut(side: 0 | 1): Images {
  const images = new Map<string, object>();
  const add = (name: string, text: string, settings: object = {}): string => {
    const folder = `${side}/${name}`;
    const dockerfile = `${folder}/x.Dockerfile`;
    const files = { [dockerfile]: named(text, registry.host), [`${folder}/context/keep`]: "" };
    repository.write(files);
    images.set(name, { dockerfile, context: `${folder}/context`, ...settings });
    return folder;
  };
  const all: Readonly<Record<string, Pair>> = { ...oneKey, ...twoKeys };
  for (const [title, pair] of Object.entries(all)) {
    const { text, files = {}, settings, images: parents = {} } = pair.sides[side];
    const folder = add(nameOf(title), text, settings);
    const context = Object.entries(files).map(([path, file]) => [
      `${folder}/context/${path}`,
      file,
    ]);
    repository.write(Object.fromEntries(context));
    for (const [name, parent] of Object.entries(parents)) add(name, parent);
  }
  return images;
}

/** Writes a configuration of these images alone, and gives its path. */
function configure(side: 0 | 1, images: Images): string {
  const config = { parents: "set/{name}", reference: "tag", images: Object.fromEntries(images) };
  repository.write({ [`.git/${side}.yml`]: JSON.stringify(config) });
  return join(repository.path, `.git/${side}.yml`);
}

async function keysOf(side: 0 | 1, images: Images): Promise<Keys> {
  const command = ["key", "--json", "--config", configure(side, images)];
  const where = { cwd: repository.path, env: plainEnv({}) };
  const { code, stdout, stderr } = await berth(command, where);
  assert.equal(code, 0, stderr);
  const keyed = JSON.parse(stdout) as { readonly images: readonly { name: string; key: string }[] };
  return new Map(keyed.images.map(({ name, key }) => [name, key]));
}

/** Builds one side of all pairs of one key, without any cache, and reads what came of them. */
async function build({ name: engine, env }: TestEngine, side: 0 | 1) {
  const wanted = new Set(
    builtPairs.flatMap(([title, { sides }]) => [
      nameOf(title),
      ...Object.keys(sides[side].images ?? {}),
    ]),
  );
  const config = configure(side, new Map([...images[side]].filter(([name]) => wanted.has(name))));
  const base = `${engine}/${side}`;
  const options = ["--json", "--engine", engine, "--config", config];
  const { stdout, stderr } = await berth(
    ["ensure", ...options, "--registry", `${registry.host}/${base}`],
    { cwd: repository.path, env: { ...env, BERTH_FORCE_REBUILD: "1" } },
  );
  assert.notEqual(stdout, "", stderr);
  const { outcomes } = JSON.parse(stdout) as { readonly outcomes: readonly Outcome[] };
  const found = outcomes.map(async ({ name, digest }) => {
    return [name, digest === null ? undefined : await imageOf(`${base}/${name}`, digest)] as const;
  });
  return new Map(await Promise.all(found));
}

/** What an image is to whoever runs it; buildah keeps the name of the container that it ran. */
async function imageOf(path: string, digest: string) {
  const { architecture, os, config } = await imageConfig(registry.host, path, digest);
  const settings = { ...(config as object), Hostname: "" };
  return { architecture, os, settings, tree: await imageTree(registry.host, path, digest) };
}
