/** The main job: build once, then find everything, and build only what a change touches. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { imageLayers } from "../support/filetree.ts";
import {
  type Ensured,
  ensure,
  mainBase,
  plan,
  recordOf,
  requestsDuring,
  results,
  type Stage,
  tagsOf,
} from "./stage.ts";

export function testBuilt(name: string, stage: () => Stage, first: () => Ensured): void {
  test(`${name} builds all images of the example, and all their tags and the record are there`, async () => {
    const { plan: planned, record, ...rest } = first();
    const { host } = stage().registry;
    assert.deepEqual(results(rest), all(first(), "built"));
    assert.equal(record, `${host}/${mainBase}/berth:${ownTags.set(planned.set.id)}`);
    for (const { name: image, key } of planned.images) {
      const tags = await tagsOf(host, `${mainBase}/ci/${image}`);
      // buildah's layer cache has tags of 64 hex digits beside them.
      const named = tags.filter((tag) => !/^[0-9a-f]{64}$/.test(tag));
      const own = [ownTags.built, ownTags.cache, ownTags.key(key), ownTags.set(planned.set.id)];
      assert.deepEqual(named, own, image);
    }
    const annotations = await recordOf(record);
    for (const { name: image, digest } of rest.outcomes)
      assert.equal(annotations[`berth.image.${image}`], digest);
    assert.equal(annotations["org.opencontainers.image.revision"], head(stage()));
  });

  test(`${name} builds children from the very images of their parents`, async () => {
    const { host } = stage().registry;
    const layersOf = async (image: string) => {
      const found = first().outcomes.find((outcome) => outcome.name === image);
      return imageLayers(host, `${mainBase}/ci/${image}`, found?.digest ?? "");
    };
    const base = await layersOf("base");
    for (const child of ["compiler", "docs"])
      assert.deepEqual((await layersOf(child)).slice(0, base.length), base);
  });
}

/** What follows from what is there, with any engine. */
export function testReuse(name: string, stage: () => Stage, first: () => Ensured): void {
  test(`${name} moves nothing the second time: one GET for all images`, async () => {
    const { result, requests } = await requestsDuring(stage().registry, () => ensure(stage()));
    const { set } = first().plan;
    assert.deepEqual(result.outcomes, []);
    assert.equal(result.record, first().record);
    assert.deepEqual(requests, [`GET /v2/${mainBase}/berth/manifests/${ownTags.set(set.id)}`]);
    const planned = await plan(stage());
    const kinds = planned.images.map((image) => [image.name, image.decision.kind]);
    assert.deepEqual(Object.fromEntries(kinds), all(first(), "reuse"));
  });

  test(`${name} builds a changed base and its children, and takes all else as it is`, async () => {
    const project = stage().project.clone("changed");
    const file = "images/base.Dockerfile";
    project.write({ [file]: `${project.run("show", `HEAD:${file}`)}\nENV MORE=1\n` });
    project.commit();
    const changed = await ensure(stage(), { project });
    const expected = { ...all(first(), "reused"), base: "built", compiler: "built", docs: "built" };
    assert.deepEqual(results(changed), expected);
    const keys = (ensured: Ensured) =>
      new Map(ensured.plan.images.map((image) => [image.name, image.key]));
    const before = keys(first());
    const moved = [...keys(changed)].filter(([image, key]) => before.get(image) !== key);
    assert.deepEqual(
      moved.map(([image]) => image),
      ["base", "compiler", "docs"],
    );
  });

  test(`${name} does nothing where only ignored files and comments changed`, async () => {
    const project = stage().project.clone("ignored");
    const file = "images/base.Dockerfile";
    project.write({
      "app/src/main.o": "another object\n",
      "app/notes/todo": "more\n",
      "app/notes/new": "new\n",
      [file]: `# a comment\n${project.run("show", `HEAD:${file}`)}\n`,
    });
    project.commit();
    const { outcomes, plan: planned } = await ensure(stage(), { project });
    assert.deepEqual(outcomes, []);
    assert.equal(planned.set.id, first().plan.set.id);
  });
}

function all({ plan: { images } }: Ensured, result: string): Readonly<Record<string, string>> {
  return Object.fromEntries(images.map(({ name }) => [name, result]));
}

function head({ project }: Stage): string {
  return project.run("rev-parse", "HEAD");
}
