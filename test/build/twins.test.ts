/** Two names for one key: one build, and a copy of it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parentReferences } from "../../src/build/parents.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { reasonOf } from "../../src/plan/decision.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { derive, planOf, run } from "../support/flow.ts";
import { config } from "../support/keyed.ts";
import { type Job, openProjects } from "../support/projects.ts";

const upstream = "qemu-project/qemu";
const recipe = "FROM scratch\nRUN make\n";
const dockerfiles = { a: recipe, b: recipe, child: "FROM qemu/b\nRUN more\n" };

describe("two names for one key", async () => {
  const { memory, job: jobOf } = await openProjects();
  const job = (project: string, change: Job = {}) => jobOf(project, { dockerfiles, ...change });
  const reasons = ({ images }: Plan) =>
    Object.fromEntries(images.map(({ name, decision }) => [name, reasonOf(decision)]));
  const digestsIn = (path: string) => [...new Set(memory.repositories.get(path)?.tags.values())];
  const digests = (path: string) => ["a", "b"].map((name) => digestsIn(`${path}/${name}`));

  test("are one build, and the other image is the same digest, by mounts", async () => {
    const flow = await run(job(upstream));
    assert.deepEqual(flow.built, ["a", "child"]);
    assert.equal(reasons(flow.plan)["b"], "same as a");
    const [a, b] = flow.outcomes;
    assert.deepEqual([a?.result, b?.result], ["built", "copied"]);
    assert.equal(a?.digest, b?.digest);
    assert.deepEqual(digests(upstream)[1], [b?.digest]);
    const { plan } = await planOf(job(upstream));
    assert.deepEqual([...new Set(plan.images.map(({ decision }) => decision.kind))], ["reuse"]);
  });

  test("are copied by the job that publishes, and found there by what is built upon them", async () => {
    const options = job(upstream);
    const planned = await planOf(options);
    const { plan } = planned;
    assert.equal((await derive(options, planned)).size, 0, "nothing is built yet");
    await run(job(upstream, { dockerfiles: { a: recipe } }));
    const [a, b, child] = plan.images;
    assert.ok(a && b && child);
    const at = { planned: plan.images, done: new Map(), registry: options.registry };
    const from = await parentReferences(child, at);
    assert.equal(parseReference(from.get("b") ?? "").path, `${upstream}/a`);
    const copied = await derive(options, planned);
    assert.equal(copied.get("b")?.descriptor.digest, parseReference(from.get("b") ?? "").digest);
  });

  test("a name that is new takes the image that the other has", async () => {
    await run(job(upstream, { dockerfiles: { a: recipe } }));
    const flow = await run(job(upstream));
    assert.deepEqual(flow.built, ["child"]);
    assert.equal(flow.outcomes.map(({ result }) => result).join(), "reused,copied,built");
    assert.deepEqual(digests(upstream)[0]?.includes(flow.outcomes[1]?.digest ?? ""), true);
  });

  test("are refreshed by one build", async () => {
    await run(job(upstream));
    const env = { QEMU_CI_FORCE_REBUILD: "1", CI_PIPELINE_ID: "101" };
    const flow = await run(job(upstream, { env }));
    assert.deepEqual(flow.built, ["a", "child"]);
    assert.equal(flow.outcomes[0]?.digest, flow.outcomes[1]?.digest);
    assert.ok(flow.plan.images.every(({ tag }) => tag.endsWith("-r101")));
  });

  test("are what they are where there is no registry to copy to", async () => {
    const situation = situationOf({}, config(), undefined);
    const { plan } = await planOf({ ...job(upstream), situation });
    assert.equal(reasons(plan)["b"], "no registry is known");
  });
});
