/** How many requests things cost; the registry and the token service count. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Reference } from "../../src/oci/reference.ts";
import type { RegistryOptions } from "../../src/registry/client.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { MemoryRegistryOptions } from "../support/memory-registry.ts";
import type { TokenServiceOptions } from "../support/token-service.ts";
import { client, counted, goodLogin, seed, startScene, testImage } from "./clients.ts";

type Scene = Awaited<ReturnType<typeof startScene>>;

interface Bench extends Omit<Scene, "hint" | "stop"> {
  readonly paths: readonly string[];
  tagged(path: string): Reference;
  open(hinted: boolean, options?: Partial<RegistryOptions>): Registry;
}

const image = testImage("budget", 7);

/** 25 repositories that hold an image of 8 blobs under the tag `one`, and nothing counted yet. */
async function bench(
  work: (bench: Bench) => Promise<void>,
  options: TokenServiceOptions = {},
  registryOptions: MemoryRegistryOptions = {},
): Promise<void> {
  const { hint, stop, ...scene } = await startScene(registryOptions, options);
  const paths = Array.from({ length: 25 }, (_, number) => `qemu-project/qemu/qemu/image-${number}`);
  for (const path of paths) seed(scene.registry, path, image, "one");
  const open: Bench["open"] = (hinted, more) =>
    client(goodLogin, { tokenHints: hinted ? [hint] : [], ...more });
  const tagged = (path: string) => ({ ...scene.at(path), tag: "one" });
  try {
    await work({ ...scene, paths, tagged, open });
  } finally {
    await stop();
  }
}

/** Holds the answers to some requests until so many of them are under way. */
function crowd(method: string, size: number): NonNullable<MemoryRegistryOptions["hold"]> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  return (request) => {
    if (request.method !== method) return undefined;
    waiting += 1;
    if (waiting >= size) resolve();
    return promise;
  };
}

// nginx: large_client_header_buffers, 8k; what it answers to a longer line.
const headerLimit = 8192 - "Authorization: \r\n".length;
const nginxRefusal = {
  status: 400,
  headers: { "content-type": "text/html" },
  body: "<center><h1>400 Bad Request</h1></center><center>Request Header Or Cookie Too Large</center>",
};

