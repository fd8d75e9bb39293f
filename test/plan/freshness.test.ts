import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { annotationsOf, withAnnotations } from "../../src/build/annotate.ts";
import type { Config } from "../../src/config/config.ts";
import type { Manifest } from "../../src/oci/manifest.ts";
import { parseReference, type Reference } from "../../src/oci/reference.ts";
import { lookAtFreshness, type MergeHistory, withMembers } from "../../src/plan/freshness.ts";
import type { Observation, Sighting } from "../../src/plan/observe.ts";
import { type Situation, situationOf } from "../../src/plan/situation.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { client, seed, type TestImage, testImage, testIndex } from "../registry/clients.ts";
import { keyedImage, plannedImage } from "../support/keyed.ts";
import { type MemoryRegistry, startMemoryRegistry } from "../support/memory-registry.ts";
import { branch, jobIn, mergeRequest, qemu, shas } from "./pipelines.ts";

const policy = { maxAge: 7, followBases: true, in: "protected" } as const;
const created = new Date("2026-11-01T00:00:00Z");
const now = new Date("2026-11-20T00:00:00Z");
const master = jobIn("upstream", branch("master", true));
const planned = plannedImage("one", { kind: "build", because: { code: "no-registry" } });
const names = ["one", "two", "three", "four"];

/** Git that knows one target, and writes down what it is asked. */
function gitThat(target: string | undefined, knows: readonly string[] = []) {
  const asked: string[] = [];
  const history: MergeHistory = {
    target: async ({ because }) => {
      asked.push(because);
      return target;
    },
    isAncestor: async (_, descendant) => {
      asked.push(descendant.slice(0, 1));
      return knows.includes(descendant) ? true : undefined;
    },
  };
  return { asked, history };
}

