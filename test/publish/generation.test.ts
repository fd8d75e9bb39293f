import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { publishSet } from "../../src/publish/set.ts";
import { digestOf, type Flow, planOf, run } from "../support/flow.ts";
import type { Fault } from "../support/memory-registry.ts";
import { openProjects } from "../support/projects.ts";

const project = "qemu-project/qemu";

interface Started {
  readonly pipeline: number;
  readonly revision?: string;
  readonly force?: string;
  readonly project?: string;
  readonly env?: Record<string, string>;
  readonly dockerfiles?: Readonly<Record<string, string>>;
}

const refused: Fault = { kind: "answer", answer: () => ({ status: 400 }) };

/** The first thing that a killed promotion does not get to put. */
const places = {
  "before a key tag": () => (path: string) => /\/child\/manifests\/key/.test(path),
  "before the record": (id: string) => (path: string) =>
    path.endsWith(`/berth/manifests/${ownTags.set(id)}`),
  "before the moving tag": () => (path: string) => path.endsWith("/manifests/latest"),
};

describe("a refreshed generation", async () => {
  const projects = await openProjects();
  const { memory, puts } = projects;

  const base = "FROM scratch\n";
  const dockerfiles = { base, child: "FROM qemu/base\nRUN x\n", lone: "FROM scratch\nRUN y\n" };

  function options(started: Started) {
    const env = {
      ...started.env,
      CI_PIPELINE_ID: String(started.pipeline),
      ...(started.force === undefined ? {} : { QEMU_CI_FORCE_REBUILD: started.force }),
    };
    return projects.job(started.project ?? project, {
      env,
      settings: { reference: "tag" },
      dockerfiles: started.dockerfiles ?? dockerfiles,
      revision: started.revision ?? "c1",
    });
  }
  const pipeline = (started: Started): Promise<Flow> => run(options(started));
  const move = (flow: Pick<Flow, "plan">, tag?: string) =>
    projects.promote(project, flow, tag === undefined ? {} : { tag });

  /** What a repository has, by the beginning of the tag's name. */
  const tagged = (name: string, tag: string | RegExp, own = project): string | undefined => {
    const tags = [...(memory.repositories.get(`${own}/${name}`)?.tags ?? [])];
    return tags.find(([known]) => (typeof tag === "string" ? known === tag : tag.test(known)))?.[1];
  };
  const keyed = (name: string) => tagged(name, /^key\d+-[0-9a-f]{64}$/);
  /** The digests that a pipeline that forces nothing runs in. */
  const used = async (pipelineId: number) => {
    const { plan } = await planOf(options({ pipeline: pipelineId }));
    return Object.fromEntries(
      plan.images.map(({ name, decision: at }) => [
        name,
        at.kind === "reuse" ? at.digest : at.kind,
      ]),
    );
  };
  const all = (flow: Flow) =>
    Object.fromEntries(Object.keys(dockerfiles).map((name) => [name, digestOf(flow, name)]));

  test("is tested in its own images, and used by others once it is promoted", async () => {
    const first = await pipeline({ pipeline: 1 });
    await move(first);
    const second = await pipeline({ pipeline: 2, force: "base", revision: "c2" });
    assert.deepEqual([...second.built].sort(), ["base", "child"]);
    const { variables, set } = second.plan;
    assert.equal(variables["QEMU_CI_CONTAINER_TAG"], `${ownTags.set(set.id)}-r2`);
    for (const name of Object.keys(dockerfiles))
      assert.equal(tagged(name, `${ownTags.set(second.plan.set.id)}-r2`), digestOf(second, name));
    assert.notEqual(digestOf(second, "base"), digestOf(first, "base"));
    assert.equal(digestOf(second, "lone"), digestOf(first, "lone"));
    assert.equal(keyed("base"), digestOf(first, "base"));
    assert.deepEqual(await used(3), all(first));

    assert.deepEqual(await move(second), { kind: "promoted", tag: "latest", images: 2 });
    for (const name of Object.keys(dockerfiles)) {
      assert.equal(keyed(name), digestOf(second, name));
      assert.equal(tagged(name, "latest"), digestOf(second, name));
    }
    assert.deepEqual(await used(4), all(second));
    const { plan } = await planOf(options({ pipeline: 4 }));
    assert.equal(plan.variables["QEMU_CI_CONTAINER_TAG"], `${ownTags.set(plan.set.id)}-r2`);
  });

  test("is promoted by a job that plans anew and forces nothing", async () => {
    await pipeline({ pipeline: 1 });
    const second = await pipeline({ pipeline: 2, force: "lone" });
    const { plan } = await planOf(options({ pipeline: 2 }));
    assert.equal(plan.set.generation, null);
    await move({ plan });
    assert.equal(keyed("lone"), digestOf(second, "lone"));
    assert.deepEqual(await used(3), all(second));
  });

  test("is adopted by the same pipeline run again", async () => {
    await pipeline({ pipeline: 1 });
    const second = await pipeline({ pipeline: 2, force: "base" });
    const again = await pipeline({ pipeline: 2, force: "base" });
    assert.deepEqual(again.built, []);
    assert.deepEqual(all(again), all(second));
    const other = await pipeline({ pipeline: 3, force: "base" });
    assert.deepEqual([...other.built].sort(), ["base", "child"]);
  });

  for (const where of ["before a key tag", "before the record", "before the moving tag"] as const)
    test(`is whole after it was killed ${where} and promoted again`, async () => {
      const first = await pipeline({ pipeline: 1 });
      await move(first);
      const second = await pipeline({ pipeline: 2, force: "base", revision: "c2" });
      const last = places[where](second.plan.set.id);
      let isDead = false;
      projects.fault = (method, path) => {
        isDead ||= method === "PUT" && last(path);
        return isDead ? refused : undefined;
      };
      await assert.rejects(move(second), { code: "REGISTRY_REFUSED" });
      projects.fault = undefined;
      const known = [first, second].map((flow) => digestOf(flow, "base"));
      assert.ok(known.some((digest) => digest === keyed("base")));
      await move(second);
      assert.deepEqual(await used(4), all(second));
      assert.equal(keyed("base"), digestOf(second, "base"));
      assert.equal(keyed("child"), digestOf(second, "child"));
      assert.equal(tagged("child", "latest"), digestOf(second, "child"));
    });

  test("of an older commit moves nothing, and says so", async () => {
    const first = await pipeline({ pipeline: 1 });
    const older = await pipeline({ pipeline: 2, force: "1", revision: "c2" });
    await move(await pipeline({ pipeline: 3, revision: "c3" }));
    memory.log.length = 0;
    assert.deepEqual(await move(older), { kind: "older", tag: "latest", promoted: "c3" });
    assert.deepEqual(puts(), []);
    assert.deepEqual(await used(4), all(first));
  });

  test("of an older pipeline of the same commit moves nothing, and says so", async () => {
    await pipeline({ pipeline: 1 });
    const older = await pipeline({ pipeline: 2, force: "1" });
    const later = await pipeline({ pipeline: 10, force: "1" });
    await move(later);
    memory.log.length = 0;
    assert.deepEqual(await move(older), { kind: "later", tag: "latest", pipeline: "10" });
    assert.deepEqual(puts(), []);
    assert.deepEqual(await used(11), all(later));
  });

  test("of an older pipeline may have another moving tag, but not the keys", async () => {
    await pipeline({ pipeline: 1 });
    const older = await pipeline({ pipeline: 2, force: "1" });
    const later = await pipeline({ pipeline: 3, force: "1" });
    await move(later);
    assert.equal((await move(older, "staging-9-2")).kind, "promoted");
    assert.equal(tagged("base", "staging-9-2"), digestOf(older, "base"));
    assert.equal(keyed("base"), digestOf(later, "base"));
    assert.deepEqual(await used(4), all(later));
  });

  test("is not undone by a pipeline that planned before and publishes after", async () => {
    await move(await pipeline({ pipeline: 1 }));
    const fresh = await pipeline({ pipeline: 2, force: "1" });
    const tag = { QEMU_CI_CONTAINER_TAG: "mine" };
    const planned = await planOf(options({ pipeline: 3, env: tag }));
    await move(fresh);
    const { registry, situation } = options({ pipeline: 3, env: tag });
    const base = parseRepository(`${memory.host}/${project}`);
    await publishSet({ plan: planned.plan, situation, base, registry, now: new Date(0) });
    assert.notEqual(tagged("base", "mine"), undefined);
    assert.deepEqual(await used(4), all(fresh));
  });

  test("is not undone by a pipeline that found an old record before, and writes it anew after", async () => {
    await move(await pipeline({ pipeline: 1 }));
    const now = new Date(21 * 3_600_000);
    const fresh = await pipeline({ pipeline: 2, force: "1" });
    const { plan } = await planOf({ ...options({ pipeline: 3 }), now });
    assert.ok(plan.set.stale);
    await move(fresh);
    const { registry, situation } = options({ pipeline: 3 });
    const base = parseRepository(`${memory.host}/${project}`);
    await publishSet({ plan, situation, base, registry, now });
    assert.deepEqual(await used(4), all(fresh));
  });

  test("has an image that had to be built upon it, which others see only once it is promoted", async () => {
    await pipeline({ pipeline: 1 });
    const more = { ...dockerfiles, late: "FROM qemu/base\nRUN late\n" };
    const second = await pipeline({ pipeline: 2, force: "base", dockerfiles: more });
    assert.equal(keyed("late"), undefined);
    await move(second);
    assert.equal(keyed("late"), digestOf(second, "late"));
  });

  test("in a fork is the fork's own, and that pipeline's alone", async () => {
    const upstream = await pipeline({ pipeline: 1 });
    const alice = { project: "alice/qemu", env: { CI_COMMIT_BRANCH: "topic" } };
    const forced = await pipeline({ ...alice, pipeline: 2, force: "lone" });
    assert.deepEqual(forced.built, ["lone"]);
    assert.equal(forced.plan.complete, true);
    assert.equal(tagged("lone", /^key\d+-.*-r2$/, "alice/qemu"), digestOf(forced, "lone"));
    assert.equal(tagged("lone", /^key\d+-[0-9a-f]{64}$/, "alice/qemu"), undefined);
    assert.equal(keyed("lone"), digestOf(upstream, "lone"));
    const next = await pipeline({ ...alice, pipeline: 3 });
    assert.deepEqual(next.built, []);
    assert.equal(digestOf(next, "lone"), digestOf(upstream, "lone"));
  });
});
