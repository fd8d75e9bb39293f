import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import {
  below,
  parseRepository,
  printRepository,
  type Repository,
} from "../../src/oci/reference.ts";
import { readerOf } from "../../src/plan/look.ts";
import { announceReads } from "../../src/plan/observe.ts";
import type { Source } from "../../src/plan/places.ts";
import { client } from "../registry/clients.ts";

const denied = new BerthError("REGISTRY_DENIED", "look at x: 403");
const up = { kind: "upstream", base: parseRepository("r.example/up") } as const;
const own = { kind: "own", base: parseRepository("r.example/own") } as const;
const refuse = (error: Error) => () => Promise.reject(error);

test("what upstream refuses is left out from then on, with a warning", async () => {
  const reader = readerOf(client(undefined));
  assert.equal(await reader.read(up, async () => "seen"), "seen");
  assert.deepEqual(reader.warnings(), []);
  assert.equal(await reader.read(up, refuse(denied)), undefined);
  assert.equal(await reader.read(up, async () => assert.fail("it is asked again")), undefined);
  assert.equal(await reader.read(own, async () => "own"), "own");
  const said = reader.warnings().join("|");
  assert.match(said, /^r\.example\/up may not be read \(look at x: 403\)[^|]*$/);
});

test("a refusal of the own registry is an error, and so is any other failure of upstream's", async () => {
  const reader = readerOf(client(undefined));
  const down = new BerthError("REGISTRY_UNAVAILABLE", "look at x: 503");
  await assert.rejects(reader.read(own, refuse(denied)), denied);
  for (const error of [down, new TypeError("a mistake")])
    await assert.rejects(reader.read(up, refuse(error)), error);
  assert.deepEqual(reader.warnings(), []);
});

test("all that a look may read is announced before, and the login of the first record is asked for", () => {
  const said: string[] = [];
  const repositoryOf = (base: Repository) => (name: string) => below(base, name);
  const places = [up, own].map(({ kind, base }) => ({
    kind,
    base,
    repositoryOf: repositoryOf(base),
  }));
  announceReads([{ name: "a" }], places as unknown as readonly Source[], {
    announce: (access, repositories) =>
      said.push(`${access} ${repositories.map(printRepository).join(" ")}`),
    prepare: (access, repository) => said.push(`now ${access} ${printRepository(repository)}`),
  });
  assert.deepEqual(said, [
    // One token is to do for all records, whatever else it has room for.
    "pull r.example/up/berth r.example/own/berth r.example/up/a r.example/own/a",
    "now pull r.example/up/berth",
  ]);
});