suite("what a request budget allows", () => {
  test("25 heads at once: two tokens and 25 HEADs, with one probe where there is no hint", () =>
    bench(async ({ registry, tokens, paths, tagged, open }) => {
      for (const [hinted, probes] of [
        [true, 0],
        [false, 1],
      ] as const) {
        registry.log.length = 0;
        tokens.asked.length = 0;
        const opened = open(hinted);
        await Promise.all(paths.map((path) => opened.head(tagged(path))));
        assert.equal(tokens.asked.length, 2);
        assert.deepEqual(counted(registry.log), { HEAD: 25 + probes });
      }
    }));

  test("reads one after another share what was announced, and ask for no right to push", () =>
    bench(async ({ registry, tokens, paths, tagged, at, open }) => {
      const opened = open(true);
      opened.announce("pull", paths.map(at));
      for (const path of paths) await opened.head(tagged(path));
      await opened.hasBlob(at(paths[0]!), image.manifest.descriptor.digest);
      await Array.fromAsync(opened.tags(at(paths[0]!)));
      assert.equal(tokens.asked.length, 2);
      assert.equal(registry.log.length, 27);
      assert.deepEqual([...tokens.created], []);
      assert.ok(
        tokens.asked.every(({ scopes }) => scopes.every((scope) => scope.endsWith(":pull"))),
      );
    }));

  test("one protected path: a token for each that was asked with it, and only that one is refused", () =>
    bench(
      async ({ registry, tokens, paths, at, tagged, open }) => {
        const opened = open(true);
        opened.announce("push", paths.map(at));
        const results = await Promise.allSettled(
          paths.map((path) => opened.copy(tagged(path), at(path), ["two"])),
        );
        const failed = results.filter((result) => result.status === "rejected");
        assert.equal(failed.length, 1);
        assert.match(
          String(failed[0]?.reason),
          /put manifest .*image-3:two: 403 DENIED: Pushing to protected repository path forbidden/,
        );
        // One for as many as fit, spoiled; one to read these; one for each of them; one for those that are left.
        assert.equal(tokens.asked.length, 1 + 1 + 13 + 1);
        assert.deepEqual(counted(registry.log), { GET: 25, PUT: 24 });
      },
      { protectedPaths: ["qemu-project/qemu/qemu/image-3"] },
    ));

  test("a bound holds for all that is under way to one host, and connections are kept", async () => {
    for (const parallel of [16, 3]) {
      const full = crowd("GET", parallel);
      await bench(
        async ({ registry, tokens, paths, at, tagged, open }) => {
          const opened = open(true, { parallel });
          const own = paths.map((name) => at(name.replace("qemu-project", "someone")));
          opened.announce("pull", paths.map(at));
          opened.announce("push", own);
          // Learns how long tokens are.
          await opened.head(tagged(paths[0]!));
          await Promise.all(paths.map((name, n) => opened.copy(tagged(name), own[n]!, ["one"])));
          assert.equal(registry.traffic.most, parallel);
          const { sockets } = registry.traffic;
          assert.ok(sockets <= parallel, `${sockets} connections for ${parallel} at a time`);
          assert.ok(tokens.asked.length <= 3);
          const layers = registry.log.filter((line) => /^(GET|HEAD|PUT) \S+\/blobs\//.test(line));
          assert.deepEqual(layers, []);
        },
        {},
        { hold: full },
      );
    }
  });

  test("beside the bound no more than four blobs travel", () =>
    bench(
      async ({ registry, paths, at, tagged, open }) => {
        const opened = open(true);
        const own = paths.map((name) => at(name.replace("qemu-project", "someone")));
        opened.announce("push", own);
        opened.announce("pull", paths.map(at));
        await Promise.all(paths.map((name, n) => opened.copy(tagged(name), own[n]!, ["one"])));
        assert.ok(registry.traffic.most <= 32 + 4, `${registry.traffic.most}`);
        // Token, then GET and PUT for each image, then mount, HEAD, POST, GET and PUT for each blob.
        assert.equal(registry.log.length, 25 * (2 + 8 * 5));
        assert.equal(registry.openUploads.size, 0);
      },
      {},
      { mounts: 400, hold: crowd("POST", 32) },
    ));

  test("what GitLab's tokens grant fits into 8 KiB, whatever rules lengthen each scope", async () => {
    for (const rule of ["", "x".repeat(100), "x".repeat(1000)])
      await bench(
        async ({ registry, tokens, paths, at, tagged, open }) => {
          const opened = open(true);
          const own = paths.map((name) => at(name.replace("qemu-project", "someone")));
          opened.announce("pull", paths.map(at));
          opened.announce("push", own);
          await Promise.all(paths.map((name, n) => opened.copy(tagged(name), own[n]!, ["one"])));
          const sent = registry.requests.map(({ headers }) => headers["authorization"] ?? "");
          const tooLong = sent.filter(({ length }) => length > headerLimit);
          // The first token shows how long they are, and is asked for once more in a shorter form.
          assert.ok(tooLong.length <= 25, `${tooLong.length} headers were too long`);
          assert.ok(tokens.asked.length <= 40, `${tokens.asked.length} tokens`);
        },
        { rule },
        {
          fault: ({ headers }) =>
            (headers["authorization"] ?? "").length > headerLimit
              ? { kind: "answer", answer: () => nginxRefusal }
              : undefined,
        },
      );
  });

  test("long names: tokens for mounts hold both sides, and are as few as that allows", () =>
    bench(async ({ registry, tokens, at, open }) => {
      const opened = open(true);
      const names = Array.from({ length: 48 }, (_, n) => `${"x".repeat(150)}-${n}/image`);
      for (const name of names) {
        seed(registry, `up/${name}`, image, "one");
        opened.announce("push", [at(`own/${name}`)]);
        opened.announce("pull", [at(`up/${name}`)]);
      }
      const copy = (name: string) =>
        opened.copy({ ...at(`up/${name}`), tag: "one" }, at(`own/${name}`), ["one"]);
      await Promise.all(names.map(copy));
      assert.deepEqual(counted(registry.log), { GET: 48, POST: 48 * 8, PUT: 48 });
      // About 15 pairs fit; another may be asked for before an answer under way turns out to hold it.
      assert.ok(tokens.asked.length <= 8, `${tokens.asked.length} tokens`);
      assert.ok(tokens.asked.every(({ length }) => length < 6000));
    }));

  test("public images that the login may not read: two tokens more, then as if it might", () =>
    bench(
      async ({ registry, tokens, paths, tagged, open }) => {
        const opened = open(true);
        await Promise.all(paths.map((path) => opened.get(tagged(path))));
        const users = tokens.asked.map(({ user }) => user ?? "anybody");
        const { username } = goodLogin;
        assert.deepEqual(users.sort(), ["anybody", "anybody", username, username]);
        assert.deepEqual(counted(registry.log), { GET: 25 });
      },
      { may: (user) => user === undefined },
    ));

  test("wrong credentials: one failed login for the whole run", () =>
    bench(async ({ tokens, paths, tagged, at, open }) => {
      const opened = open(true, {
        credentials: { forHost: async () => ({ ...goodLogin, password: "not-this-one" }) },
      });
      const reads = paths.map((path) => opened.get(tagged(path)));
      const writes = paths.map((path) => opened.put({ ...at(path), tag: "two" }, image.manifest));
      const results = await Promise.allSettled([...reads, ...writes]);
      assert.ok(results.every((result) => result.status === "rejected"));
      assert.equal(tokens.asked.filter(({ status }) => status === 401).length, 1);
      await assert.rejects(opened.head(tagged(paths[0]!)), /401 UNAUTHORIZED/);
      assert.equal(tokens.asked.filter(({ status }) => status === 401).length, 1);
    }));
});
