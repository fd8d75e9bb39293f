/** What GitLab's registry answers where others answer otherwise: each row is one thing that is done, and what is said to it. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/manifest.ts";
import { Bench, type Document, descriptorOf, imageWith, indexOf, said } from "./gitlab-bench.ts";
import type { Stand, startStand } from "./gitlab-stand.ts";

const { ociManifest, ociConfig } = mediaTypes;

interface Around {
  /** Patterns in the token: of tags that may not be pushed or deleted, and of those that are immutable. */
  readonly token?: {
    readonly push?: string[];
    readonly delete?: string[];
    readonly immutable?: string[];
  };
  /** What is there before, by whoever may do all. */
  readonly first?: Does<unknown>;
}

type Does<Result> = (bench: Bench) => Promise<Result>;
type Row = readonly [says: string, does: Does<string>, around?: Around];

const digest = (document: Document) => descriptorOf(document).digest;
/** An image that is there by its digest. */
const kept = async (bench: Bench) => {
  const image = await bench.image();
  await bench.put(digest(image), image);
  return image;
};
const oddSubject = { subject: { ...descriptorOf(imageWith("none")), platform: undefined } };
const berths = "application/vnd.berth.v1";
const ourConfig = { mediaType: `${berths}+json`, digest: digestOf("{}"), size: 2 };
const noConfig = { mediaType: ociConfig, digest: digestOf("none"), size: 4 };
const plain = imageWith("");
const only = digest(plain);

const pushes =
  (tag: string, more?: object): Does<string> =>
  async (bench) =>
    bench.put(tag, await bench.image("", more));
const puts =
  (tag: string, document: Document): Does<string> =>
  (bench) =>
    bench.put(tag, document);
const pushesIndex =
  (more?: object): Does<string> =>
  async (bench) =>
    bench.put("all", indexOf([await kept(bench)], more));
const deletes =
  (reference: string): Does<string> =>
  (bench) =>
    bench.delete(reference);

const isThere: Around = { first: (bench) => bench.image() };
const hasOne: Around = { first: pushes("one") };
const hasIndex: Around = { first: pushesIndex() };
const noPush = (...push: string[]): Around => ({ token: { push, delete: [] } });
const noDeletion: Around = { token: { push: [], delete: ["^latest$"] } };
const fixed: Around = { token: { immutable: ["^v"] } };
const fixedThere: Around = { ...fixed, first: pushes("v1") };

const partly = imageWith("", { config: noConfig });
const childless = indexOf([imageWith("none")]);
const denying = (there: Around): Around => ({ ...noDeletion, ...there });
const fixedAnd: Around = { ...fixed, ...hasOne };
const denied = (what: string, pattern: string): Readonly<Record<string, Row>> => {
  const immutable: Around = { token: { immutable: [pattern] }, first: pushes("zzz") };
  return {
    [`a push, ${what}`]: ["400 TAG_PROTECTION_PATTERN_INVALID", pushes("zzz"), noPush(pattern)],
    [`a deletion, ${what}`]: ["400 TAG_IMMUTABILITY_PATTERN_INVALID", deletes("zzz"), immutable],
  };
};

