/** Which layers an engine takes from earlier builds, and which it must not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { oldestLayer } from "../../src/build/layers.ts";
import { ownTags } from "../../src/image/key.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { client } from "../registry/clients.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import type { Workshop } from "./workshop.ts";

export function cacheContract(name: string, workshop: Workshop): void {
  const contentOf = async (repository: string, digest: Digest, path: string) =>
    (await workshop.tree(repository, digest)).get(path);
  const random = (more = "", first = "true") =>
    `FROM ${workshop.base()}\nRUN ${first} && cat /proc/sys/kernel/random/uuid > /random\nCOPY . /c/\n${more}`;

  test(`${name} keeps the time at which a cached layer was made`, async () => {
    const cache = { host: workshop.host(), path: "contract/times" };
    const wanted = { repository: cache.path, cacheFrom: [cache], cacheTo: cache };
    const timeOf = async (digest: Digest) => {
      const registry = client(undefined);
      const manifest = await registry.get({ ...cache, digest });
      assert.ok(manifest !== undefined && manifest.content.kind !== "index");
      const config = await registry.blob(cache, manifest.content.config.digest);
      return oldestLayer(config ?? Buffer.of(), "x", manifest.content.layers.length - 1)?.getTime();
    };
    // A step of its own, for the layers of other tests are in the same store.
    const dockerfile = random("", ": times");
    const began = Date.now();
    const destination = { ...cache, tag: ownTags.cache };
    const first = await workshop.build({ ...wanted, dockerfile, destination, context: { f: "1" } });
    const made = await timeOf(first.digest);
    assert.ok(made !== undefined && made >= began && made <= Date.now(), String(made));
    const local = await workshop.build({ ...wanted, dockerfile, context: { f: "2" } });
    await workshop.subject().forget();
    const far = await workshop.build({ ...wanted, dockerfile, context: { f: "3" } });
    assert.deepEqual([await timeOf(local.digest), await timeOf(far.digest)], [made, made]);
    const file = (digest: Digest) => contentOf(cache.path, digest, "c/f");
    assert.notDeepEqual(await file(far.digest), await file(local.digest));
    const more = random("RUN true\n", ": times");
    const anew = await workshop.build({ ...wanted, dockerfile: more, noCache: true });
    assert.ok(((await timeOf(anew.digest)) ?? 0) > made);
  });

  test(`${name} takes layers from the registry on machines that have none`, async () => {
    const cache = { host: workshop.host(), path: "contract/far-cache" };
    const elsewhere = { host: workshop.host(), path: "contract/nothing-here" };
    const onNewMachine = async (file: string) => {
      await workshop.subject().forget();
      const { digest } = await workshop.build({
        repository: cache.path,
        dockerfile: random("RUN echo end\n", ": far"),
        context: { file },
        cacheFrom: [elsewhere, cache],
        cacheTo: cache,
        destination: { ...cache, tag: ownTags.cache },
      });
      return contentOf(cache.path, digest, "random");
    };
    const first = await onNewMachine("1");
    assert.deepEqual(await onNewMachine("2"), first);
    // Of a layer that the second one took the third one must be told by the second one's cache.
    const third = await onNewMachine("3");
    assert.equal(isDeepStrictEqual(third, first), workshop.subject().handsOn);
  });

  test(`${name} keeps for this machine alone what nobody is to push, the newest of a name`, async () => {
    const { here } = workshop.subject().engine;
    const named = (image: string, tag: string) => ({
      host: "localhost",
      path: `berth/${image}`,
      tag,
    });
    const build = async (image: string, tag: string, dockerfile: string, file: string) => {
      const destination = named(image, tag);
      const context = { file };
      await workshop.work({ repository: image, dockerfile, destination, context }, here.build);
    };
    const parent = `FROM ${workshop.base()}\nCOPY file /file\n`;
    const child = (tag: string) => `FROM localhost/berth/parent:${tag}\nRUN cat /file > /seen\n`;
    const states = async () =>
      Promise.all(
        ["parent:1", "child:1", "parent:2", "child:2"].map((one) => {
          const [image = "", tag = ""] = one.split(":");
          return here.has(named(image, tag));
        }),
      );
    assert.deepEqual(await states(), [false, false, false, false]);
    await build("parent", "1", parent, "1");
    await build("child", "1", child("1"), "1");
    assert.deepEqual(await states(), [true, true, false, false]);
    await build("parent", "2", parent, "2");
    await build("child", "2", child("2"), "2");
    assert.deepEqual(await states(), [false, false, true, true]);
    await workshop.subject().forget();
  });

  test(`${name} builds as well where its layers cannot be kept for later`, async () => {
    const closed = await startDockerRegistry({ auth: { user: "someone", password: "else" } });
    try {
      const { digest } = await workshop.build({
        repository: "contract/no-cache",
        dockerfile: `FROM ${workshop.base()}\nRUN echo kept > /kept\n`,
        cacheTo: { host: closed.host, path: "contract/cache" },
        insecureHosts: [workshop.host(), closed.host],
      });
      assert.equal((await workshop.tree("contract/no-cache", digest)).has("kept"), true);
    } finally {
      await closed.stop();
    }
  });
}
