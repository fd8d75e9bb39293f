import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { reasonOf } from "../../src/plan/decision.ts";
import { serializePlan } from "../../src/plan/make.ts";
import { parsePlan } from "../../src/plan/plan.ts";
import { hoursLater, planOf, run } from "../support/flow.ts";
import { openProjects } from "../support/projects.ts";

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

  test("announces what it may read before it reads, again where it turns out to be untrusted", async () => {
    const { options } = job(both);
    const said: string[] = [];
    const announce: typeof options.registry.announce = (access, repositories) =>
      void said.push(...repositories.map(({ path }) => `${access} ${path}`));
    const answers = ["denied"];
    const refusal = async () => answers.shift();
    await planOf({ ...options, registry: { ...options.registry, announce, refusal } });
    assert.equal(said[0], "pull qemu-project/qemu/berth");
    const [asked, reads] = ["push qemu-project/qemu/berth", "pull qemu-project/qemu/try/berth"];
    assert.ok(said.indexOf(asked) < said.indexOf(reads), said.join());
  });

  test("says so where what is due cannot be refreshed, since this run may not push it", async () => {
    await run(job(both).options);
    const { options } = job(both, { CI_PIPELINE_SOURCE: "schedule" });
    const answers = ["denied"];
    const refusal = async () => answers.shift();
    const now = hoursLater(8 * 24);
    const registry = { ...options.registry, refusal };
    const { plan } = await planOf({ ...options, now, registry });
    assert.deepEqual(
      plan.images.map(({ decision }) => decision.kind),
      ["reuse", "reuse"],
    );
    assert.equal(
      plan.warnings[0],
      "nothing is refreshed: the set record may not be pushed from this pipeline: denied",
    );
  });

  test("says so where a schedule refreshes what no branch of its kind promotes, each time anew", async () => {
    const started = (branch: string) =>
      planOf({
        ...job(both, { CI_PIPELINE_SOURCE: "schedule", CI_COMMIT_BRANCH: branch }).options,
        now: hoursLater(8 * 24),
      });
    await run(job(both).options);
    const [stable, main] = [await started("stable-1"), await started("master")];
    for (const { plan } of [stable, main])
      assert.deepEqual(
        plan.images.map(({ decision }) => decision.kind),
        ["refresh", "refresh"],
      );
    assert.match(
      stable.plan.warnings.join(),
      /^what is refreshed serves this pipeline alone, .*: no rule of `publish` names stable-1\b/,
    );
    assert.deepEqual(main.plan.warnings, []);
    const forced = job(both, { QEMU_CI_FORCE_REBUILD: "1", CI_COMMIT_BRANCH: "stable-1" });
    assert.deepEqual((await planOf(forced.options)).plan.warnings, []);
  });

  test("makes what plan.json gives back, with the commit that was read", async () => {
    const { plan } = await planOf(job(both).options);
    assert.equal(plan.revision, "c0ffee");
    assert.deepEqual(parsePlan(serializePlan(plan), "plan.json"), plan);
  });
});
