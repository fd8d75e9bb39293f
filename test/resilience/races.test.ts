/**
 * Two pipelines at once, one of them held behind each of its requests while the other runs to its end; and one that ends
 * behind each of its writes, which are all states that a killed one may leave in a registry.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import type { Fetch } from "../../src/world.ts";
import { type Flow, run } from "../support/flow.ts";
import { type Job, openProjects } from "../support/projects.ts";
import { disagreements, historyOf, incomplete, recordOf, tagsIn } from "./checks.ts";
import { type Boundary, heldFetch, stopAt } from "./held.ts";
import { brokenReferences, project, setOf } from "./pipelines.ts";

const { memory, job, promote, clear } = await openProjects();
const one = { only: "FROM scratch\nRUN make\n" };
const pipeline = (fetch: Fetch, dockerfiles: Job["dockerfiles"] = one, revision = "c1") =>
  run(job(project, { fetch, dockerfiles, revision }));

/** What a run knows and has done is the same until its next request is answered. */
const isAnswered = ({ moment }: Boundary) => moment === "after";
const isWrite = (boundary: Boundary) =>
  isAnswered(boundary) && !/^(?:GET|HEAD) /.test(boundary.request);

describe("two pipelines that build the same set", () => {
  /** Puts of an image, where a pipeline can be late. */
  const puts = (count: number) => {
    let seen = 0;
    return ({ request, moment }: Boundary) =>
      moment === "before" && /^PUT .*\/manifests\//.test(request) && seen++ === count;
  };

  for (const [late, name] of [
    "engine's tag",
    "key's tag",
    "cache",
    "set's tag",
    "record",
  ].entries()) {
    test(`end at one digest where one puts its ${name} late, at any moment of the other`, async () => {
      const boundaries = await count();
      for (const { index } of boundaries) {
        clear();
        await race(late, index);
      }
      assert.ok(boundaries.length > 15, `${boundaries.length}`);
    });
  }

  async function count(): Promise<readonly Boundary[]> {
    clear();
    const stop = stopAt(() => false);
    await pipeline(stop.fetch);
    return stop.passed.filter(isAnswered);
  }

  async function race(late: number, index: number): Promise<void> {
    const slow = stopAt(puts(late));
    const held = stopAt((boundary) => boundary.index === index && isAnswered(boundary));
    const second = pipeline(slow.fetch);
    assert.ok(await slow.reached(second));
    const first = pipeline(held.fetch);
    await held.reached(first);
    slow.go();
    const other = await second;
    held.go();
    const flows = [await first, other];
    const where = `late put ${late}, held behind request ${index}`;
    for (const flow of flows) {
      assert.ok(flow.published?.record, where);
      assert.deepEqual(disagreements(memory, project, setOf(flow)), [], where);
      assert.deepEqual(brokenReferences(memory, flow), [], where);
    }
    assert.deepEqual(incomplete(memory), [], where);
    const key = flows[0]?.plan.images[0]?.key;
    assert.ok(historyOf(memory, `${project}/only`, ownTags.key(key ?? "")).length <= 2, where);
  }
});

describe("two promotions of different commits", () => {
  let older: Flow;
  let newer: Flow;

  const prepare = async () => {
    clear();
    older = await pipeline(fetch, one, "c1");
    newer = await pipeline(fetch, { only: "FROM scratch\nRUN more\n" }, "c2");
  };
  const move = (flow: Flow, fetch: Fetch) => promote(project, flow, { fetch });

  for (const who of ["older", "newer"] as const)
    test(`end at the newer one where the ${who} is held at any moment and the newer is run again`, async () => {
      await prepare();
      const counted = stopAt(() => false);
      await move(older, counted.fetch);
      const answered = counted.passed.filter(isAnswered);
      assert.ok(answered.length > 6, `${answered.length}`);
      for (const { index } of answered) {
        await prepare();
        const held = stopAt((boundary) => boundary.index === index && isAnswered(boundary));
        const slow = move(who === "older" ? older : newer, held.fetch);
        await held.reached(slow);
        await move(who === "older" ? newer : older, fetch);
        held.go();
        await slow;
        // Nothing locks here: GitLab's resource_group lets none begin before another has ended.
        await move(newer, fetch);
        const where = `held behind request ${index}`;
        assert.equal(recordOf(memory, project, "latest")?.revision, "c2", where);
        assert.deepEqual(disagreements(memory, project, setOf(newer), "latest"), [], where);
      }
    });
});

describe("a run that ends behind any of its writes", () => {
  const parent = "FROM scratch\nRUN parent\n";
  const images = { parent, child: "FROM qemu/parent\nRUN child\n", other: one.only };

  /** Passes requests on up to the answer of so many writes; then none is sent, and no answer comes. */
  function upTo(writes: number): Fetch {
    let left = writes;
    return heldFetch(async (boundary) => {
      if (left > 0 && isWrite(boundary)) left -= 1;
      if (left === 0) throw new TypeError("the process is gone");
    });
  }

  const promoting = async (by: Fetch) => {
    const flow = await pipeline(fetch, images);
    await promote(project, flow, { fetch: by });
    return flow;
  };
  for (const [what, run, least, moved] of [
    ["pipeline", (by: Fetch) => pipeline(by, images), 30, undefined],
    ["promotion", promoting, 4, "latest"],
  ] as const)
    test(`leaves a ${what} that ends as if nothing had been when it is run again`, async () => {
      const counted = stopAt(() => false);
      await run(counted.fetch);
      const wanted = tagsIn(memory);
      const count = counted.passed.filter(isWrite).length;
      assert.ok(count >= least, `${count}`);
      for (let writes = 1; writes < count; writes++) {
        const where = `${writes} of ${count} writes`;
        clear();
        await run(upTo(writes)).catch(() => undefined);
        assert.notDeepEqual(tagsIn(memory), wanted, where);
        assert.deepEqual(incomplete(memory), [], where);
        const again = await run(fetch);
        assert.deepEqual(tagsIn(memory), wanted, where);
        assert.deepEqual(incomplete(memory), [], where);
        assert.deepEqual(disagreements(memory, project, setOf(again), moved), [], where);
        for (const { name, key } of again.plan.images)
          assert.equal(historyOf(memory, `${project}/${name}`, ownTags.key(key)).length, 1, where);
      }
    });
});
