import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { seedIndex, testImage } from "../registry/clients.ts";
import { derive, digestOf, type Flow, planOf, run } from "../support/flow.ts";
import { type Job, openProjects } from "../support/projects.ts";

const platform = "linux/amd64,linux/arm64";
const dockerfiles = {
  base: "FROM scratch\nARG TARGETARCH\nCOPY files/$TARGETARCH /x\n",
  child:
    "FROM --platform=$BUILDPLATFORM qemu/base AS build\nRUN make\nFROM qemu/base\nCOPY --from=build /x /x\n",
  lone: "FROM qemu/base\nRUN other\n",
};
const context = { "files/amd64": "1", "files/arm64": "2" };
const several: Job["change"] = (image) => (image.name === "lone" ? image : { ...image, platform });

describe("images of several platforms", async () => {
  const projects = await openProjects();
  const { memory, job, tagsIn, requests } = projects;
  const upstream = (change: Job = {}) =>
    job("qemu-project/qemu", { dockerfiles, context, change: several, ...change });
  const fork = (change: Job = {}) =>
    job("alice/qemu", { dockerfiles, context, change: several, ...change });
  const indexOf = (flow: Flow, name: string) => {
    const outcome = flow.outcomes.find((one) => one.name === name);
    const [path = "", digest = ""] = (outcome?.reference ?? "").split("@");
    const stored = memory.repositories.get(path.slice(memory.host.length + 1));
    const { type, bytes } = stored?.manifests.get(digest) ?? assert.fail(`no ${name}`);
    return parseManifest(bytes, type, name);
  };

  test("are built platform by platform, the index last", async () => {
    const seen: string[] = [];
    const onBuild: Job["onBuild"] = ({ name, platform: wanted, dockerfile }) =>
      void seen.push(`${name} ${wanted} ${dockerfile.match(/base@\S+/g)?.length ?? 0}`);
    const flow = await run(upstream({ onBuild }));
    assert.ok(flow.outcomes.every(({ result }) => result === "built"));
    assert.deepEqual(seen.toSorted(), [
      "base@amd64 linux/amd64 0",
      "base@arm64 linux/arm64 0",
      "child@amd64 linux/amd64 2",
      "child@arm64 linux/arm64 2",
      "lone linux/amd64 1",
    ]);
    const { content } = indexOf(flow, "base");
    assert.ok(content.kind === "index");
    const members = ["amd64", "arm64"].map((architecture) => {
      return [{ os: "linux", architecture }, digestOf(flow, `base@${architecture}`)];
    });
    const entries = content.manifests.map((entry) => [entry.platform, entry.digest]);
    assert.deepEqual(entries, members);
    const keys = flow.plan.images.filter(({ name }) => name.startsWith("base"));
    for (const { key } of keys)
      assert.ok(tagsIn("qemu-project/qemu/base").includes(ownTags.key(key)));
    assert.ok(tagsIn("qemu-project/qemu/base").includes(ownTags.set(flow.plan.set.id)));
  });

  test("cost the same two requests while nothing changes, and no member is in the plan", async () => {
    await run(upstream());
    requests();
    const { plan } = await planOf(upstream());
    assert.equal(plan.images.map(({ name }) => name).join(), "base,child,lone");
    const asked = requests();
    assert.equal(asked.filter((line) => line.includes("/v2/")).length, 1, asked.join("\n"));
  });

  test("are built only for the platform that changed", async () => {
    await run(upstream());
    const changed = { ...context, "files/arm64": "3" };
    const flow = await run(upstream({ context: changed }));
    // The machine is amd64, but the key of a build depends on no machine.
    assert.deepEqual(flow.built.toSorted(), ["base@arm64", "child@amd64", "child@arm64"]);
    const { content } = indexOf(flow, "base");
    assert.ok(content.kind === "index" && content.manifests.length === 2);
  });

  test("come to a fork with all platforms, and with one that is new", async () => {
    await run(upstream());
    const changed = { ...context, "files/arm64": "4" };
    const flow = await run(fork({ context: changed }));
    assert.deepEqual(flow.built.toSorted(), ["base@arm64", "child@amd64", "child@arm64"]);
    const member = flow.plan.images.find(({ name }) => name === "base@amd64");
    assert.equal(member?.decision.kind, "copy");
    const { content } = indexOf(flow, "base");
    assert.ok(content.kind === "index" && content.manifests.length === 2);
    const all = memory.repositories.get("alice/qemu/base");
    for (const { digest } of content.manifests) assert.ok(all?.manifests.has(digest));
  });

  test("are refreshed with their members and what is built upon them, and promoted", async () => {
    const first = await run(upstream());
    const flow = await run(upstream({ env: { QEMU_CI_FORCE_REBUILD: "base" } }));
    const kinds = new Set(flow.plan.images.map(({ decision }) => decision.kind));
    assert.deepEqual([kinds, flow.plan.images.length], [new Set(["refresh"]), 7]);
    const tags = memory.repositories.get("qemu-project/qemu/base")?.tags;
    const keyTag = ownTags.key(flow.plan.images.find(({ name }) => name === "base@arm64")!.key);
    assert.equal(tags?.get(keyTag), digestOf(first, "base@arm64"));
    await projects.promote("qemu-project/qemu", flow);
    assert.equal(tags?.get(keyTag), digestOf(flow, "base@arm64"));
    assert.equal(tags?.get(`${ownTags.cache}-arm64`), digestOf(flow, "base@arm64"));
    assert.equal(tags?.get(`${keyTag}-old-0`), digestOf(first, "base@arm64"));
    assert.equal(tags?.get("latest"), digestOf(flow, "base"));
  });

  test("are refreshed for the platform alone whose base has moved", async () => {
    const put = (...names: readonly string[]) => {
      const images = names.map((name) => testImage(name));
      seedIndex(memory, "bases/debian", images, { tag: "13" });
    };
    put("amd64", "arm64");
    const onDebian = { base: `FROM ${memory.host}/bases/debian:13\nRUN x\n` };
    const scheduled = { env: { CI_PIPELINE_SOURCE: "schedule" }, dockerfiles: onDebian };
    await run(upstream(scheduled));
    assert.deepEqual((await planOf(upstream(scheduled))).plan.images.length, 1);
    put("amd64", "arm64 again");
    const { plan } = await planOf(upstream(scheduled));
    const kinds = plan.images.map(({ name, decision }) => `${name} ${decision.kind}`);
    assert.deepEqual(kinds, ["base@amd64 reuse", "base@arm64 refresh", "base refresh"]);
  });

  test("are put together by the job that publishes, of what other jobs built", async () => {
    const inJob = (CI_JOB_ID: string) => ({ env: { CI_PIPELINE_ID: "9", CI_JOB_ID } });
    const flow = await run(upstream(inJob("90")));
    const was = digestOf(flow, "base");
    assert.equal(indexOf(flow, "base").content.annotations["berth.pipeline"], "9");
    const index = flow.plan.images.find(({ name }) => name === "base")!;
    memory.repositories.get("qemu-project/qemu/base")?.tags.delete(index.tag);
    memory.repositories.delete("qemu-project/qemu/berth");
    const options = upstream(inJob("91"));
    const planned = await planOf(options);
    const kinds = planned.plan.images.map(({ name, decision }) => `${name} ${decision.kind}`);
    assert.ok(kinds.includes("base build") && kinds.includes("base@arm64 reuse"), `${kinds}`);
    const made = await derive(options, planned);
    // It follows from its members, so that whoever makes it makes the same.
    const digests = [...made].map(([name, { descriptor }]) => [name, descriptor.digest]);
    assert.deepEqual(digests, [["base", was]]);
  });
});
