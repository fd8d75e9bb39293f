/** What berth's client makes of GitLab's registry and of the proxy before it. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { parseReference } from "../../src/oci/reference.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { putRecordBlobs, writeRecord } from "../../src/publish/record.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { run } from "../support/flow.ts";
import { config, jobEnv } from "../support/keyed.ts";
import { client, goodLogin, pushImage, testImage, testIndex } from "./clients.ts";
import { registryContract } from "./contract.ts";
import { gitlabRules } from "./gitlab-rules.ts";
import type { Stand } from "./gitlab-stand.ts";

/** All that is asked of one: the contract of every registry, GitLab's own rules, and what follows from them. */
export function gitlabContract(name: string, start: () => Promise<Stand>): void {
  gitlabRules(name, start);
  registryContract(name, async () => {
    const { host, prefix, hint, stop } = await start();
    return { host, prefix, login: goodLogin, hints: [hint], deletesTags: true, stop };
  });
  clientSuite(name, start);
}

function clientSuite(name: string, start: () => Promise<Stand>): void {
  suite(`berth on ${name}`, () => {
    let stand: Stand;
    before(async () => {
      stand = await start();
    });
    after(() => stand?.stop());

    const at = (path: string) => ({ host: stand.host, path: `${stand.prefix}${path}` });
    /** A client whose tokens tell of these rules. */
    const open = (meta: object = {}): Registry => {
      stand.said.meta = meta;
      return client(goodLogin, { tokenHints: [stand.hint] });
    };
    const denying = (...patterns: readonly string[]) => ({
      tag_deny_access_patterns: { push: patterns, delete: patterns },
    });

    test("25 images are looked for and pushed, however long the project's rules make each token", async () => {
      const long = Array.from({ length: 5 }, (_, number) => `^rule-${number}-${"x".repeat(90)}$`);
      const paths = Array.from({ length: 25 }, (_, number) => at(`plan/qemu/image-${number}`));
      const looks = open(denying(...long));
      looks.announce("pull", paths);
      const found = await Promise.all(paths.map((path) => looks.head({ ...path, tag: "one" })));
      assert.deepEqual(new Set(found), new Set([undefined]));
      const pushes = open(denying(...long));
      pushes.announce("push", paths);
      await Promise.all(paths.map((path) => pushImage(pushes, path, testImage("plan"), "one")));
      assert.ok((await looks.head({ ...paths[24]!, tag: "one" })) !== undefined);
      // What is too long for nginx was asked for, and shortened.
      assert.ok(Math.max(...stand.tokens) > 8192, String(stand.tokens));
    });

    test("the first record of a new project is written, its blobs before it", async () => {
      const place = { base: at("fresh/project"), registry: open(), now: new Date() };
      const record = {
        setId: "a".repeat(64),
        tag: undefined,
        images: new Map(),
        revision: undefined,
        pipeline: undefined,
        prefix: "BERTH",
        upstream: undefined,
      };
      const before = stand.log.length;
      const told = { code: "REGISTRY_REFUSED", message: /: 500 UNKNOWN.*; MANIFEST_BLOB_UNKNOWN/ };
      await assert.rejects(writeRecord(record, place), told);
      const puts = stand.log.slice(before).filter((line) => /^PUT .*\/manifests\//.test(line));
      assert.ok(puts.length <= 1, "what can only fail is not tried again");
      const plan = { set: { record: null } } as unknown as Plan;
      await putRecordBlobs(plan, place.base, place.registry);
      assert.match(await writeRecord(record, place), /\/fresh\/project\/berth:set/);
    });

    test("an immutable tag is done where it has the image already, and else says where it stays", async () => {
      const there = at("fixed/image");
      const image = testImage("fixed");
      await pushImage(open(), there, image, "v1");
      const opened = open({ tag_immutable_patterns: ["^v"] });
      await opened.put({ ...there, tag: "v1" }, image.manifest);
      await assert.rejects(pushImage(opened, there, testImage("other"), "v1"), {
        code: "REGISTRY_DENIED",
        message: new RegExp(`IMMUTABLE_TAG: it stays at ${image.manifest.descriptor.digest}`),
        hint: /immutable; let it leave out the tags that berth moves/,
      });
    });

    test("a protected tag is told before a push by its token, and by the registry to who pushes", async () => {
      const there = at("ruled/image");
      const opened = open(denying("^latest$"));
      const right = { access: "push", repository: there } as const;
      const refusal = await opened.refusal([right], ["late", "latest"]);
      assert.match(refusal ?? "", /the tag latest is protected by the rule \^latest\$/);
      assert.equal(await opened.refusal([right], ["late"]), undefined);
      await assert.rejects(pushImage(opened, there, testImage("ruled"), "latest"), {
        code: "REGISTRY_DENIED",
        message: /401 PROTECTED_TAG/,
      });
    });

    test("a protected repository is told before a push, in GitLab's words", async () => {
      const opened = open();
      stand.protectedPaths.add("guarded/image");
      const refused = await opened.refusal([
        { access: "push", repository: at("guarded/image") },
        { access: "push", repository: at("guarded/other") },
      ]);
      assert.match(refused ?? "", /403 DENIED: Pushing to protected repository path forbidden/);
      const other = { access: "push", repository: at("guarded/other") } as const;
      assert.equal(await open().refusal([other]), undefined);
    });

    test("images of several platforms come to a fork by mounts, each index after what it names", async () => {
      const upstream = `${stand.host}/${stand.prefix}up/qemu`;
      const settings = config({ upstream, reference: "own-tag" });
      const flow = (path: string) => {
        const image = `${stand.host}/${stand.prefix}${path}`;
        const own = { CI_REGISTRY: stand.host, CI_REGISTRY_IMAGE: image };
        return run({
          ...{ registry: open(), config: settings, now: new Date() },
          situation: situationOf(jobEnv(path, own), settings, undefined),
          dockerfiles: { base: "FROM scratch\nCOPY x /\n", child: "FROM qemu/base\nRUN make\n" },
          context: { x: "x" },
          change: (image) => ({ ...image, platform: "linux/amd64,linux/arm64" }),
        });
      };
      const first = await flow("up/qemu");
      assert.equal(first.built.length, 4);
      const before = stand.log.length;
      const copied = await flow("ada/qemu");
      assert.deepEqual([copied.built, copied.plan.images.length], [[], 2]);
      const ofFork = stand.log.slice(before).filter((line) => line.includes("/ada/qemu/"));
      const moved = ofFork.filter((line) => /^(?:PATCH|PUT) .*\/blobs\//.test(line));
      assert.deepEqual(moved, []);
      const results = copied.outcomes.map(({ name, result }) => `${name} ${result}`);
      assert.deepEqual(results, ["base copied", "child copied"]);
      for (const { name, reference } of copied.outcomes) {
        const there = at(`ada/qemu/${name}`);
        const index = await open().get(parseReference(reference ?? ""));
        assert.ok(index?.content.kind === "index" && index.content.manifests.length === 2);
        const children = index.content.manifests.map((child) => child.digest);
        const puts = ofFork.filter((line) => line.startsWith(`PUT /v2/${there.path}/manifests/`));
        const put = puts.map((line) => line.slice(line.lastIndexOf("/") + 1));
        assert.deepEqual(put.slice(0, 2).sort(), [...children].sort());
      }
    });

    test("of an index's children the tags may be deleted, and what it names stays", async () => {
      const there = at("several/image");
      const opened = open();
      const images = [testImage("amd64"), testImage("arm64")];
      for (const [number, image] of images.entries())
        await pushImage(opened, there, image, `key-${number}`);
      await opened.put({ ...there, tag: "all" }, testIndex(images, ["amd64", "arm64"]));
      for (const tag of ["key-0", "key-1"])
        assert.equal(await opened.deleteTag({ ...there, tag }), true);
      assert.deepEqual((await Array.fromAsync(opened.tags(there))).flat(), ["all"]);
      const copy = at("several/copy");
      const { streamedBytes } = await opened.copy({ ...there, tag: "all" }, copy, ["all"]);
      assert.equal(streamedBytes, 0);
      for (const { manifest } of images) {
        const { digest } = manifest.descriptor;
        assert.ok((await opened.head({ ...copy, digest })) !== undefined);
      }
    });

    test("all tags are listed, and deleted one by one but for those that a rule protects", async () => {
      const there = at("many/image");
      const opened = open();
      const image = testImage("many");
      const tags = Array.from({ length: 101 }, (_, number) => `t${number}`);
      await pushImage(opened, there, image, "latest");
      await Promise.all(tags.map((tag) => opened.put({ ...there, tag }, image.manifest)));
      assert.equal((await Array.fromAsync(opened.tags(there))).flat().length, 102);
      const ruled = open(denying("^latest$"));
      for (const tag of tags.slice(1))
        assert.equal(await ruled.deleteTag({ ...there, tag }), true, tag);
      assert.equal(await ruled.deleteTag({ ...there, tag: "t1" }), false);
      assert.equal(await ruled.deleteTag({ ...at("many/none"), tag: "t1" }), false);
      const told = { code: "REGISTRY_DENIED", message: /401 PROTECTED_TAG/ };
      await assert.rejects(ruled.deleteTag({ ...there, tag: "latest" }), told);
      assert.deepEqual((await Array.fromAsync(opened.tags(there))).flat().sort(), ["latest", "t0"]);
    });
  });
}
