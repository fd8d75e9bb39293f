/** Two pipelines at once, one of them held at each boundary of its requests while the other runs to its end. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { type IsAncestor, promote } from "../../src/publish/promote.ts";
import type { Fetch } from "../../src/world.ts";
import { client } from "../registry/clients.ts";
import type { Flow } from "../support/flow.ts";
import { type MemoryRegistry, startMemoryRegistry } from "../support/memory-registry.ts";
import { disagreements, historyOf, incomplete, recordOf } from "./checks.ts";
import { type Boundary, stopAt } from "./held.ts";
import { brokenReferences, empty, one, project, runAt, setOf } from "./pipelines.ts";

let memory: MemoryRegistry;
before(async () => {
  memory = await startMemoryRegistry();
});
after(() => memory.stop());

const clear = () => empty(memory);
const pipeline = (fetch: Fetch, dockerfiles = one, revision = "c1") =>
  runAt(memory, { fetch, dockerfiles, revision });

describe("two pipelines that build the same set", () => {
  beforeEach(clear);

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
  const straight: IsAncestor = async (ancestor, descendant) => ancestor < descendant;
  let older: Flow;
  let newer: Flow;

  const prepare = async () => {
    clear();
    older = await pipeline(fetch, one, "c1");
    newer = await pipeline(fetch, { only: "FROM scratch\nRUN more\n" }, "c2");
  };
  const move = ({ plan }: Flow, by: Fetch) =>
    promote(
      {
        plan,
        base: parseRepository(`${memory.host}/${project}`),
        registry: client(undefined, { fetch: by }),
        now: new Date(0),
      },
      "latest",
      straight,
    );

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
