import assert from "node:assert/strict";
import { test } from "node:test";
import type { PruneSettings } from "../../src/config/config.ts";
import { keyVersion, ownTags } from "../../src/image/key.ts";
import { pastTag, tagsOf } from "../../src/oci/tags.ts";
import type { Facts } from "../../src/prune/facts.ts";
import { type Generation, judge } from "../../src/prune/judge.ts";
import { classify } from "../../src/prune/kinds.ts";
import { daysAgo, facts, rules } from "./facts.ts";

const hex = "0123456789abcdef".repeat(4);
const older = tagsOf(keyVersion - 1);
const key = ownTags.key(hex);
const names = { isPromoted: (tag: string) => /^(latest|staging-.*)$/.test(tag), userTag: "mine" };
const doubts = [{ about: "stable-9.2", why: "no such commit" }];
const needed = (...places: string[]): Partial<Facts> => ({
  needed: new Map(places.map((place) => [place, "master"])),
});
const pipeline = (id: number, days: number, running = false) => ({
  id,
  commit: hex.slice(0, 40),
  running,
  begunAt: daysAgo(days),
});

interface Around {
  readonly repository?: string;
  readonly facts?: Partial<Facts>;
  readonly settings?: Partial<PruneSettings>;
  readonly fork?: boolean;
  readonly ownPipeline?: number;
  readonly generation?: Generation;
}

/** A tag, the days since it was put as far as they are known, and what becomes of it. */
type Row = readonly [
  says: string,
  tag: string,
  days: number | undefined,
  expected: string,
  around?: Around,
];

