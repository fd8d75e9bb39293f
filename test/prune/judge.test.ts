import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig, type PruneSettings } from "../../src/config/config.ts";
import { keyVersion, ownTags } from "../../src/image/key.ts";
import { pastTag, tagsOf } from "../../src/oci/tags.ts";
import { dayMs, type Facts } from "../../src/prune/facts.ts";
import { type Generation, judge } from "../../src/prune/judge.ts";
import { classify } from "../../src/prune/kinds.ts";

const now = Date.UTC(2026, 7, 19);
const daysAgo = (days: number) => now - days * dayMs;
const plain: Facts = {
  now,
  needed: new Map(),
  repositories: new Map([["debian", "master"]]),
  liveTags: new Set(["latest"]),
  doubts: [],
  pipelines: [],
  usesKnownSince: undefined,
};
const hex = "0123456789abcdef".repeat(4);
const older = tagsOf(keyVersion - 1);
const key = ownTags.key(hex);
const names = { isPromoted: (tag: string) => /^(latest|staging-.*)$/.test(tag), userTag: "mine" };
const doubts = [{ about: "stable-9.2", why: "no such commit" }];
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
type Row = readonly [tag: string, days: number | undefined, expected: string, around?: Around];

const set = ownTags.set(hex);
const berth: Around = { repository: "berth" };
const gone: Around = { repository: "gone" };
const tried: Around = { repository: "try/debian" };
const inDoubt: Around = { facts: { doubts } };
const neededAt = (place: string): Around => ({ facts: { needed: new Map([[place, "master"]]) } });
const usesKnown = (days: number): Around => ({ facts: { usesKnownSince: daysAgo(days) } });
const told = (...pipelines: NonNullable<Facts["pipelines"]>): Around => ({ facts: { pipelines } });
const untold: Around = { facts: { pipelines: undefined } };
const others: Around = { settings: { otherVersions: 90 } };
const unknown = (pattern: string, days: number): Around => ({
  settings: { unknown: { [pattern]: days } },
});
const ageOf = (kind: string, days: number): Around => ({ settings: { ages: { [kind]: days } } });
/** A set that is needed, and the generation that its record names for so many days. */
const named = (days: number): Around => ({
  ...neededAt(`debian:${set}`),
  generation: { pipeline: 7, since: daysAgo(days) },
});

const unused = { ...others, ...usesKnown(200) };
const lost = { ...gone, ...usesKnown(90) };
const fifth = `${key}-r5`;
const later = pipeline(6, 1);

