import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reasonOf } from "../../src/plan/decision.ts";
import { serializePlan } from "../../src/plan/make.ts";
import { parsePlan } from "../../src/plan/plan.ts";
import { refusedWrite } from "../../src/plan/rights.ts";
import { planOf, run } from "../support/flow.ts";
import { plannedImage, planWith, someDigest } from "../support/keyed.ts";
import { openProjects } from "../support/projects.ts";

test("the right to push is asked for where a job of GitLab has something to push", async () => {
  const reference = `r.example/p/app@${someDigest}`;
  const place = { repository: "r.example/p/app", tag: "t" };
  const there = { kind: "reuse", reference, digest: someDigest, foundBy: "set-record" } as const;
  const absent = { kind: "build", because: { code: "absent", looked: [] } } as const;
  const own = { host: "r.example", path: "p" };
  const wishes = { tag: undefined } as Parameters<typeof refusedWrite>[1]["wishes"];
  for (const [decision, ci, asked] of [
    [absent, true, 2],
    [absent, false, 0],
    [there, true, 0],
  ] as const) {
    let questions = 0;
    const registry = { announce: () => undefined, refusal: async () => void questions++ };
    const plan = planWith([plannedImage("app", decision, place)]);
    const situation = { ci, own, upstream: undefined, wishes };
    assert.equal(await refusedWrite(plan, situation, registry), undefined);
    assert.equal(questions, asked);
  }
});

describe("planOf", async () => {
  const projects = await openProjects();
  const both = { base: "FROM scratch\n", child: "FROM qemu/base\nRUN make\n" };

  /** A job of upstream, and the images of which it was asked what changed. */
  function job(dockerfiles: Readonly<Record<string, string>>, env: Record<string, string> = {}) {
    const asked: string[] = [];
    const changes = async (names: readonly string[]) => {
      asked.push(...names);
      return new Map(names.map((name) => [name, { since: `RUN in ${name} changed since latest` }]));
    };
    const settings = { upstream: undefined };
    const options = projects.job("qemu-project/qemu", { dockerfiles, env, settings, changes });
    return { options, asked };
  }

  test("asks what changed in images that are nowhere, and says it in their reason", async () => {
    const { options, asked } = job(both);
    const { plan } = await planOf(options);
    assert.deepEqual(asked, ["base", "child"]);
    assert.deepEqual(
      plan.images.map(({ decision }) => reasonOf(decision)),
      ["RUN in base changed since latest", "RUN in child changed since latest"],
    );
  });

  test("asks of no image that is there, whatever is to be built again", async () => {
    await run(job(both).options);
    const { options, asked } = job(both, { QEMU_CI_FORCE_REBUILD: "base" });
    const { plan } = await planOf(options);
    assert.deepEqual(asked, []);
    assert.deepEqual(
      plan.images.map(({ decision }) => `${decision.kind}: ${reasonOf(decision)}`),
      ["refresh: asked for by FORCE_REBUILD", "refresh: its parent base is refreshed"],
    );
    const edited = job({ ...both, child: "FROM qemu/base\nRUN make all\n" });
    await planOf(edited.options);
    assert.deepEqual(edited.asked, ["child"]);
  });

  test("is complete where every image is, or ends, in the own registry", async () => {
    const complete = async (project: string) =>
      (await planOf(projects.job(project, { dockerfiles: both }))).plan.complete;
    assert.equal(await complete("qemu-project/qemu"), true);
    await run(projects.job("qemu-project/qemu", { dockerfiles: both }));
    assert.equal(await complete("qemu-project/qemu"), true);
    assert.equal(await complete("alice/qemu"), false);
  });

  test("makes what plan.json gives back", async () => {
    const { plan } = await planOf(job(both).options);
    assert.deepEqual(parsePlan(serializePlan(plan), "plan.json"), plan);
  });
});