describe("lookAtFreshness", () => {
  let memory: MemoryRegistry;
  let observation: Observation;
  before(async () => {
    memory = await startMemoryRegistry();
  });
  after(() => memory.stop());
  beforeEach(() => {
    memory.repositories.clear();
    for (const base of ["debian", "fedora"]) seed(memory, base, testImage(base), "1");
    observation = sighted([["debian"], ["debian"], ["debian", "fedora"], ["gone"], []]);
    memory.log.length = 0;
  });

  /** An image in the registry with bases as told, made at a revision of its own; of the first two the manifest is in hand. */
  function sight(used: readonly string[], at: number): [string, Sighting[]] {
    const name = names[at] ?? "index";
    const plain = testImage(name);
    const bases = used.map((base) => {
      const { digest } = testImage(base).manifest.descriptor;
      const moved = `sha256:${"0".repeat(64)}`;
      return { name: `${memory.host}/${base}:1`, digest: base === "fedora" ? moved : digest };
    });
    const origin = { revision: `${at}`.repeat(40), created, base: bases[0], bases } as const;
    const told = { ...origin, engine: "buildah" } as const;
    const situation = situationOf(master, qemu, undefined);
    const manifest = withAnnotations(plain.manifest, annotationsOf(planned, situation, told));
    assert.ok(manifest);
    seed(memory, `images/${name}`, { ...plain, manifest }, "tag");
    const { digest } = manifest.descriptor;
    const reference = { ...parseReference(`${memory.host}/images/${name}@${digest}`), digest };
    const source = at % 2 === 0 ? "upstream" : "own";
    const inHand = at < 2 ? manifest : undefined;
    return [name, [{ kind: "found", source, reference, foundBy: "key-tag", manifest: inHand }]];
  }

  function sighted(bases: readonly (readonly string[])[]): Observation {
    return { record: undefined, sightings: new Map(bases.map(sight)), looked: [], warnings: [] };
  }

  function look(situation: Situation, refresh: Config["refresh"], git = gitThat(undefined)) {
    const images = names.map((name) => ({ name, platform: "linux/amd64" }));
    // Its members are asked in its place.
    const index = { name: "index", platform: "linux/amd64,linux/arm64" };
    const { history } = git;
    const about = { situation, config: { refresh }, registry: client(undefined), history, now };
    return lookAtFreshness([...images, index], observation, about);
  }

  const here = (env = master) => situationOf(env, qemu, undefined);

  const quiet: readonly (readonly [string, Situation, Config["refresh"]])[] = [
    ["there is no policy", here(), undefined],
    ["a fork runs it", here(jobIn("fork", branch("master", true))), policy],
  ];
  for (const [what, situation, refresh] of quiet)
    test(`asks nobody where ${what}`, async () => {
      const git = gitThat(shas.target);
      const fresh = await look(situation, refresh, git);
      assert.deepEqual(memory.log, []);
      assert.deepEqual(git.asked, []);
      assert.deepEqual([fresh.origins.size, fresh.bases.size, fresh.target], [0, 0, undefined]);
    });

  test("gets each manifest that is not in hand, and heads each base once", async () => {
    const fresh = await look(here(), policy);
    const methods = memory.log.map((line) => line.replace(/@?sha256:.*/, "<digest>")).sort();
    assert.deepEqual(methods, [
      "GET /v2/images/four/manifests/<digest>",
      "GET /v2/images/three/manifests/<digest>",
      "HEAD /v2/debian/manifests/1",
      "HEAD /v2/fedora/manifests/1",
      "HEAD /v2/gone/manifests/1",
    ]);
    assert.deepEqual([...fresh.origins.keys()].sort(), [...names].sort());
    const bases = ["debian", "fedora"].map((name) => `${memory.host}/${name}:1`);
    assert.deepEqual([...fresh.bases.keys()].sort(), bases);
    assert.equal(fresh.origins.get("one")?.created, created.toISOString());
    assert.equal(fresh.now, now);
  });

  test("heads no base where bases do not count", async () => {
    await look(here(), { ...policy, followBases: false });
    assert.equal(memory.log.map((line) => line.split(" ")[0]).join(), "GET,GET");
  });

  test("takes a base whose registry is away for one that nobody knows", async () => {
    const away = new Map(observation.sightings);
    const annotations = { "berth.bases": `127.0.0.1:1/base:1@sha256:${"1".repeat(64)}` };
    const plain = testImage("away").manifest;
    const manifest = withAnnotations(plain, annotations);
    const [sighting] = away.get("one") ?? [];
    assert.ok(sighting?.kind === "found" && manifest !== undefined);
    observation = { ...observation, sightings: new Map([["one", [{ ...sighting, manifest }]]]) };
    assert.equal((await look(here(), policy)).bases.size, 0);
  });

  test("leaves out an image that has been deleted since", async () => {
    memory.repositories.delete("images/three");
    const fresh = await look(here(), policy);
    assert.deepEqual([...fresh.origins.keys()].sort(), ["four", "one", "two"]);
  });

  test("asks git about a merge for images that need it, each revision once", async () => {
    const train = here(jobIn("upstream", mergeRequest("fork", "merge_train")));
    const git = gitThat(shas.target, ["1".repeat(40)]);
    const fresh = await look(train, policy, git);
    // Of four images two are not upstream's; the manifest of one is in hand.
    assert.equal(memory.log.map((line) => line.slice(0, 20)).join(), "GET /v2/images/four/");
    assert.deepEqual(git.asked, ["merge train", "1", "3"]);
    assert.equal(fresh.target, shas.target);
    assert.deepEqual([...fresh.onTarget], ["1".repeat(40)]);
  });

  test("asks git for no history where the target is not to be had", async () => {
    const git = gitThat(undefined);
    const merging = { ...qemu, merge: { bots: [], mergedResults: true } };
    const job = jobIn("fork", mergeRequest("fork", "merged_result"));
    const fork = situationOf(job, merging, undefined);
    const fresh = await look(fork, policy, git);
    assert.deepEqual(git.asked, ["merged results"]);
    assert.deepEqual([fresh.target, fresh.onTarget.size, fresh.origins.size], [undefined, 0, 2]);
  });
});