const rows: Readonly<Record<string, Row>> = {
  "an old key that nobody needs goes": [key, 8, "delete unneeded"],
  "one just as old as the limit too": [key, 7, "delete unneeded"],
  "a young key stays": [key, 6, "keep young"],
  "a key from the future stays": [key, -100, "keep young"],
  "a key of unknown age stays": [key, undefined, "keep age-unknown"],
  "and goes where all recent uses are known": [key, undefined, "delete unneeded", usesKnown(7)],
  "but not by too short a time of uses": [key, undefined, "keep age-unknown", usesKnown(6)],
  "a young key stays that no pipeline is known to use": [key, 1, "keep young", usesKnown(7)],
  "a needed key stays for ever": [key, 900, "keep needed", neededAt(`debian:${key}`)],
  "one needed elsewhere goes here": [key, 900, "delete unneeded", neededAt(`fedora:${key}`)],
  "doubt keeps a key": [key, 900, "keep doubt", inDoubt],
  "a limit of its own wins": [key, 8, "keep young", ageOf("key", 30)],
  "an old key of an image that is gone goes": [key, 8, "delete image-gone", gone],
  "what was tried goes too": [ownTags.cache, 8, "delete unneeded", { ...tried, ...inDoubt }],
  "what a try needs stays": [key, 8, "keep needed", { ...tried, ...neededAt(`try/debian:${key}`) }],
  "a generation of a try stays while its pipeline runs": [
    fifth,
    undefined,
    "keep running",
    { ...tried, facts: { pipelines: [pipeline(5, 90, true)], usesKnownSince: daysAgo(90) } },
  ],
  "and goes some days later": [fifth, undefined, "delete unneeded", { ...tried, ...told(later) }],
  "a needed set stays": [set, 8, "keep needed", neededAt(`debian:${set}`)],
  "the generation that the record names stays": [`${set}-r7`, 8, "keep needed", named(90)],
  "one before it goes": [`${set}-r6`, 8, "delete unneeded", named(8)],
  "unless its place was taken yesterday": [`${set}-r6`, 90, "keep needed", named(1)],
  ...Object.fromEntries(
    Object.entries({ key, try: `${key}-l5`, set, pipeline: `${key}-r6` }).map(([kind, tag]) => {
      const around = { ...ageOf(kind, 1), ...told(pipeline(6, 6), pipeline(7, 1)) };
      return [`no limit of ${kind} is shorter than plans live`, [tag, 6, "keep young", around]];
    }),
  ),
  "what a key was stays while plans live": [pastTag(key, new Date(daysAgo(6))), 90, "keep young"],
  "and goes then, although nobody tells when it was tagged": [
    pastTag(key, new Date(daysAgo(8))),
    undefined,
    "delete unneeded",
    neededAt(`debian:${key}`),
  ],
  "another version's key stays, whatever is needed": [older.key(hex), 900, "keep other-version"],
  "and so does its record": [older.set(hex), 900, "keep other-version", berth],
  "unless the project says when it goes": [older.key(hex), 91, "delete other-version", others],
  "and not before": [older.cache, 89, "keep young", others],
  "nor where nobody tells its age": [older.key(hex), undefined, "keep age-unknown", unused],
  "an old record goes": [set, 8, "delete unneeded", berth],
  "a needed record stays": [set, 8, "keep needed", { ...berth, ...neededAt(`berth:${set}`) }],
  "a running pipeline's stays": [fifth, 90, "keep running", told(pipeline(5, 90, true), later)],
  "that of this very one stays": [fifth, undefined, "keep running", { ownPipeline: 5 }],
  "of a recent one": [fifth, 90, "keep young", told(pipeline(5, 3), later)],
  "one's as old as the limit goes": [fifth, 90, "delete unneeded", told(pipeline(5, 7), later)],
  "that of one begun later stays": [`${key}-r7`, undefined, "keep young", told(later)],
  "that of an old one goes, whenever its image was built": [
    fifth,
    undefined,
    "delete unneeded",
    { facts: { pipelines: [later], doubts } },
  ],
  "it goes by its age where none are known": [fifth, 8, "delete unneeded", untold],
  "and stays where nothing is known": [fifth, undefined, "keep age-unknown", untold],
  "the moving cache of an image stays": [ownTags.cache, 90, "keep moving-cache"],
  "that of an image that is gone goes": [ownTags.built, 90, "delete image-gone", gone],
  "an old layer of a cache goes": [hex, 8, "delete unneeded"],
  "it lives as long as the project says": [hex, 29, "keep young", ageOf("cache", 30)],
  "doubt keeps a layer": [hex, 90, "keep doubt", inDoubt],
  // Builds read it, and no pipeline names it.
  "a layer of unknown age stays": [hex, undefined, "keep age-unknown", usesKnown(90)],
  "a layer of an image that is gone goes": [hex, undefined, "delete image-gone", lost],
  "a promoted tag stays": ["latest", 900, "keep promoted"],
  "upstream's of a branch that is gone stays": ["staging-9-2", 900, "keep promoted"],
  "a fork's goes then": ["staging-9-2", 8, "delete branch-gone", { fork: true }],
  "a fork's of a living branch stays": ["latest", 900, "keep promoted", { fork: true }],
  "a promoted one of an image that is gone goes": ["latest", 8, "delete image-gone", gone],
  "doubt keeps it": ["latest", 8, "keep doubt", { ...gone, ...inDoubt }],
  "doubt keeps a fork's": ["staging-9-2", 8, "keep doubt", { fork: true, ...inDoubt }],
  "the user's own tag stays": ["mine", 900, "keep override"],
  "a foreign tag stays": ["v1.0", 900, "keep foreign"],
  "one of a pattern goes when it is old": ["test-5", 31, "delete pattern", unknown("test-*", 30)],
  "and stays while it is young": ["test-5", 29, "keep young", unknown("test-*", 30)],
};

for (const [says, [name, days, expected, around = {}]] of Object.entries(rows))
  test(says, () => {
    const { repository = "debian", fork: isFork = false, ownPipeline } = around;
    const { generation, settings } = around;
    const what = classify(repository, name, names);
    const taggedAt = days === undefined ? undefined : daysAgo(days);
    const known = { repository, name, what, taggedAt, generation };
    const config = { prune: { ...defaultConfig.prune, ...settings } };
    const facts = { ...plain, ...around.facts };
    const verdict = judge(known, facts, { config, isFork, ownPipeline });
    assert.equal(`${verdict.action} ${verdict.reason.why}`, expected);
  });
