import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { sourcesOf } from "../../src/plan/places.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { requireAll, type Wanted } from "../../src/run/choose.ts";
import {
  locateKeys,
  locateRecorded,
  locateTag,
  publishedBy,
  refreshedBy,
  type Search,
} from "../../src/run/locate.ts";
import { client, pushImage, testImage } from "../registry/clients.ts";
import { flowTime, planOf, run } from "../support/flow.ts";
import { config } from "../support/keyed.ts";
import { openProjects } from "../support/projects.ts";

const dockerfiles = { app: "FROM qemu/base\nRUN more\n", base: "FROM scratch\nRUN make\n" };

describe("an image that is looked for on a developer's machine", async () => {
  const projects = await openProjects();
  const { memory } = projects;
  const denied = { kind: "answer", answer: () => ({ status: 403 }) } as const;
  const deny = (project: string) => {
    projects.fault = (_, path) => (path.startsWith(`/v2/${project}/`) ? denied : undefined);
  };

  /** A pipeline that builds and publishes all. */
  const pipeline = (project: string, id: string, env = {}, changed = {}) => {
    const own = {
      env: { CI_PIPELINE_ID: id, ...env },
      dockerfiles: { ...dockerfiles, ...changed },
    };
    return run(projects.job(project, own));
  };

  /** What `berth run` has on a machine that knows upstream and a fork. */
  async function machine() {
    const all = config({ upstream: `${memory.host}/qemu-project/qemu` });
    const situation = situationOf({}, all, `${memory.host}/alice/qemu`);
    const registry = client(undefined);
    const alone = { config: config(), situation: situationOf({}, config(), undefined) };
    const { identified } = await planOf({ registry, dockerfiles, ...alone });
    const { images } = identified;
    return { sources: sourcesOf(situation, all), registry, now: flowTime, images };
  }

  const referencesOf = ({ located }: Search) =>
    Object.fromEntries([...located.values()].map(({ name, reference }) => [name, reference]));
  const outcomesOf = ({ outcomes }: Awaited<ReturnType<typeof run>>) =>
    Object.fromEntries(outcomes.map(({ name, reference }) => [name, reference]));

  test("is upstream's where both have it, and the own one where only that is there", async () => {
    const own = await pipeline("alice/qemu", "1");
    const place = await machine();
    const before = await locateKeys(place.images, place);
    assert.deepEqual(referencesOf(before), outcomesOf(own));
    const kinds = [...before.located.values()].map(({ source }) => source);
    assert.deepEqual(kinds, ["own", "own"]);
    const upstreams = await pipeline("qemu-project/qemu", "2");
    const now = await locateKeys(place.images, place);
    assert.deepEqual(referencesOf(now), outcomesOf(upstreams));
    const [first] = now.located.values();
    assert.equal(first?.source, "upstream");
    assert.equal(first?.foundBy, "set-record");
  });

  test("is found by its key alone, with the commit that it says it was built from", async () => {
    await pipeline("qemu-project/qemu", "1");
    const place = await machine();
    const search = await locateKeys(
      place.images.filter(({ name }) => name === "app"),
      place,
    );
    const app = search.located.get("app");
    assert.deepEqual([app?.foundBy, app?.revision], ["key-tag", "c0ffee"]);
    assert.equal(app?.key, place.images.find(({ name }) => name === "app")?.key);
  });

  test("is found although another registry refuses to be read, which is told where it is nowhere", async () => {
    await pipeline("qemu-project/qemu", "1");
    const place = await machine();
    deny("alice/qemu");
    assert.equal((await locateKeys(place.images, place)).located.size, 2);
    memory.repositories.clear();
    const search = await locateKeys(place.images, place);
    assert.throws(() => requireAll(["app"], {}, search), { code: "REGISTRY_DENIED" });
    deny("qemu-project/qemu");
    const other = await locateKeys(place.images, place);
    assert.throws(() => requireAll(["app"], {}, other), { code: "REGISTRY_DENIED" });
  });

  test("is found by a tag, with the key that it says it has", async () => {
    const registry = client(undefined);
    const image = testImage("latest");
    const path = parseRepository(`${memory.host}/alice/qemu/app`);
    await pushImage(registry, path, image, "latest");
    const place = await machine();
    const search = await locateTag(place.images, "latest", place);
    const digest = image.manifest.descriptor.digest;
    assert.deepEqual(referencesOf(search), { app: `${memory.host}/alice/qemu/app@${digest}` });
    const message = failure(["app", "base"], { tag: "latest" }, search).message;
    assert.match(message, /^find base tagged latest: /);
  });

  test("is what a pipeline refreshed, and not what was there before", async () => {
    const first = await pipeline("qemu-project/qemu", "1");
    const second = await pipeline("qemu-project/qemu", "12", { QEMU_CI_FORCE_REBUILD: "1" });
    const { images, ...scope } = await machine();
    const { found } = await refreshedBy("12", scope);
    assert.ok(found);
    const search = locateRecorded(images, found);
    assert.deepEqual(referencesOf(search), outcomesOf(second));
    assert.notDeepEqual(outcomesOf(second), outcomesOf(first));
    assert.equal((await refreshedBy("2", scope)).found, undefined);
  });

  test("is what a pipeline published, also where its record names upstream's", async () => {
    const app = "FROM scratch\nRUN alice\n";
    const flows = {
      1: await pipeline("qemu-project/qemu", "1"),
      5: await pipeline("alice/qemu", "5", {}, { app }),
    };
    const { images, ...scope } = await machine();
    for (const id of ["1", "5"] as const) {
      const { found } = await publishedBy(id, scope);
      assert.equal(found?.source.kind, id === "1" ? "upstream" : "own");
      const search = locateRecorded(images, found);
      assert.deepEqual(referencesOf(search), outcomesOf(flows[id]));
    }
    assert.equal((await publishedBy("3", scope)).found, undefined);
  });

  test("is what a pipeline published also where one of the registries refuses to be read", async () => {
    await pipeline("alice/qemu", "5");
    deny("qemu-project/qemu");
    const { found, troubles } = await publishedBy("5", await machine());
    assert.equal(found?.content.pipeline, "5");
    const codes = troubles.map(({ code }) => code);
    assert.deepEqual(codes, ["REGISTRY_DENIED"]);
  });

  test("that is nowhere is an error with the places and what to do", async () => {
    const place = await machine();
    const search = await locateKeys(place.images, place);
    const error = failure(["app"], {}, search);
    assert.equal(error.code, "IMAGE_ABSENT");
    const at = (project: string) => `${memory.host}/${project}/(app|base):key\\d+-[0-9a-f]{64}`;
    const both = `it is not at ${at("qemu-project/qemu")} nor at `;
    assert.match(error.message, new RegExp(`^find app of the working tree: ${both}`));
    const none: Search = { located: new Map(), looked: [], troubles: [] };
    assert.match(failure(["app"], {}, none).message, /: no registry is known$/);
    const down = new BerthError("REGISTRY_DENIED", "look at r.example: 403");
    const unseen: Search = { ...none, troubles: [down] };
    assert.equal(failure(["app"], {}, unseen), down);
    requireAll([], {}, unseen);
  });

  function failure(names: readonly string[], wanted: Wanted, search: Search): BerthError {
    try {
      requireAll(names, wanted, search);
    } catch (error) {
      assert.ok(error instanceof BerthError);
      return error;
    }
    assert.fail("nothing is missing");
  }
});
