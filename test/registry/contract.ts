/** What every registry has to do for berth, as one suite for several of them. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { httpFetch } from "../../src/host/fetch.ts";
import type { TokenHint } from "../../src/http/origin.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { Repository } from "../../src/oci/reference.ts";
import type { RegistryLogin } from "../../src/registry/credentials.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { Fetch } from "../../src/world.ts";
import { client, pushImage, testImage, testIndex } from "./clients.ts";

export interface RunningRegistry {
  readonly host: string;
  /** Before all repositories, where others are or may be. */
  readonly prefix?: string;
  /** Another name of the same server, where it is not 127.0.0.2. */
  readonly otherHost?: string;
  readonly login: RegistryLogin | undefined;
  readonly hints: readonly TokenHint[];
  readonly deletesTags: boolean;
  stop(): Promise<void>;
}

export function registryContract(name: string, start: () => Promise<RunningRegistry>): void {
  suite(`${name} as a registry`, () => {
    let running: RunningRegistry;
    let registry: Registry;
    const at = (path: string): Repository => ({
      host: running.host,
      path: `${running.prefix ?? ""}${path}`,
    });
    before(async () => {
      running = await start();
      registry = client(running.login, { tokenHints: running.hints });
    });
    after(() => running.stop());

    test("gives nothing where nothing is", async () => {
      const there = at("nothing/here");
      assert.equal(await registry.head({ ...there, tag: "latest" }), undefined);
      assert.equal(await registry.get({ ...there, tag: "latest" }), undefined);
      assert.equal(await registry.hasBlob(there, digestOf("nothing")), false);
      assert.equal(await registry.blob(there, digestOf("nothing")), undefined);
      assert.deepEqual((await Array.fromAsync(registry.tags(there))).flat(), []);
    });

    test("gives back what was put", async () => {
      const image = testImage("put");
      const there = at("group/put");
      await pushImage(registry, there, image, "one");
      assert.deepEqual(await registry.head({ ...there, tag: "one" }), image.manifest.descriptor);
      const { digest } = image.manifest.descriptor;
      for (const reference of [
        { ...there, tag: "one" },
        { ...there, digest },
      ]) {
        const got = await registry.get(reference);
        assert.deepEqual(got?.content, image.manifest.content);
        assert.deepEqual(Buffer.from(got.bytes), Buffer.from(image.manifest.bytes));
      }
      const blob = Buffer.from((await registry.blob(there, digestOf(image.config))) ?? []);
      assert.deepEqual(blob, Buffer.from(image.config));
    });

    test("takes the same blob and manifest again", async () => {
      const image = testImage("again");
      await pushImage(registry, at("group/again"), image, "one");
      await pushImage(registry, at("group/again"), image, "one");
      assert.deepEqual((await Array.fromAsync(registry.tags(at("group/again")))).flat(), ["one"]);
    });

    test("refuses a manifest whose blobs are missing", async () => {
      const { manifest } = testImage("incomplete");
      await assert.rejects(
        registry.put({ ...at("group/incomplete"), tag: "one" }, manifest),
        (error) => error instanceof BerthError && error.code === "REGISTRY_REFUSED",
      );
    });

    test("copies an image to another repository by mounts alone", async () => {
      const image = testImage("mounted", 3);
      await pushImage(registry, at("group/source"), image, "one");
      const from = { ...at("group/source"), tag: "one" };
      const result = await registry.copy(from, at("group/target"), ["a", "b"]);
      assert.deepEqual(result.manifest.descriptor, image.manifest.descriptor);
      assert.equal(result.streamedBytes, 0);
      assert.deepEqual((await Array.fromAsync(registry.tags(at("group/target")))).flat().sort(), [
        "a",
        "b",
      ]);
    });

    test("copies within a repository without touching a blob", async () => {
      const image = testImage("retag");
      await pushImage(registry, at("group/retag"), image, "one");
      const from = { ...at("group/retag"), tag: "one" };
      const result = await registry.copy(from, at("group/retag"), ["two"]);
      assert.equal(result.streamedBytes, 0);
      const found = await registry.head({ ...at("group/retag"), tag: "two" });
      assert.deepEqual(found, image.manifest.descriptor);
    });

    test("copies an index with its children", async () => {
      const images = [testImage("amd64"), testImage("arm64")];
      const index = testIndex(images);
      for (const image of images) await pushImage(registry, at("group/index"), image, "child");
      await registry.put({ ...at("group/index"), tag: "all" }, index);
      const from = { ...at("group/index"), tag: "all" };
      const result = await registry.copy(from, at("group/index-copy"), ["all"]);
      assert.deepEqual(result.manifest.descriptor, index.descriptor);
      assert.equal(result.streamedBytes, 0);
      for (const { manifest } of images) {
        const { digest } = manifest.descriptor;
        const found = await registry.head({ ...at("group/index-copy"), digest });
        assert.deepEqual(found, manifest.descriptor);
      }
    });

    test("copies from another registry by streaming", async () => {
      const image = testImage("streamed");
      await pushImage(registry, at("group/stream"), image, "one");
      // The same server under its other name is another registry to the client.
      const otherHost = running.otherHost ?? running.host.replace("127.0.0.1", "127.0.0.2");
      const other = { ...at("group/stream"), host: otherHost };
      const rerouted: Fetch = (url, init) =>
        httpFetch(new URL(url.href.replace("//127.0.0.2", "//127.0.0.1")), init);
      const hints = running.hints.flatMap((hint) => [hint, { ...hint, host: otherHost }]);
      const both = client(running.login, { fetch: rerouted, tokenHints: hints });
      const result = await both.copy({ ...other, tag: "one" }, at("group/streamed"), ["one"]);
      const sizes = [image.config, ...image.layers].map((blob) => blob.length);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      assert.equal(result.streamedBytes, total);
      const found = await registry.head({ ...at("group/streamed"), tag: "one" });
      assert.deepEqual(found, image.manifest.descriptor);
    });

    test("deletes a tag and leaves the others, or says that it cannot", async () => {
      const image = testImage("deleted");
      const there = at("group/deleted");
      await pushImage(registry, there, image, "one");
      await registry.copy({ ...there, tag: "one" }, there, ["two"]);
      if (running.deletesTags) {
        assert.equal(await registry.deleteTag({ ...there, tag: "one" }), true);
      } else {
        await assert.rejects(
          registry.deleteTag({ ...there, tag: "one" }),
          /delete tag .*: the registry cannot delete a single tag/,
        );
      }
      assert.equal(await registry.deleteTag({ ...there, tag: "three" }), false);
      const left = running.deletesTags ? ["two"] : ["one", "two"];
      assert.deepEqual((await Array.fromAsync(registry.tags(there))).flat().sort(), left);
    });
  });
}
