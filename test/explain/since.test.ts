import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { stateOf } from "../../src/config/load.ts";
import { revisionTrees } from "../../src/context/revision.ts";
import { BerthError } from "../../src/errors.ts";
import { changesSince } from "../../src/explain/since.ts";
import { parseReference, printReference } from "../../src/oci/reference.ts";
import { makeRecord } from "../../src/plan/record.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { makeRepository } from "../context/repository.ts";

const base = { host: "registry.example.com", path: "group/project" };

test("images to build are told apart from the promoted set, with one request for all", async (t) => {
  const files = { "a.docker": "FROM x\nCOPY s /\n", "b.docker": "FROM x\n", s: "1" };
  const repository = makeRepository(t, files);
  const revision = repository.commit();
  repository.write({ s: "2", "b.docker": "FROM y\n", "c.docker": "FROM x\n" });
  const head = repository.commit();
  const git = await repository.open();
  const stateAt = async (commit: string) =>
    stateOf(await revisionTrees(git)(commit), defaultConfig);
  const asked: string[] = [];
  const empty = { setId: "0".repeat(64), tag: undefined, images: new Map(), pipeline: undefined };
  const record = (of: string | undefined) => makeRecord({ ...empty, revision: of }, new Date(0));
  type Answer = () => ReturnType<typeof record> | undefined;
  const registry = (answer: Answer): Pick<Registry, "get"> => ({
    async get(reference) {
      asked.push(printReference(reference));
      return answer();
    },
  });
  const wanted = { names: ["a", "b", "c"], tag: "latest", bases: [base], stateAt };
  const query = { ...wanted, start: async () => undefined, now: await stateAt(head) };
  const promoted = registry(() => record(revision));
  const found = await changesSince(query, promoted, git);
  assert.deepEqual(Object.fromEntries([...found].map(([name, { since }]) => [name, since])), {
    a: "COPY s changed since latest",
    b: "FROM at line 1 changed since latest",
    c: "the image is new since latest",
  });
  assert.deepEqual(asked, [
    printReference(parseReference("registry.example.com/group/project/berth:latest")),
  ]);
  const diff = ["  b.docker:1: ~ FROM", "      - FROM x", "      + FROM y"];
  assert.deepEqual(found.get("b")?.diff, diff);
  const nothing: readonly Answer[] = [
    () => undefined,
    () => record(undefined),
    () => record("1".repeat(40)),
    () => record("--output=x"),
    () => {
      throw new BerthError("REGISTRY_UNAVAILABLE", "get: away");
    },
  ];
  for (const answer of nothing)
    assert.equal((await changesSince(query, registry(answer), git)).size, 0);
  const start = async () => ({ label: "the merge base with main", revision });
  for (const answer of nothing.slice(0, 4)) {
    const since = await changesSince({ ...query, start }, registry(answer), git);
    assert.equal(since.get("a")?.since, "COPY s changed since the merge base with main");
  }
  const unpromoted = { ...query, tag: undefined, start };
  assert.equal((await changesSince(unpromoted, registry(nothing[4]!), git)).size, 3);
});
