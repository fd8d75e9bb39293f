import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { withTag } from "../../src/oci/reference.ts";
import type { Decision, Plan } from "../../src/plan/plan.ts";
import { client, pushImage, seed, testImage } from "../registry/clients.ts";
import { digestOf, type Flow, planOf, run } from "../support/flow.ts";
import { type Job, openProjects } from "../support/projects.ts";

const dockerfiles = {
  base: "FROM scratch\nCOPY --from=qemu/other /x /x\n",
  other: "FROM scratch\nRUN make\n",
  child: "FROM qemu/base\nRUN more\n",
};

describe("a run", async () => {
  const projects = await openProjects();
  const { memory, job, tagsIn, requests } = projects;
  const upstream = (change: Job = {}) => job("qemu-project/qemu", { dockerfiles, ...change });
  const fork = (change: Job = {}) => job("alice/qemu", { dockerfiles, ...change });
  const repositoriesOf = (project: string): string[] =>
    [...memory.repositories.keys()].filter((path) => path.startsWith(project)).sort();
  const kinds = ({ plan }: { readonly plan: Plan }) =>
    Object.fromEntries(plan.images.map(({ name, decision }) => [name, decision.kind]));
  const allOf = (kind: Decision["kind"]) => ({ base: kind, other: kind, child: kind });
  const results = ({ outcomes }: Flow) => outcomes.map(({ name, result }) => `${name} ${result}`);

  test("builds parents first, tags last, and writes the record of the set", async () => {
    const flow = await run(upstream());
    assert.deepEqual(flow.built, ["other", "base", "child"]);
    const { id } = flow.plan.set;
    assert.deepEqual(tagsIn("qemu-project/qemu/berth"), [ownTags.set(id)]);
    for (const image of flow.plan.images) {
      const tags = [ownTags.built, ownTags.cache, ownTags.key(image.key), ownTags.set(id)];
      assert.deepEqual(tagsIn(`qemu-project/qemu/${image.name}`), tags);
    }
  });

  test("gives the engine parents by digest", async () => {
    const seen = new Map<string, string>();
    const onBuild: Job["onBuild"] = ({ name, dockerfile }) => void seen.set(name, dockerfile);
    const base = digestOf(await run(upstream({ onBuild })), "base");
    const from = `FROM ${memory.host}/qemu-project/qemu/base@${base}`;
    assert.equal(seen.get("child"), `${from}\nRUN more\n`);
  });

  test("says on each image from which base it was built", async () => {
    const debian = testImage("debian");
    seed(memory, "bases/debian", debian, "13");
    const name = `${memory.host}/bases/debian:13`;
    const base = `FROM ${name}\nRUN x\n`;
    const files = { base, child: "FROM qemu/base\n", lone: "FROM scratch\n" };
    const flow = await run(upstream({ dockerfiles: files }));
    const told = flow.outcomes.map(({ name: image, digest }) => {
      const stored = memory.repositories.get(`qemu-project/qemu/${image}`);
      const { annotations } = JSON.parse(`${stored?.manifests.get(digest ?? "")?.bytes}`);
      const key = "org.opencontainers.image.base";
      return [image, annotations[`${key}.name`], annotations[`${key}.digest`]];
    });
    assert.deepEqual(told, [
      ["base", name, debian.manifest.descriptor.digest],
      ["child", "qemu/base", digestOf(flow, "base")],
      ["lone", undefined, undefined],
    ]);
  });

  test("takes a key whose image config is gone for a miss, says so, and builds it again", async () => {
    const first = await run(upstream());
    const key = first.plan.images.find(({ name }) => name === "other")?.key;
    const stored = memory.repositories.get("qemu-project/qemu/other");
    for (const { bytes } of stored?.manifests.values() ?? []) {
      const { digest } = JSON.parse(`${bytes}`).config;
      stored?.blobs.delete(digest);
      memory.blobs.delete(digest);
    }
    memory.repositories.delete("qemu-project/qemu/berth");
    const again = await run(upstream());
    const other = again.plan.images.find(({ name }) => name === "other");
    assert.deepEqual(other?.decision, {
      kind: "build",
      because: {
        code: "broken",
        reference: `${memory.host}/qemu-project/qemu/other:${ownTags.key(key ?? "")}`,
        missing: "config",
      },
    });
    assert.deepEqual(again.built, ["other"]);
    assert.ok(again.published?.record);
  });

  test("lets independent images finish where one fails, skips what is built from it, writes no record", async () => {
    const broken = { ...dockerfiles, base: "FROM scratch\nRUN false\n" };
    const flow = await run(upstream({ dockerfiles: broken }));
    assert.deepEqual(results(flow), ["base failed", "other built", "child skipped"]);
    assert.deepEqual(flow.outcomes[0]?.error?.output, ["STEP of base"]);
    assert.equal(flow.published, undefined);
    assert.deepEqual(tagsIn("qemu-project/qemu/base"), []);
    assert.deepEqual(tagsIn("qemu-project/qemu/berth"), []);
  });

  test("records an optional image that failed as missing, and tries it again next time", async () => {
    const broken = { ...dockerfiles, nightly: "FROM scratch\nRUN false\n" };
    const change: Job["change"] = (image) => ({ ...image, optional: image.name === "nightly" });
    const first = await run(upstream({ dockerfiles: broken, change }));
    assert.deepEqual(first.published?.missing, ["nightly"]);
    requests();
    const { plan } = await planOf(upstream({ dockerfiles: broken, change }));
    assert.deepEqual(kinds({ plan }), { ...allOf("reuse"), nightly: "build" });
    assert.equal(requests().length, 2);
  });

  test("adopts the image of a pipeline that was faster, or that put its own right after", async () => {
    const rival = testImage("rival");
    const path = "qemu-project/qemu/other";
    const recipe = { dockerfiles: { other: dockerfiles.other } };
    const tag = (await planOf(upstream(recipe))).plan.images[0]?.tag ?? "";
    const put = () => pushImage(client(undefined), { host: memory.host, path }, rival, tag);
    for (const isFaster of [true, false]) {
      projects.clear();
      projects.fault = (method) => {
        const isPut = !isFaster && memory.repositories.get(path)?.tags.has(tag);
        if (method === "HEAD" && isPut === true) seed(memory, path, rival, tag);
        return undefined;
      };
      const onBuild = async () => (isFaster ? put() : undefined);
      const [outcome] = (await run(upstream({ ...recipe, onBuild }))).outcomes;
      const { digest } = rival.manifest.descriptor;
      assert.deepEqual([outcome?.result, outcome?.digest], ["adopted", digest]);
    }
  });

  test("waits a moment for a registry that does not show at once what was put", async () => {
    const path = "qemu-project/qemu/other";
    for (const [times, expected] of [
      [2, "built"],
      [9, "failed"],
    ] as const) {
      projects.clear();
      const looks = new Map<string, number>();
      projects.fault = (method, address) => {
        const name = address.split("/").at(-1) ?? "";
        const { tags, manifests } = memory.repositories.get(path) ?? {};
        const isThere = (tags?.has(name) || manifests?.has(name)) && /^(GET|HEAD)$/.test(method);
        if (!isThere || !address.includes(`${path}/manifests/`)) return undefined;
        looks.set(name, (looks.get(name) ?? 0) + 1);
        const isHidden = looks.get(name)! <= times;
        return isHidden ? { kind: "answer", answer: () => ({ status: 404 }) } : undefined;
      };
      const [outcome] = (await run(upstream({ dockerfiles: { other: dockerfiles.other } })))
        .outcomes;
      assert.deepEqual([outcome?.result, looks.size], [expected, expected === "built" ? 2 : 1]);
    }
  });

  test("in a fork that changed one image stores that image alone", async () => {
    await run(upstream());
    const changed = { ...dockerfiles, child: "FROM qemu/base\nRUN mine\n" };
    const flow = await run(fork({ dockerfiles: changed }));
    assert.deepEqual(flow.built, ["child"]);
    assert.deepEqual(repositoriesOf("alice"), ["alice/qemu/berth", "alice/qemu/child"]);
    requests();
    const { plan } = await planOf(fork({ dockerfiles: changed }));
    assert.deepEqual(kinds({ plan }), allOf("reuse"));
    // Both records, and a look at each image that lies elsewhere.
    const seen = requests().map((line) => line.replace(/:.*|set.*/, ""));
    assert.deepEqual(seen.sort(), [
      "GET /v2/alice/qemu/berth/manifests/",
      "GET /v2/qemu-project/qemu/berth/manifests/",
      "HEAD /v2/qemu-project/qemu/base/manifests/sha256",
      "HEAD /v2/qemu-project/qemu/other/manifests/sha256",
    ]);
    assert.equal(plan.variables["QEMU_CI_IMAGE_BASE"], flow.plan.variables["QEMU_CI_IMAGE_BASE"]);
  });

  test("in a fork completes a mixed set by mounts, so that no layer byte moves", async () => {
    await run(upstream());
    requests();
    const changed = { ...dockerfiles, child: "FROM qemu/base\nRUN mine\n" };
    const flow = await run(fork({ dockerfiles: changed, settings: { reference: "tag" } }));
    assert.deepEqual(results(flow), ["base copied", "other copied", "child built"]);
    const moved = requests().filter((line) => /^P(?:UT|ATCH) \S+(?:base|other)\/blobs/.test(line));
    assert.deepEqual(moved, []);
    const tag = flow.plan.variables["QEMU_CI_CONTAINER_TAG"] ?? "";
    assert.equal(flow.plan.variables["QEMU_CI_CONTAINER_BASE"], `${memory.host}/alice/qemu`);
    for (const name of ["base", "other", "child"])
      assert.ok(tagsIn(`alice/qemu/${name}`).includes(tag));
  });

  test("writes only below try for a merge request of another project, where trusted runs do not read", async () => {
    const foreign = upstream({ env: { CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "2" } });
    const flow = await run(foreign);
    assert.match(flow.published?.record ?? "", /\/qemu\/try\/berth:set/);
    for (const path of repositoriesOf("qemu-project")) assert.match(path, /\/qemu\/try\//);
    assert.deepEqual(kinds(await planOf(upstream())), allOf("build"));
    assert.deepEqual(kinds(await planOf(foreign)), allOf("reuse"));
  });

  test("gives the tag that a user set to all images of the own set, and moves it for the next who gives it", async () => {
    for (const other of [dockerfiles.other, "FROM scratch\nRUN"]) {
      const env = { QEMU_CI_CONTAINER_TAG: "mine" };
      const flow = await run(upstream({ dockerfiles: { ...dockerfiles, other }, env }));
      for (const { name } of flow.plan.images) {
        const { tags } = memory.repositories.get(`qemu-project/qemu/${name}`) ?? {};
        assert.equal(tags?.get("mine"), digestOf(flow, name));
      }
    }
  });

  test("puts the origin of an image on its manifest and leaves its blobs alone", async () => {
    const only = { other: dockerfiles.other };
    const flow = await run(upstream({ dockerfiles: only, revision: "5c24acf320a0" }));
    const [image] = flow.plan.images;
    const place = { host: memory.host, path: "qemu-project/qemu/other" };
    const found = await client(undefined).get(withTag(place, image?.tag ?? ""));
    const { annotations = {} } = found?.content ?? {};
    assert.equal(annotations["berth.key"], image && ownTags.key(image.key));
    assert.equal(annotations["berth.pipeline"], "100");
    assert.equal(annotations["org.opencontainers.image.revision"], "5c24acf320a0");
    assert.equal(annotations["berth.trust"], "trusted");
  });
});