const rows: Readonly<Record<string, Row>> = {
  "a part is missing, as is the repository": [
    "500 MANIFEST_BLOB_UNKNOWN UNKNOWN",
    puts("one", plain),
  ],
  "a part is missing alone": ["400 MANIFEST_BLOB_UNKNOWN", puts("one", partly), isThere],
  "a config of an unknown type": ["400 MANIFEST_INVALID", pushes("one", { config: ourConfig })],
  "an unknown artifact type": ["400 MANIFEST_INVALID", pushes("one", { artifactType: berths })],
  "an index of any artifact type": ["201", pushesIndex({ artifactType: berths })],
  "an image whose subject is not there": ["400 MANIFEST_BLOB_UNKNOWN", pushes("one", oddSubject)],
  "an index of nothing": ["500 UNKNOWN", puts("all", indexOf([])), isThere],
  "an index whose child is not there": [
    "400 MANIFEST_BLOB_UNKNOWN",
    puts("all", childless),
    isThere,
  ],
  "an index whose child is not there, nor the repository": [
    "500 MANIFEST_BLOB_UNKNOWN UNKNOWN",
    puts("all", childless),
  ],
  "an index of an index, annotated": [
    "201",
    async (bench) => {
      const inner = indexOf([await kept(bench)]);
      await bench.put(digest(inner), inner);
      return bench.put("all", indexOf([inner], { annotations: { note: "both" } }));
    },
  ],
  "deletion of an index's only tag, of which nothing goes at once": [
    "202, 200 200",
    async (bench) =>
      `${await bench.delete("all")}, ${await bench.get(digest(indexOf([plain])))} ${await bench.get(only)}`,
    hasIndex,
  ],
  "deletion of an index by digest, and then of its child": [
    "202 202",
    async (bench) => `${await bench.delete(digest(indexOf([plain])))} ${await bench.delete(only)}`,
    hasIndex,
  ],
  "deletion of an image by digest, which takes its tags": [
    "202, 404 MANIFEST_UNKNOWN",
    async (bench) => `${await bench.delete(only)}, ${await bench.get("one")}`,
    hasOne,
  ],
  "deletion of an index's child": ["409 MANIFEST_REFERENCED", deletes(only), hasIndex],
  "deletion of what another image has as its subject": [
    "500 UNKNOWN",
    deletes(only),
    {
      first: async (bench) => {
        const image = await bench.image();
        await bench.put("one", image);
        const { platform: _, ...subject } = descriptorOf(image);
        await bench.put("two", await bench.image("two", { subject }));
      },
    },
  ],
  "an index to somebody who does not say that it is understood": [
    "404 MANIFEST_UNKNOWN",
    (bench) => bench.get("all", ociManifest),
    hasIndex,
  ],
  "a push of a tag that the token denies, even of an image that is not one": [
    "401 PROTECTED_TAG",
    puts("latest", { mediaType: ociManifest }),
    noPush("^latest$"),
  ],
  "a push of another tag, and by digest": [
    "201 201",
    async (bench) => {
      const image = await bench.image();
      return `${await bench.put("late", image)} ${await bench.put(digest(image), image)}`;
    },
    noPush("^latest$"),
  ],
  "a pattern that matches a tag's middle": ["401 PROTECTED_TAG", pushes("latest"), noPush("ate")],
  "deletion of a denied tag that is not there": [
    "401 PROTECTED_TAG",
    deletes("latest"),
    denying(isThere),
  ],
  "deletion by digest, where any is denied": [
    "401 PROTECTED_MANIFEST",
    deletes(only),
    denying(hasOne),
  ],
  "an immutable tag that is new": ["201", pushes("v1"), fixed],
  "an immutable tag that is there, with its image": [
    "401 IMMUTABLE_TAG",
    puts("v1", plain),
    fixedThere,
  ],
  "an immutable tag that is there, with another image, which is kept without the tag": [
    "401 IMMUTABLE_TAG, 200, stays",
    async (bench) => {
      const other = imageWith("other");
      const put = await bench.put("v1", other);
      const got = await bench.get(digest(other));
      const at = await bench.send("HEAD", "manifests/v1", { headers: { accept: ociManifest } });
      const stays = at.headers.get("docker-content-digest") === only;
      return `${put}, ${got}, ${stays ? "stays" : "moved"}`;
    },
    fixedThere,
  ],
  "deletion of an immutable tag": ["401 IMMUTABLE_TAG", deletes("v1"), fixedThere],
  "deletion by digest, where a tag is immutable": [
    "401 PROTECTED_MANIFEST",
    deletes(only),
    fixedAnd,
  ],
  "an immutable tag that is denied too": [
    "401 PROTECTED_TAG",
    puts("v1", plain),
    { ...fixedThere, token: { push: ["^v"], delete: [], immutable: ["^v"] } },
  ],
  "more than five patterns": [
    "400 TAG_PATTERN_COUNT_LIMIT_EXCEEDED",
    pushes("zzz"),
    { token: { push: ["a", "b", "c"], delete: [], immutable: ["d", "e", "f"] } },
  ],
  ...denied("where a pattern is too long", "x".repeat(101)),
  ...denied("where a pattern is none", "("),
  "reads and pushes by digest, whatever the patterns": [
    "201 200",
    async (bench) => `${await bench.put(only, await bench.image())} ${await bench.get(only)}`,
    noPush("a", "b", "c", "d", "e", "("),
  ],
  "deletion of a tag in a repository that is not there": ["404 NAME_UNKNOWN", deletes("one")],
  "deletion of a tag that is not there": ["404 MANIFEST_UNKNOWN", deletes("two"), hasOne],
  "deletion of a tag, twice, and of nothing else": [
    "202, 404 MANIFEST_UNKNOWN, 200",
    async (bench) => {
      await bench.put("two", plain);
      const deleted = [await bench.delete("one"), await bench.delete("one")];
      return [...deleted, await bench.get("two")].join(", ");
    },
    hasOne,
  ],
  "the tags of a repository without tags": [
    "202, 200 null and no more",
    async (bench) => `${await bench.delete("one")}, ${await bench.page("")}`,
    hasOne,
  ],
  "the tags of a repository that is not there": [
    "404 NAME_UNKNOWN",
    async (bench) => said(await bench.send("GET", "tags/list")),
  ],
  "101 tags: a hundred a page without n or with one that is no number of tags, and what n says else":
    [
      "100 and more, 100 and more, 100 and more, 100 and more, 101 and no more, 100 and no more, 7 and more",
      async (bench) => {
        const queries = ["", "?n=0", "?n=-1", "?n=x", "?n=101", "?n=100&last=t000", "?n=7"];
        const pages: string[] = [];
        for (const query of queries) pages.push(await bench.page(query));
        return pages.map((page) => page.replace("200 ", "")).join(", ");
      },
      { first: (bench) => bench.tagged(101) },
    ],
  "what it says of itself": [
    "200 named true",
    async (bench) => {
      const answer = await bench.send("GET", "/v2/");
      const [version, database] = ["version", "database-enabled"].map((name) =>
        answer.headers.get(`gitlab-container-registry-${name}`),
      );
      return `${answer.status} ${version === null ? "nameless" : "named"} ${database}`;
    },
  ],
};

export function gitlabRules(name: string, start: () => ReturnType<typeof startStand>): void {
  suite(`${name} answers to`, () => {
    let stand: Stand;
    before(async () => {
      stand = await start();
    });
    after(() => stand?.stop());

    for (const [number, [what, row]] of Object.entries(rows).entries())
      test(what, async () => {
        const [says, does, { token, first } = {}] = row;
        const { immutable, ...denied } = token ?? {};
        const meta = {
          ...(denied.push === undefined ? {} : { tag_deny_access_patterns: denied }),
          ...(immutable === undefined ? {} : { tag_immutable_patterns: immutable }),
        };
        const path = `rules/r${number}`;
        await first?.(new Bench(stand, path, {}));
        assert.equal(await does(new Bench(stand, path, meta)), says);
      });
  });
}
