/** `berth ensure --no-build` and `--fan-out`: what is there is put in its place, what is not is left. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { seed, testImage } from "../registry/clients.ts";
import { openRegistry, projectOf } from "./project.ts";

const registry = await openRegistry();

/** A project of two images and what its berth says; `seedUp` puts one into upstream's registry. */
async function project(t: TestContext, name: string) {
  const { path, berth, keyTags } = projectOf(t, {
    "a.docker": "FROM scratch\nENV A=1\n",
    "b.docker": "FROM scratch\nENV B=1\n",
    "berth.yml": `upstream: ${registry.host}/${name}/tools\nreference: own-tag\n`,
  });
  const run = (...args: readonly string[]) =>
    berth([...args, "--registry", `${registry.host}/me/${name}`]);
  const tags = await keyTags();
  const seedUp = (image: string) =>
    seed(registry, `${name}/tools/${image}`, testImage(image), tags.get(image) ?? "");
  return { path, run, seedUp };
}

test("copies what upstream has, publishes nothing while images are left to build, then the set", async (t) => {
  const { run, seedUp } = await project(t, "first");
  seedUp("a");

  const first = await run("ensure", "--no-build", "--json");
  assert.equal(first.code, 1, first.stderr);
  const { outcomes, left } = JSON.parse(first.stdout);
  assert.deepEqual(
    outcomes.map(({ name, result }: Record<string, string>) => [name, result]),
    [["a", "copied"]],
  );
  assert.deepEqual(left, ["b"]);
  assert.ok(!registry.log.some((line) => /^PUT .*\/berth\/manifests/.test(line)));

  seedUp("b");
  const second = await run("ensure", "--no-build");
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /\nset record: .*me\/first\/berth:set/);
  const third = await run("ensure", "--no-build");
  assert.match(third.stdout, /nothing to do\n$/);
});

test("leaves all to a child pipeline where something is to be built, and nothing where all is there", async (t) => {
  const { path, run, seedUp } = await project(t, "second");
  const child = async () => {
    const names = Object.keys(parse(await readFile(`${path}/.berth/pipeline.yml`, "utf8")));
    return names.filter((name) => name.startsWith("berth "));
  };
  seedUp("a");
  const left = await run("ensure", "--fan-out");
  assert.equal(left.code, 0, left.stderr);
  assert.match(left.stdout, /\nleft to the child pipeline to build: b\n$/);
  assert.deepEqual(await child(), ["berth build b", "berth publish", "berth report"]);
  assert.ok(!registry.log.some((line) => line.startsWith("PUT /v2/me/second")));

  seedUp("b");
  const done = await run("ensure", "--fan-out");
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /\nset record: .*me\/second\/berth:set/);
  assert.deepEqual(await child(), ["berth idle"]);
});
