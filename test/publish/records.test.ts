import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { pastTag } from "../../src/oci/tags.ts";
import type { Decision, Plan, PlannedImage } from "../../src/plan/plan.ts";
import type { RecordedImage } from "../../src/plan/record.ts";
import { ownBase } from "../../src/plan/situation.ts";
import { movedKeys, recordOf } from "../../src/publish/record.ts";
import { publishSet } from "../../src/publish/set.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { client, counted } from "../registry/clients.ts";
import { type Flow, flowTime, hoursLater, planOf, run } from "../support/flow.ts";
import { toBuild as build, plannedImage, planWith, someDigest, toReuse } from "../support/keyed.ts";
import { type Job, openProjects } from "../support/projects.ts";

const upstream = "qemu-project/qemu";
const fork = "alice/qemu";
const dockerfiles = { x: "FROM scratch\nRUN x\n", y: "FROM scratch\nRUN y\n" };
const changed = { ...dockerfiles, y: "FROM scratch\nRUN y in alice's fork\n" };

test("what is recorded of a set is told by its plan, and where there is none nothing is", () => {
  const [own, away, lost] = ["own", "away", "lost"].map((name) => plannedImage(name, build));
  const found = { digest: someDigest, manifest: undefined };
  const placed = [
    { image: own!, found: { ...found, reference: { host: "r.example", path: "own" } } },
    { image: away!, found: { ...found, reference: { host: "r.example", path: "up/away" } } },
    { image: lost!, found: undefined },
  ] as unknown as Parameters<typeof recordOf>[2];
  const plan = planWith([], { pipeline: "77" });
  const reference = { host: "r.example", path: "up/away", digest: someDigest };
  const upstream = { host: "r.example", path: "up" };
  assert.deepEqual(recordOf(plan, { upstream }, placed), {
    setId: plan.set.id,
    tag: plan.set.tag,
    images: new Map<string, RecordedImage>([
      ["own", { kind: "own", digest: someDigest }],
      ["away", { kind: "elsewhere", reference }],
      ["lost", { kind: "missing" }],
    ]),
    revision: plan.revision,
    pipeline: "77",
    prefix: "QEMU_CI",
    upstream: "r.example/up",
  });
  const none = { complete: false, revision: null, pipeline: null };
  const bare = recordOf({ ...plan, ...none }, { upstream: undefined }, []);
  const { tag, revision, pipeline } = bare;
  assert.deepEqual([tag, revision, pipeline, bare.upstream], Array(4).fill(undefined));
});