describe("withMembers", () => {
  const images = [
    keyedImage("debian@amd64", { platform: "linux/amd64" }),
    keyedImage("debian@arm64", { platform: "linux/arm64" }),
    keyedImage("debian", { platform: "linux/amd64,linux/arm64" }),
    keyedImage("fedora"),
  ];
  const [one, other] = [testImage("amd64"), testImage("arm64")];
  const [whole, half] = [testIndex([one, other]), testIndex([one])];
  const platforms = new Map(
    [one, other].map((image, at) => [digestOf(image), ["amd64", "arm64"][at]]),
  );
  const repository = { host: "r.example", path: "debian" };
  const place = { base: { ...repository, path: "x" }, repository: "{name}", upstream: undefined };
  const source = { kind: "own", ...place, repositoryOf: () => repository } as const;

  function digestOf({ manifest }: Pick<TestImage, "manifest">) {
    return manifest.descriptor.digest;
  }

  function foundAs(manifest: Manifest): readonly [Sighting] {
    const reference = { ...repository, digest: digestOf({ manifest }) };
    return [{ kind: "found", source: "own", reference, foundBy: "key-tag", manifest: undefined }];
  }

  const rows: readonly (readonly [
    what: string,
    index: Manifest | undefined,
    force: readonly string[] | "none",
    there: readonly Manifest[],
    asked: number,
    members: string,
  ])[] = [
    ["asks nothing where an image is there and stays", whole, "none", [whole], 0, ""],
    [
      "takes members as the index made again names them",
      whole,
      ["debian"],
      [whole],
      1,
      "amd64 arm64",
    ],
    ["does so where another image is made again", whole, ["fedora"], [whole], 1, "amd64 arm64"],
    ["knows nothing of a platform that the index lacks", half, ["debian"], [half], 1, "amd64 -"],
    ["leaves members out where the index has gone", whole, ["debian"], [], 1, ""],
    ["looks for each by its key where the image is nowhere", undefined, "none", [], 2, "- -"],
    ["finds what is there then", undefined, ["debian"], [one.manifest], 2, "amd64 amd64"],
  ];
  for (const [what, index, force, there, count, expected] of rows)
    test(what, async () => {
      let asked = 0;
      const registry = {
        async get({ digest }: Reference) {
          asked++;
          return there.find((manifest) => [undefined, digestOf({ manifest })].includes(digest));
        },
        hasBlob: async () => true,
      } as unknown as Registry;
      const sightings = new Map<string, readonly Sighting[]>([["fedora", foundAs(one.manifest)]]);
      if (index !== undefined) sightings.set("debian", foundAs(index));
      const wishes = { force, tag: undefined };
      const situation = { ...situationOf(master, qemu, undefined), wishes };
      const found = await withMembers(
        images,
        { record: undefined, sightings, looked: [], warnings: [] },
        [source],
        { situation, config: { refresh: undefined }, registry },
      );
      const members = found.images.filter(({ name }) => name.includes("@"));
      const told = members.map(({ name }) => {
        const [seen] = found.observation.sightings.get(name) ?? [];
        return seen?.kind === "found" ? platforms.get(seen.reference.digest) : "-";
      });
      assert.deepEqual([told.join(" "), asked], [expected, count]);
      assert.equal(found.images.length - members.length, 2);
    });
});

test("what a Dockerfile names by digest is no base that can move", () => {
  const digest = testImage("x").manifest.descriptor.digest;
  const annotations = annotationsOf(planned, situationOf(master, qemu, undefined), {
    revision: null,
    created,
    base: undefined,
    bases: [
      { name: `r.example/pinned@${digest}`, digest },
      { name: "r.example/moving:1", digest },
      { name: "r.example/unknown:1", digest: undefined },
    ],
    engine: "docker",
  });
  assert.equal(annotations["berth.bases"], `r.example/moving:1@${digest}`);
});
