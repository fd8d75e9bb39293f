/** Two pipelines at once, one of them held at each boundary of its requests while the other runs to its end. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import type { Fetch } from "../../src/world.ts";
import { type Flow, run } from "../support/flow.ts";
import { type Job, openProjects } from "../support/projects.ts";
import { disagreements, historyOf, incomplete, recordOf } from "./checks.ts";
import { type Boundary, stopAt } from "./held.ts";
import { brokenReferences, project, setOf } from "./pipelines.ts";

const { memory, job, promote, clear } = await openProjects();
const one = { only: "FROM scratch\nRUN make\n" };
const pipeline = (fetch: Fetch, dockerfiles: Job["dockerfiles"] = one, revision = "c1") =>
  run(job(project, { fetch, dockerfiles, revision }));

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
      for (const { index, moment } of boundaries) {
        clear();
        await race(late, index, moment);
      }
      assert.ok(boundaries.length > 30);
    });
  }

  async function count(): Promise<readonly Boundary[]> {
    clear();
    const stop = stopAt(() => false);
    await pipeline(stop.fetch);
    return stop.passed;
  }

  async function race(late: number, index: number, moment: string): Promise<void> {
    const slow = stopAt(puts(late));
    const held = stopAt((boundary) => boundary.index === index && boundary.moment === moment);
    const second = pipeline(slow.fetch);
    assert.ok(await slow.reached(second));
    const first = pipeline(held.fetch);
    await held.reached(first);
    slow.go();
    const other = await second;
    held.go();
    const flows = [await first, other];
    const where = `late put ${late}, held ${moment} request ${index}`;
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

  for (const who of ["older", "newer"] as const) {
    test(`end at the newer one where the ${who} is held at any moment`, async () => {
      await prepare();
      const counted = stopAt(() => false);
      await move(older, counted.fetch);
      assert.ok(counted.passed.length > 12, `${counted.passed.length}`);
      for (const { index, moment } of counted.passed) {
        await prepare();
        const held = stopAt((boundary) => boundary.index === index && boundary.moment === moment);
        const slow = move(who === "older" ? older : newer, held.fetch);
        await held.reached(slow);
        await move(who === "older" ? newer : older, fetch);
        held.go();
        await slow;
        const where = `held ${moment} request ${index}`;
        assert.equal(recordOf(memory, project, "latest")?.revision, "c2", where);
        assert.deepEqual(disagreements(memory, project, setOf(newer), "latest"), [], where);
        const claims = [...(memory.repositories.get(`${project}/berth`)?.tags.keys() ?? [])];
        const kept = claims.filter((tag) => tag.startsWith("promote-"));
        assert.deepEqual(kept, ["promote-latest-c2"], where);
      }
    });
  }
});
