import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { decide } from "../../src/plan/decide.ts";
import { isFromScratch, reasonOf } from "../../src/plan/decision.ts";
import type { Decision, RefreshReason, ScratchReason } from "../../src/plan/plan.ts";
import type { Situation, Wishes } from "../../src/plan/situation.ts";
import { config, situation, someDigest } from "../support/keyed.ts";
import { registryOf } from "./pipelines.ts";
import { chain, groundsOf, seen } from "./sightings.ts";

const build: Decision = { kind: "build", because: { code: "absent", looked: ["r"] } };

/** Where an image must be for such a decision, in a fork whose set is to be in its own registry. */
const places = { reuse: "own", copy: "upstream", build: undefined } as const;

type Kind = keyof typeof places;

/** Decisions and names are of the chain's order, with blanks between them; `all` of one kind. */
const rows: readonly (readonly [string, string, string, after: string, anew: string])[] = [
  ["nothing asks", "reuse copy build reuse", "", "reuse copy build reuse", ""],
  ["one without children", "all reuse", "lone", "reuse reuse forced reuse", "lone"],
  ["the last of a chain", "all reuse", "leaf", "forced reuse reuse reuse", "leaf"],
  ["the middle", "all reuse", "middle", "parent:middle forced reuse reuse", "leaf middle"],
  [
    "the first, over two levels",
    "copy reuse reuse copy",
    "base",
    "parent:middle parent:base reuse forced",
    "base leaf middle",
  ],
  ["one that is built", "reuse reuse build reuse", "lone", "reuse reuse scratch:forced reuse", ""],
  [
    "a child is built upon it, and another upon that",
    "reuse build reuse reuse",
    "base",
    "parent:middle scratch:parent:base reuse forced",
    "base leaf middle",
  ],
  ["all", "all reuse", "leaf middle lone base", "all forced", "base leaf lone middle"],
];

function each(text: string): readonly string[] {
  const [, one] = /^all (.*)$/.exec(text) ?? [];
  return one === undefined ? text.split(" ") : chain.map(() => one);
}

function decided(before: string, wishes: Partial<Wishes>, merge?: Situation["merge"]) {
  const settings = config({ upstream: "qemu-project", reference: "own-tag" });
  const kinds = each(before) as readonly Kind[];
  const seenAs = (name: string) => {
    const source = places[kinds[chain.findIndex((image) => image.name === name)] ?? "build"];
    return source === undefined ? [] : [seen(source, { name })];
  };
  const asked = { force: "none", tag: undefined, ...wishes } as const;
  const here = { ...situation("alice/qemu", settings), wishes: asked, merge };
  return decide(groundsOf({ images: chain, config: settings, situation: here }, seenAs));
}

describe("what is built again", () => {
  for (const [what, before, force, after, anew] of rows)
    test(`${what}: ${after}`, () => {
      const made = decided(before, { force: force.split(" ") });
      const said = chain.map(({ name }) => shortly(made.decisions.get(name)));
      assert.deepEqual(said, each(after));
      assert.equal([...made.anew].sort().join(" "), anew);
    });

  test("remembers what is used until then", () => {
    const { decisions } = decided("build build copy reuse", { force: "all" });
    const before = { lone: registryOf.upstream, base: registryOf.fork };
    for (const [name, base] of Object.entries(before))
      assert.deepEqual(decisions.get(name), {
        kind: "refresh",
        because: { code: "forced" },
        from: `${base}/qemu/${name}@${someDigest}`,
      });
  });
});

const target = { branch: "main", head: undefined, url: undefined };

describe("what is built for the first time", () => {
  const train = { because: "merge train", target } as const;
  const rows: readonly (readonly [string, Wishes["force"], Situation["merge"], string])[] = [
    ["goes on from a cache", "none", undefined, "build build"],
    ["is from scratch in a merge", "none", train, "scratch:merge scratch:merge"],
    ["is from scratch where all is forced", "all", train, "scratch:forced scratch:forced"],
    ["is from scratch where it alone is forced", ["lone"], undefined, "build scratch:forced"],
  ];
  for (const [what, force, merge, after] of rows)
    test(`${what}: ${after}`, () => {
      const made = decided("", { force }, merge);
      const said = ["base", "lone"].map((name) => shortly(made.decisions.get(name)));
      assert.equal(said.join(" "), after);
      const isScratch = [...made.decisions.values()].map(isFromScratch);
      assert.deepEqual(isScratch.includes(true), after.includes("scratch"));
      assert.equal(made.anew.size, 0);
    });

  test("says so in its reason", () => {
    const because = { code: "absent", looked: ["r"], since: "RUN at line 2 changed" } as const;
    const scratch = { code: "merge", because: "merge train" } as const;
    assert.equal(
      reasonOf({ kind: "build", because, scratch }),
      "RUN at line 2 changed; from scratch: merge train",
    );
    assert.equal(
      reasonOf({ ...build, scratch: { code: "forced" } }),
      "key not found in the registry; from scratch: asked for by FORCE_REBUILD",
    );
    const reused = (foundBy: "set-record" | "key-tag") =>
      reasonOf({ kind: "reuse", reference: "r", digest: digestOf("d"), foundBy });
    assert.deepEqual([reused("set-record"), reused("key-tag")], ["in the set record", "key found"]);
  });
});

function shortly(decision: Decision | undefined): string {
  if (decision?.kind === "refresh") return codeOf(decision.because);
  const scratch = decision?.kind === "build" ? decision.scratch : undefined;
  return scratch === undefined ? (decision?.kind ?? "none") : `scratch:${codeOf(scratch)}`;
}

function codeOf(because: RefreshReason | ScratchReason): string {
  return because.code === "parent" ? `parent:${because.parent}` : because.code;
}