const rows: readonly Row[] = [
  ["an old key that nobody needs goes", key, 8, "delete unneeded"],
  ["a young key stays", key, 6, "keep young"],
  ["a key from the future stays", key, -100, "keep young"],
  ["a key of unknown age stays", key, undefined, "keep age-unknown"],
  [
    "a key of unknown age goes where all recent uses are known",
    key,
    undefined,
    "delete unneeded",
    { facts: { usesKnownSince: daysAgo(7) } },
  ],
  [
    "uses known for too short a time prove nothing",
    key,
    undefined,
    "keep age-unknown",
    { facts: { usesKnownSince: daysAgo(6) } },
  ],
  [
    "a young key stays although no pipeline is known to use it",
    key,
    1,
    "keep young",
    { facts: { usesKnownSince: daysAgo(7) } },
  ],
  ["a needed key stays for ever", key, 900, "keep needed", { facts: needed(`debian:${key}`) }],
  [
    "a key needed in another repository is not needed here",
    key,
    900,
    "delete unneeded",
    { facts: needed(`fedora:${key}`) },
  ],
  ["doubt keeps a key", key, 900, "keep doubt", { facts: { doubts } }],
  ["a limit of its own wins", key, 8, "keep young", { settings: { ages: { key: 30 } } }],
  ["an old key of an image that is gone goes", key, 8, "delete image-gone", { repository: "gone" }],
  [
    "what untrusted runs wrote goes by age, whatever else is in doubt",
    ownTags.cache,
    8,
    "delete unneeded",
    { repository: "try/debian", facts: { doubts: [{ about: "main", why: "it cannot be read" }] } },
  ],
  [
    "what an untrusted run of an open merge request needs stays",
    key,
    8,
    "keep needed",
    { repository: "try/debian", facts: needed(`try/debian:${key}`) },
  ],
  [
    "a needed set stays",
    ownTags.set(hex),
    8,
    "keep needed",
    { facts: needed(`debian:${ownTags.set(hex)}`) },
  ],
  [
    "the generation that the record names stays",
    `${ownTags.set(hex)}-r7`,
    8,
    "keep needed",
    {
      facts: needed(`debian:${ownTags.set(hex)}`),
      generation: { pipeline: 7, since: daysAgo(90) },
    },
  ],
  [
    "a generation before it goes",
    `${ownTags.set(hex)}-r6`,
    8,
    "delete unneeded",
    { facts: needed(`debian:${ownTags.set(hex)}`), generation: { pipeline: 7, since: daysAgo(8) } },
  ],
  [
    "a generation that another took the place of yesterday stays, however old it is",
    `${ownTags.set(hex)}-r6`,
    90,
    "keep needed",
    { facts: needed(`debian:${ownTags.set(hex)}`), generation: { pipeline: 7, since: daysAgo(1) } },
  ],
  ...Object.entries({ key, try: `${key}-l5`, set: ownTags.set(hex), pipeline: `${key}-r6` }).map(
    ([kind, tag]): Row => [
      `no limit of ${kind} is shorter than plans live`,
      tag,
      6,
      "keep young",
      {
        settings: { ages: { [kind]: 1 } },
        facts: { pipelines: [pipeline(6, 6), pipeline(7, 1)] },
      },
    ],
  ),
  [
    "what a key's tag pointed at stays as long as plans live",
    pastTag(key, new Date(daysAgo(6))),
    90,
    "keep young",
  ],
  [
    "and goes then, although nobody tells when it was tagged",
    pastTag(key, new Date(daysAgo(8))),
    undefined,
    "delete unneeded",
    { facts: needed(`debian:${key}`) },
  ],
  [
    "another version's key stays, whatever this one needs",
    older.key(hex),
    900,
    "keep other-version",
  ],
  ["and so does its record", older.set(hex), 900, "keep other-version", { repository: "berth" }],
  [
    "unless the project says when it goes",
    older.key(hex),
    91,
    "delete other-version",
    { settings: { otherVersions: 90 } },
  ],
  ["and not before", older.cache, 89, "keep young", { settings: { otherVersions: 90 } }],
  [
    "nor where nobody tells its age",
    older.key(hex),
    undefined,
    "keep age-unknown",
    { settings: { otherVersions: 90 }, facts: { usesKnownSince: daysAgo(200) } },
  ],
  ["an old record goes", ownTags.set(hex), 8, "delete unneeded", { repository: "berth" }],
  [
    "a needed record stays",
    ownTags.set(hex),
    8,
    "keep needed",
    { repository: "berth", facts: needed(`berth:${ownTags.set(hex)}`) },
  ],
  [
    "an old claim goes",
    `promote-latest-${hex.slice(0, 40)}`,
    8,
    "delete unneeded",
    { repository: "berth", facts: { doubts } },
  ],
  [
    "the tag of a running pipeline stays",
    `${key}-r5`,
    90,
    "keep running",
    { facts: { pipelines: [pipeline(5, 90, true), pipeline(6, 1)] } },
  ],
  [
    "the tag of this very pipeline stays",
    `${key}-r5`,
    undefined,
    "keep running",
    { ownPipeline: 5 },
  ],
  [
    "the tag of a recent pipeline stays",
    `${key}-r5`,
    90,
    "keep young",
    { facts: { pipelines: [pipeline(5, 3), pipeline(6, 1)] } },
  ],
  [
    "the tag of a pipeline that began after the list stays",
    `${key}-r7`,
    undefined,
    "keep young",
    { facts: { pipelines: [pipeline(6, 1)] } },
  ],
  [
    "the tag of an old pipeline goes, whenever its image was built",
    `${key}-r5`,
    undefined,
    "delete unneeded",
    { facts: { pipelines: [pipeline(6, 1)], doubts } },
  ],
  [
    "the tag of a pipeline goes by its age where pipelines are not known",
    `${key}-r5`,
    8,
    "delete unneeded",
    { facts: { pipelines: undefined } },
  ],
  [
    "the tag of a pipeline stays where nothing is known",
    `${key}-r5`,
    undefined,
    "keep age-unknown",
    { facts: { pipelines: undefined } },
  ],
  ["the moving cache of an image stays", ownTags.cache, 90, "keep moving-cache"],
  [
    "the moving cache of an image that is gone goes",
    ownTags.built,
    90,
    "delete image-gone",
    { repository: "gone" },
  ],
  ["an old layer of a cache goes", hex, 8, "delete unneeded"],
  ["a young layer stays", hex, 6, "keep young"],
  [
    "a layer lives as long as the project says of caches",
    hex,
    29,
    "keep young",
    { settings: { ages: { cache: 30 } } },
  ],
  ["doubt keeps a layer", hex, 90, "keep doubt", { facts: { doubts } }],
  [
    "a layer whose age nobody tells stays, for builds read it and no pipeline names it",
    hex,
    undefined,
    "keep age-unknown",
    { facts: { usesKnownSince: daysAgo(90) } },
  ],
  [
    "a layer of an image that is gone goes",
    hex,
    undefined,
    "delete image-gone",
    { repository: "gone", facts: { usesKnownSince: daysAgo(90) } },
  ],
  ["a promoted tag stays", "latest", 900, "keep promoted"],
  ["upstream's promoted tag of a branch that is gone stays", "staging-9-2", 900, "keep promoted"],
  [
    "a fork's promoted tag of a branch that is gone goes",
    "staging-9-2",
    8,
    "delete branch-gone",
    { fork: true },
  ],
  [
    "a fork's promoted tag of a living branch stays",
    "latest",
    900,
    "keep promoted",
    { fork: true },
  ],
  [
    "a promoted tag of an image that is gone goes",
    "latest",
    8,
    "delete image-gone",
    { repository: "gone" },
  ],
  ["doubt keeps it", "latest", 8, "keep doubt", { repository: "gone", facts: { doubts } }],
  ["the user's own tag stays", "mine", 900, "keep override"],
  ["a tag that looks like a pipeline's stays", "p7", 900, "keep foreign"],
  [
    "unless a pattern names it",
    "p7",
    31,
    "delete pattern",
    { settings: { unknown: { "p*": 30 } } },
  ],
  ["a foreign tag stays", "v1.0", 900, "keep foreign"],
  [
    "a foreign tag that a pattern names goes when it is old",
    "test-5",
    31,
    "delete pattern",
    { settings: { unknown: { "test-*": 30 } } },
  ],
  [
    "a foreign tag that a pattern names stays while it is young",
    "test-5",
    29,
    "keep young",
    { settings: { unknown: { "test-*": 30 } } },
  ],
];

for (const [says, name, days, expected, around = {}] of rows) {
  test(says, () => {
    const { repository = "debian", generation, settings, fork, ownPipeline } = around;
    const what = classify(repository, name, names);
    const taggedAt = days === undefined ? undefined : daysAgo(days);
    const known = { repository, name, what, taggedAt, generation };
    const verdict = judge(known, facts(around.facts), rules(settings, fork, ownPipeline));
    assert.equal(`${verdict.action} ${verdict.reason.why}`, expected);
  });
}
