/** `berth ensure --no-build`: what is there is put in its place, what is not is left. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { makeRepository } from "../context/repository.ts";
import { seed, testImage } from "../registry/clients.ts";
import { berth, plainEnv } from "../support/command.ts";
import { type MemoryRegistry, startMemoryRegistry } from "../support/memory-registry.ts";

let registry: MemoryRegistry;
before(async () => {
  registry = await startMemoryRegistry();
});
after(() => registry.stop());

test("copies what upstream has, publishes nothing while images are left to build, then the set", async (t) => {
  const repository = makeRepository(t, {
    "a.docker": "FROM scratch\nENV A=1\n",
    "b.docker": "FROM scratch\nENV B=1\n",
    "berth.yml": `upstream: ${registry.host}/up/tools\nreference: own-tag\n`,
  });
  repository.commit();
  const where = { cwd: repository.path, env: plainEnv({ HOME: repository.path }) };
  const run = async (...args: readonly string[]) =>
    berth([...args, "--registry", `${registry.host}/me/tools`], where);
  const { images } = JSON.parse((await run("key", "--json")).stdout);
  const keys = new Map<string, string>();
  for (const { name, key } of images) keys.set(name, ownTags.key(key));
  seed(registry, "up/tools/a", testImage("a"), keys.get("a") ?? "");

  const first = await run("ensure", "--no-build", "--json");
  assert.equal(first.code, 1, first.stderr);
  const { outcomes, left } = JSON.parse(first.stdout);
  assert.deepEqual(
    outcomes.map(({ name, result }: Record<string, string>) => [name, result]),
    [["a", "copied"]],
  );
  assert.deepEqual(left, ["b"]);
  assert.ok(!registry.log.some((line) => /^PUT .*\/berth\/manifests/.test(line)));

  seed(registry, "up/tools/b", testImage("b"), keys.get("b") ?? "");
  const second = await run("ensure", "--no-build");
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /\nset record: .*me\/tools\/berth:set/);
  const third = await run("ensure", "--no-build");
  assert.match(third.stdout, /nothing to do\n$/);
});
