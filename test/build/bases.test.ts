import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { lookUpBase, readSettings } from "../../src/build/bases.ts";
import { oldestLayer } from "../../src/build/layers.ts";
import { BerthError } from "../../src/errors.ts";
import { client, seedIndex, testImage } from "../registry/clients.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";

test("of a config what changes a build from it is read, and nothing else", () => {
  const read = (value: unknown) => readSettings(Buffer.from(JSON.stringify(value)), "x");
  const all = {
    ...{ OnBuild: ["COPY . /src", 1], Env: ["PATH=/a=b", "EMPTY=", "BARE"] },
    ...{ Shell: ["/bin/bash", "-c"], User: "4", ExposedPorts: { "53/tcp": {} } },
  };
  const leaves = { shell: true, user: true, ports: ["53/tcp"] };
  const expected = { onbuild: ["COPY . /src"], env: ["PATH", "EMPTY", "BARE"], leaves };
  assert.deepEqual(read({ config: all, architecture: "arm" }), {
    ...expected,
    architecture: "arm",
  });
  const plain = { Shell: ["/bin/sh", "-c"], User: "root", ExposedPorts: null, OnBuild: null };
  const nothing = { shell: false, user: false, ports: [] };
  for (const other of [{}, { config: null }, { config: plain }, { architecture: 1 }])
    assert.deepEqual(read(other), {
      ...{ onbuild: [], env: [], architecture: undefined },
      leaves: nothing,
    });
});

test("a config that cannot be read is an error that names its image, never a crash", () => {
  const json = fc.jsonValue().map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(json, fc.string()), (text) => {
      try {
        assert.ok(Array.isArray(readSettings(Buffer.from(text), "r.example/x").onbuild));
      } catch (error) {
        assert.ok(error instanceof BerthError && error.code === "MANIFEST_INVALID");
        assert.match(error.message, /r\.example\/x/);
      }
    }),
  );
});

/** A base of several platforms, each with a trigger that names it, beside one that is a plain image. */
async function bases(t: TestContext, platforms: readonly string[]) {
  const memory = await startMemoryRegistry();
  t.after(() => memory.stop());
  const images = platforms.map((name, number) => {
    return testImage(name, number + 1, { OnBuild: [`RUN ${name}`], Env: [`ON=${name}`] });
  });
  const given = { tag: "13", platforms: [...platforms] };
  const { digest } = seedIndex(memory, "bases/debian", images, given).descriptor;
  const name = `${memory.host}/bases/debian`;
  return {
    name,
    digest,
    children: new Map<string | undefined, string>(
      images.map(({ manifest }, number) => [platforms[number], manifest.descriptor.digest]),
    ),
    facts: (tag: string, platform: string) =>
      lookUpBase(`${name}:${tag}`, platform, client(undefined)),
  };
}

test("a base is found by the digest of its index, and read for the wanted platform", async (t) => {
  const { name, digest, children, facts } = await bases(t, ["amd64", "arm/v7"]);
  for (const [platform, read, layers] of [
    ["linux/amd64", "amd64", 1],
    ["linux/arm/v7", "arm/v7", 2],
    ["linux/s390x", undefined, undefined],
  ] as const)
    assert.deepEqual(
      await facts("13", platform),
      {
        name: `${name}:13`,
        pinned: `${name}@${children.get(read) ?? digest}`,
        digest,
        child: children.get(read) ?? digest,
        onbuild: read === undefined ? [] : [`RUN ${read}`],
        env: read === undefined ? [] : ["ON"],
        leaves: read === undefined ? undefined : { shell: false, user: false, ports: [] },
        architecture: read?.split("/")[0],
        layers,
        unknown: undefined,
      },
      platform,
    );
});

test("a base that is an image is read whatever platform is wanted", async (t) => {
  const { facts } = await bases(t, ["amd64"]);
  const { onbuild, env, layers } = await facts("child", "linux/arm64");
  assert.deepEqual([onbuild, env, layers], [["RUN amd64"], ["ON"], 1]);
});

test("the oldest layer of a build is told by the history above its base", () => {
  const layer = (created: unknown) => ({ created, created_by: "x" });
  const empty = { created: "2020-01-01T00:00:00Z", empty_layer: true };
  const [base, old, young] = ["1970-01-01", "2025-11-28", "2026-11-28"].map((day) =>
    layer(`${day}T12:00:00.123456789Z`),
  );
  const whole = [base, empty, young, empty, old, young];
  const rows: readonly (readonly [what: string, history: unknown, made: number, year: unknown])[] =
    [
      ["layers from a cache", whole, 3, 2025],
      ["the last one alone", whole, 1, 2026],
      ["a base that tells nothing", [empty, old, young], 2, 2025],
      ["none of its own", whole, 0, undefined],
      ["more layers than are told", whole, 5, undefined],
      ["a layer without a time", [base, layer(undefined)], 1, undefined],
      ["nonsense", [base, layer("yesterday")], 1, undefined],
      ["no history", undefined, 1, undefined],
      ["a history that is no list", { length: 1 }, 1, undefined],
    ];
  for (const [what, history, made, year] of rows) {
    const config = Buffer.from(JSON.stringify({ history }));
    assert.equal(oldestLayer(config, "x", made)?.getUTCFullYear(), year, what);
  }
});

test("a base that its registry does not have, or that nobody answers for, is used as written", async (t) => {
  const memory = await startMemoryRegistry();
  t.after(() => memory.stop());
  const absent = await lookUpBase(`${memory.host}/bases/gone:1`, "linux/amd64", client(undefined));
  assert.deepEqual([absent.pinned, absent.unknown], [undefined, "its registry does not have it"]);
  const away = await lookUpBase("127.0.0.1:1/bases/x:1", "linux/amd64", client(undefined));
  assert.match(away.unknown ?? "", /connection failed|ECONNREFUSED/);
});

test("a registry that asks to wait ends the build at once, with the way round it", async (t) => {
  const headers = { "retry-after": "3600" };
  const memory = await startMemoryRegistry({
    fault: () => ({ kind: "answer", answer: () => ({ status: 429, headers }) }),
  });
  t.after(() => memory.stop());
  const asked = lookUpBase(`${memory.host}/bases/x:1`, "linux/amd64", client(undefined));
  await assert.rejects(asked, { code: "REGISTRY_UNAVAILABLE", hint: /dependency proxy/ });
});