test("of what is not there only an optional image that was to be built may be missing", async () => {
  const reuse = toReuse(`r.example/one@${someDigest}`);
  const nothing = async () => undefined;
  const registry = { announce: () => undefined, head: nothing, get: nothing } as object as Registry;
  const written = { ...registry, put: nothing, putBlob: nothing } as object as Registry;
  const base = { host: "r.example", path: "up" };
  const wishes = { force: "none", tag: undefined } as const;
  const situation = { ci: true, wishes, upstream: base } as const;
  const publish = (decision: Decision, optional: boolean, change: Partial<PlannedImage> = {}) => {
    const plan = planWith([plannedImage("one", decision, { optional, ...change })]);
    return publishSet({ plan, situation, base, registry: written, now: flowTime });
  };
  for (const [decision, optional] of [
    [build, false],
    [reuse, false],
    [reuse, true],
  ] as const)
    await assert.rejects(publish(decision, optional), { code: "SET_INCOMPLETE", message: /one/ });
  assert.deepEqual((await publish(build, true)).missing, ["one"]);
  const nowhere = publish(build, false, { repository: null });
  await assert.rejects(nowhere, { code: "SET_INCOMPLETE", message: /one \(no registry:/ });
});

test("a key's tag that is gone, or is what was built, has not moved", async () => {
  const image = plannedImage("one", build);
  const reference = { host: "r.example", path: "one" };
  const placed = [{ image, found: { digest: someDigest, reference } }] as unknown;
  for (const current of [
    undefined,
    { digest: someDigest },
    { digest: `sha256:${"9".repeat(64)}` },
  ]) {
    const asked: string[] = [];
    const registry = {
      head: async () => current,
      get: async ({ tag }: { readonly tag: string }) => {
        asked.push(tag);
        return { digest: current?.digest };
      },
    } as unknown as Parameters<typeof movedKeys>[1];
    const moved = await movedKeys(placed as Parameters<typeof movedKeys>[0], registry);
    const isMoved = current !== undefined && current.digest !== someDigest;
    assert.deepEqual([...moved.keys()], isMoved ? ["one"] : []);
    assert.deepEqual(asked, isMoved ? [image.tag] : []);
  }
});

describe("a set record", async () => {
  const projects = await openProjects();
  const { memory } = projects;
  const job = (project: string, start: Job = {}) =>
    projects.job(project, { dockerfiles, now: flowTime, ...start });
  const decisions = ({ images }: Plan) => images.map(({ decision }) => decision.kind).join(" ");
  const referenceOf = ({ images }: Plan, name: string): string =>
    images.find((image) => image.name === name)?.reference ?? "";
  /** Deletes what a reference names, and all its tags. */
  const lose = (reference: string): void => {
    const { path, digest = "" } = parseReference(reference);
    const stored = memory.repositories.get(path);
    stored?.manifests.delete(digest);
    for (const [tag, at] of stored?.tags ?? []) if (at === digest) stored?.tags.delete(tag);
  };
  /** What GitLab's registry does a day after a manifest has lost its last tag. */
  const collect = (): void => {
    // Caches move with each build.
    for (const { tags } of memory.repositories.values())
      for (const moving of [ownTags.cache, ownTags.built]) tags.delete(moving);
    for (const { tags, manifests } of memory.repositories.values()) {
      const tagged = new Set(tags.values());
      for (const digest of manifests.keys()) if (!tagged.has(digest)) manifests.delete(digest);
    }
  };
  const asked = () =>
    counted(memory.log.splice(0), (line) => line.replace(/ .*\/(manifests|blobs)\/.*/, " $1"));
  const move = (project: string, flow: Pick<Flow, "plan">, now = flowTime) =>
    projects.promote(project, flow, { now, isAncestor: async () => false });
  const publishAgain = (project: string, plan: Plan) => {
    const { registry, situation } = job(project);
    return publishSet({ plan, situation, base: ownBase(situation), registry, now: flowTime });
  };
  const isThere = async (reference: string) =>
    (await client(undefined).head(parseReference(reference))) !== undefined;

  test("is believed about the repositories that it was written for alone", async () => {
    await run(job(upstream));
    const { plan } = await planOf(job(upstream, { settings: { repository: "ci/{name}" } }));
    assert.equal(decisions(plan), "build build");
  });

  test("is believed about the upstream that it was written for alone", async () => {
    await run(job(upstream));
    await run(job(fork, { dockerfiles: changed }));
    const settings = { upstream: "other-project" };
    const { plan } = await planOf(job(fork, { dockerfiles: changed, settings }));
    assert.equal(decisions(plan), "build reuse");
  });

  test("that is old is believed after a HEAD for each image, then written anew by one PUT", async () => {
    await run(job(upstream));
    asked();
    await planOf(job(upstream, { now: hoursLater(20) }));
    assert.deepEqual(asked(), { "GET manifests": 1 });
    const { plan } = await planOf(job(upstream, { now: hoursLater(21) }));
    assert.deepEqual(asked(), { "GET manifests": 1, "HEAD manifests": 2 });
    assert.deepEqual([decisions(plan), plan.set.stale], ["reuse reuse", true]);
    await run(job(upstream, { now: hoursLater(21) }));
    // Once more just before it is written, for a refresh may have been promoted since.
    const publishing = { "HEAD manifests": 4, "PUT manifests": 1 };
    assert.deepEqual(asked(), { "GET manifests": 2, ...publishing });
    await planOf(job(upstream, { now: hoursLater(40) }));
    assert.deepEqual(asked(), { "GET manifests": 1 });
  });

  test("that is old gives its tag again to an image from which a cleanup has taken it", async () => {
    const at = (hours: number): Job => ({
      settings: { reference: "tag" },
      now: hoursLater(hours),
    });
    const { plan } = await run(job(upstream, at(0)));
    const tags = memory.repositories.get(`${upstream}/x`)?.tags;
    tags?.delete(plan.set.tag);
    // Until it does, a fork has images of its own with such a tag.
    const forks = await run(job(fork, at(21)));
    assert.deepEqual([forks.built, decisions(forks.plan)], [[], "copy copy"]);
    const again = await run(job(upstream, at(21)));
    assert.deepEqual([again.built, decisions(again.plan)], [[], "reuse reuse"]);
    assert.equal(again.plan.set.tag, plan.set.tag);
    assert.equal(tags?.get(plan.set.tag), referenceOf(again.plan, "x").split("@")[1]);
    asked();
    await planOf(job(upstream, at(22)));
    assert.deepEqual(asked(), { "GET manifests": 1 });
  });

  for (const status of [403, 405, 503])
    test(`that is old stays as it is where it cannot be written (${status})`, async () => {
      const first = await run(job(upstream));
      projects.fault = (method) =>
        method === "PUT" ? { kind: "answer", answer: () => ({ status }) } : undefined;
      const again = await run(job(upstream, { now: hoursLater(21) }));
      assert.equal(again.published?.record, first.published?.record);
      const told = run(job(upstream, { env: { QEMU_CI_CONTAINER_TAG: "mine" } }));
      await assert.rejects(told, { name: "BerthError" });
    });

  test("that names what is gone is mended by the pipeline that builds it", async () => {
    const first = await run(job(upstream));
    const x = first.outcomes.find(({ name }) => name === "x")?.reference ?? "";
    lose(x);
    const second = await run(job(upstream, { now: hoursLater(21) }));
    assert.deepEqual(second.built, ["x"]);
    asked();
    const { plan } = await planOf(job(upstream, { now: hoursLater(22) }));
    assert.deepEqual(asked(), { "GET manifests": 1 });
    assert.equal(decisions(plan), "reuse reuse");
    assert.ok(await isThere(referenceOf(plan, "x")));
    assert.ok(memory.repositories.get(`${upstream}/x`)?.tags.has(plan.set.tag));
  });

  test("that is young is not believed about what a schedule has asked for and is gone", async () => {
    const first = await run(job(upstream));
    lose(first.outcomes.find(({ name }) => name === "x")?.reference ?? "");
    const env = { CI_PIPELINE_SOURCE: "schedule" };
    const second = await run(job(upstream, { env }));
    assert.deepEqual(second.built, ["x"]);
    const { plan } = await planOf(job(upstream));
    assert.equal(decisions(plan), "reuse reuse");
    assert.ok(await isThere(referenceOf(plan, "x")));
  });

  test("of a fork costs a HEAD for each image that is upstream's, and does not hide that it is gone", async () => {
    await run(job(upstream));
    const first = await run(job(fork, { dockerfiles: changed }));
    asked();
    const { plan: before } = await planOf(job(fork, { dockerfiles: changed }));
    assert.deepEqual(asked(), { "GET manifests": 2, "HEAD manifests": 1 });
    assert.equal(decisions(before), "reuse reuse");
    lose(referenceOf(before, "x"));
    const { plan } = await planOf(job(fork, { dockerfiles: changed }));
    assert.equal(decisions(plan), "build reuse");
    for (const gone of [() => move(fork, first), () => publishAgain(fork, before)])
      await assert.rejects(gone, { code: "SET_INCOMPLETE", hint: /^(?!.*delete).* again/ });
  });

  test("of a fork is mended without a build where upstream has built the image again", async () => {
    await run(job(upstream));
    const { plan: before } = await run(job(fork, { dockerfiles: changed }));
    lose(referenceOf(before, "x"));
    memory.repositories.get(`${upstream}/berth`)?.tags.clear();
    await run(job(upstream, { now: hoursLater(1) }));
    const mended = await run(job(fork, { dockerfiles: changed, now: hoursLater(2) }));
    assert.deepEqual(mended.built, []);
    assert.notEqual(referenceOf(mended.plan, "x"), referenceOf(before, "x"));
    const { plan } = await planOf(job(fork, { dockerfiles: changed, now: hoursLater(3) }));
    const state = [referenceOf(plan, "x"), plan.set.stale];
    assert.deepEqual(state, [referenceOf(mended.plan, "x"), false]);
  });

  test("publish and promote never say that all is there of what is gone", async () => {
    const first = await run(job(upstream));
    const { plan } = await planOf(job(upstream));
    const forks = await planOf(job(fork));
    lose(referenceOf(plan, "x"));
    // To run it again would not do: what the record says is believed for some hours.
    assert.equal(decisions((await planOf(job(upstream))).plan), "reuse reuse");
    for (const gone of [() => publishAgain(upstream, plan), () => move(upstream, first)])
      await assert.rejects(gone, { code: "SET_INCOMPLETE", hint: /^delete the tag \S+:set2-/ });
    await assert.rejects(move(fork, forks), { code: "SET_INCOMPLETE" });
    assert.equal(memory.repositories.get(`${upstream}/y`)?.tags.has("latest") ?? false, false);
  });

  test("promote moves nothing of a generation that is not whole", async () => {
    const first = await run(job(upstream));
    const env = { QEMU_CI_FORCE_REBUILD: "1", CI_PIPELINE_ID: "101" };
    const second = await run(job(upstream, { env }));
    lose(second.outcomes.find(({ name }) => name === "y")?.reference ?? "");
    await assert.rejects(move(upstream, second), { code: "SET_INCOMPLETE" });
    const { plan } = await planOf(job(upstream));
    const references = plan.images.map(({ reference }) => reference);
    assert.deepEqual(
      references,
      first.outcomes.map(({ reference }) => reference),
    );
  });

  describe("every digest that was told keeps a tag", () => {
    const force = { QEMU_CI_FORCE_REBUILD: "1", CI_PIPELINE_ID: "101" };

    test("after a refresh has been promoted, for plans of before in upstream and in forks", async () => {
      await run(job(upstream));
      const told = [
        await planOf(job(upstream)),
        await planOf(job(fork)),
        await run(job(fork, { dockerfiles: changed })),
      ].map(({ plan }) => plan);
      const second = await run(job(upstream, { env: force }));
      // As prune does when no branch needs the set any more.
      for (const { tags } of memory.repositories.values())
        for (const tag of [...tags.keys()]) if (tag === told[0]?.set.tag) tags.delete(tag);
      const now = hoursLater(5);
      await move(upstream, second, now);
      collect();
      for (const plan of told)
        for (const { decision } of plan.images)
          if (decision.kind === "reuse")
            assert.ok(await isThere(decision.reference), decision.reference);
      for (const { name, key } of second.plan.images) {
        const { tags } = memory.repositories.get(`${upstream}/${name}`) ?? {};
        assert.ok(tags?.has(pastTag(ownTags.key(key), now)), name);
        assert.notEqual(tags?.get(pastTag(ownTags.key(key), now)), tags?.get(ownTags.key(key)));
      }
    });

    test("in a fork that stores what it changed alone", async () => {
      await run(job(upstream));
      const first = await run(job(fork, { dockerfiles: changed }));
      const y = first.outcomes.find(({ name }) => name === "y")?.reference ?? "";
      // What upstream builds of the same key later is copied over the fork's own.
      await run(job(upstream, { dockerfiles: changed, now: hoursLater(1) }));
      const env = { QEMU_CI_CONTAINER_TAG: "mine" };
      const copied = await run(
        job(fork, {
          dockerfiles: changed,
          env,
          settings: { reference: "tag" },
          now: hoursLater(2),
        }),
      );
      const now = copied.outcomes.find(({ name }) => name === "y")?.reference ?? "";
      assert.notEqual(now, y);
      collect();
      assert.ok((await isThere(y)) && (await isThere(now)));
    });

    test("when a job of before the refresh is run again", async () => {
      const { plan } = await run(job(upstream));
      await move(upstream, await run(job(upstream, { env: force })));
      await publishAgain(upstream, plan);
      collect();
      const { plan: now } = await planOf(job(upstream));
      for (const { reference } of [...plan.images, ...now.images])
        assert.ok(await isThere(reference ?? ""), reference ?? "");
    });
  });
});
