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

interface Row {
  readonly says: string;
  readonly tag: string;
  readonly repository?: string;
  /** Days since tagging; unknown where it is left out. */
  readonly days?: number;
  readonly facts?: Partial<Facts>;
  readonly settings?: Partial<PruneSettings>;
  readonly fork?: boolean;
  readonly generation?: Generation;
  readonly expect: string;
}

const rows: readonly Row[] = [
  { says: "an old key that nobody needs goes", tag: key, days: 8, expect: "delete unneeded" },
  { says: "a young key stays", tag: key, days: 6, expect: "keep young" },
  { says: "a key from the future stays", tag: key, days: -100, expect: "keep young" },
  { says: "a key of unknown age stays", tag: key, expect: "keep age-unknown" },
  {
    says: "a key of unknown age goes where all recent uses are known",
    tag: key,
    facts: { usesKnownSince: daysAgo(7) },
    expect: "delete unneeded",
  },
  {
    says: "uses known for too short a time prove nothing",
    tag: key,
    facts: { usesKnownSince: daysAgo(6) },
    expect: "keep age-unknown",
  },
  {
    says: "a young key stays although no pipeline is known to use it",
    tag: key,
    days: 1,
    facts: { usesKnownSince: daysAgo(7) },
    expect: "keep young",
  },
  {
    says: "a needed key stays for ever",
    tag: key,
    days: 900,
    facts: needed(`debian:${key}`),
    expect: "keep needed",
  },
  {
    says: "a key needed in another repository is not needed here",
    tag: key,
    days: 900,
    facts: needed(`fedora:${key}`),
    expect: "delete unneeded",
  },
  { says: "doubt keeps a key", tag: key, days: 900, facts: { doubts }, expect: "keep doubt" },
  {
    says: "a limit of its own wins",
    tag: key,
    days: 8,
    settings: { ages: { key: 30 } },
    expect: "keep young",
  },
  {
    says: "an old key of an image that is gone goes",
    tag: key,
    repository: "gone",
    days: 8,
    expect: "delete image-gone",
  },
  {
    says: "what untrusted runs wrote goes by age, whatever else is in doubt",
    repository: "try/debian",
    tag: ownTags.cache,
    days: 8,
    facts: { doubts: [{ about: "main", why: "it cannot be read" }] },
    expect: "delete unneeded",
  },
  {
    says: "what an untrusted run of an open merge request needs stays",
    repository: "try/debian",
    tag: key,
    days: 8,
    facts: needed(`try/debian:${key}`),
    expect: "keep needed",
  },
  {
    says: "a needed set stays",
    tag: ownTags.set(hex),
    days: 8,
    facts: needed(`debian:${ownTags.set(hex)}`),
    expect: "keep needed",
  },
  {
    says: "the generation that the record names stays",
    tag: `${ownTags.set(hex)}-r7`,
    days: 8,
    facts: needed(`debian:${ownTags.set(hex)}`),
    generation: { pipeline: 7, since: daysAgo(90) },
    expect: "keep needed",
  },
  {
    says: "a generation before it goes",
    tag: `${ownTags.set(hex)}-r6`,
    days: 8,
    facts: needed(`debian:${ownTags.set(hex)}`),
    generation: { pipeline: 7, since: daysAgo(8) },
    expect: "delete unneeded",
  },
  {
    says: "a generation that another took the place of yesterday stays, however old it is",
    tag: `${ownTags.set(hex)}-r6`,
    days: 90,
    facts: needed(`debian:${ownTags.set(hex)}`),
    generation: { pipeline: 7, since: daysAgo(1) },
    expect: "keep needed",
  },
  ...["key", "try", "set", "pipeline"].map((kind) => ({
    says: `no limit of ${kind} is shorter than plans live`,
    tag: { key, try: `${key}-l5`, set: ownTags.set(hex), pipeline: `${key}-r6` }[kind] ?? "",
    days: 6,
    settings: { ages: { [kind]: 1 } },
    facts: { pipelines: [pipeline(6, 6), pipeline(7, 1)] },
    expect: "keep young",
  })),
  {
    says: "what a key's tag pointed at stays as long as plans live",
    tag: pastTag(key, new Date(daysAgo(6))),
    days: 90,
    expect: "keep young",
  },
  {
    says: "and goes then, although nobody tells when it was tagged",
    tag: pastTag(key, new Date(daysAgo(8))),
    facts: needed(`debian:${key}`),
    expect: "delete unneeded",
  },
  {
    says: "another version's key stays, whatever this one needs",
    tag: older.key(hex),
    days: 900,
    expect: "keep other-version",
  },
  {
    says: "and so does its record",
    tag: older.set(hex),
    repository: "berth",
    days: 900,
    expect: "keep other-version",
  },
  {
    says: "unless the project says when it goes",
    tag: older.key(hex),
    days: 91,
    settings: { otherVersions: 90 },
    expect: "delete other-version",
  },
  {
    says: "and not before",
    tag: older.cache,
    days: 89,
    settings: { otherVersions: 90 },
    expect: "keep young",
  },
  {
    says: "nor where nobody tells its age",
    tag: older.key(hex),
    settings: { otherVersions: 90 },
    facts: { usesKnownSince: daysAgo(200) },
    expect: "keep age-unknown",
  },
  {
    says: "an old record goes",
    tag: ownTags.set(hex),
    repository: "berth",
    days: 8,
    expect: "delete unneeded",
  },
  {
    says: "a needed record stays",
    tag: ownTags.set(hex),
    repository: "berth",
    days: 8,
    facts: needed(`berth:${ownTags.set(hex)}`),
    expect: "keep needed",
  },
  {
    says: "an old claim goes",
    tag: `promote-latest-${hex.slice(0, 40)}`,
    repository: "berth",
    days: 8,
    facts: { doubts },
    expect: "delete unneeded",
  },
  {
    says: "the tag of a running pipeline stays",
    tag: `${key}-r5`,
    days: 90,
    facts: { pipelines: [pipeline(5, 90, true), pipeline(6, 1)] },
    expect: "keep running",
  },
  {
    says: "the tag of this very pipeline stays",
    tag: `${key}-r5`,
    facts: { ownPipeline: 5 },
    expect: "keep running",
  },
  {
    says: "the tag of a recent pipeline stays",
    tag: `${key}-r5`,
    days: 90,
    facts: { pipelines: [pipeline(5, 3), pipeline(6, 1)] },
    expect: "keep young",
  },
  {
    says: "the tag of a pipeline that began after the list stays",
    tag: `${key}-r7`,
    facts: { pipelines: [pipeline(6, 1)] },
    expect: "keep young",
  },
  {
    says: "the tag of an old pipeline goes, whenever its image was built",
    tag: `${key}-r5`,
    facts: { pipelines: [pipeline(6, 1)], doubts },
    expect: "delete unneeded",
  },
  {
    says: "the tag of a pipeline goes by its age where pipelines are not known",
    tag: `${key}-r5`,
    days: 8,
    facts: { pipelines: undefined },
    expect: "delete unneeded",
  },
  {
    says: "the tag of a pipeline stays where nothing is known",
    tag: `${key}-r5`,
    facts: { pipelines: undefined },
    expect: "keep age-unknown",
  },
  {
    says: "the moving cache of an image stays",
    tag: ownTags.cache,
    days: 90,
    expect: "keep moving-cache",
  },
  {
    says: "the moving cache of an image that is gone goes",
    tag: ownTags.built,
    repository: "gone",
    days: 90,
    expect: "delete image-gone",
  },
  { says: "an old layer of a cache goes", tag: hex, days: 8, expect: "delete unneeded" },
  { says: "a young layer stays", tag: hex, days: 6, expect: "keep young" },
  {
    says: "a layer lives as long as the project says of caches",
    tag: hex,
    days: 29,
    settings: { ages: { cache: 30 } },
    expect: "keep young",
  },
  { says: "doubt keeps a layer", tag: hex, days: 90, facts: { doubts }, expect: "keep doubt" },
  {
    says: "a layer whose age nobody tells stays, for builds read it and no pipeline names it",
    tag: hex,
    facts: { usesKnownSince: daysAgo(90) },
    expect: "keep age-unknown",
  },
  {
    says: "a layer of an image that is gone goes",
    tag: hex,
    repository: "gone",
    facts: { usesKnownSince: daysAgo(90) },
    expect: "delete image-gone",
  },
  { says: "a promoted tag stays", tag: "latest", days: 900, expect: "keep promoted" },
  {
    says: "upstream's promoted tag of a branch that is gone stays",
    tag: "staging-9-2",
    days: 900,
    expect: "keep promoted",
  },
  {
    says: "a fork's promoted tag of a branch that is gone goes",
    tag: "staging-9-2",
    days: 8,
    fork: true,
    expect: "delete branch-gone",
  },
  {
    says: "a fork's promoted tag of a living branch stays",
    tag: "latest",
    days: 900,
    fork: true,
    expect: "keep promoted",
  },
  {
    says: "a promoted tag of an image that is gone goes",
    tag: "latest",
    repository: "gone",
    days: 8,
    expect: "delete image-gone",
  },
  {
    says: "doubt keeps it",
    tag: "latest",
    repository: "gone",
    days: 8,
    facts: { doubts },
    expect: "keep doubt",
  },
  { says: "the user's own tag stays", tag: "mine", days: 900, expect: "keep override" },
  {
    says: "a tag that looks like a pipeline's stays",
    tag: "p7",
    days: 900,
    expect: "keep foreign",
  },
  {
    says: "unless a pattern names it",
    tag: "p7",
    days: 31,
    settings: { unknown: { "p*": 30 } },
    expect: "delete pattern",
  },
  { says: "a foreign tag stays", tag: "v1.0", days: 900, expect: "keep foreign" },
  {
    says: "a foreign tag that a pattern names goes when it is old",
    tag: "test-5",
    days: 31,
    settings: { unknown: { "test-*": 30 } },
    expect: "delete pattern",
  },
  {
    says: "a foreign tag that a pattern names stays while it is young",
    tag: "test-5",
    days: 29,
    settings: { unknown: { "test-*": 30 } },
    expect: "keep young",
  },
];

for (const row of rows) {
  test(row.says, () => {
    const { repository = "debian", tag, days } = row;
    const known = {
      repository,
      name: tag,
      what: classify(repository, tag, names),
      taggedAt: days === undefined ? undefined : daysAgo(days),
      generation: row.generation,
    };
    const verdict = judge(known, facts(row.facts), rules(row.settings, row.fork));
    assert.equal(`${verdict.action} ${verdict.reason.why}`, row.expect);
  });
}
