/** What GitLab's registry answers where others answer otherwise: each row is one thing that is done, and what is said to it. */
import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { digestOf } from "../../src/oci/digest.ts";
import { mediaTypes } from "../../src/oci/manifest.ts";
import { Bench, type Document, descriptorOf, imageWith, indexOf, said } from "./gitlab-bench.ts";
import type { Stand, startStand } from "./gitlab-stand.ts";

const { ociManifest, ociConfig } = mediaTypes;

interface Row {
  readonly name: string;
  /** Patterns in the token: of tags that may not be pushed or deleted, and of those that are immutable. */
  readonly token?: {
    readonly push?: string[];
    readonly delete?: string[];
    readonly immutable?: string[];
  };
  /** What is there before, by whoever may do all. */
  readonly first?: (bench: Bench) => Promise<unknown>;
  readonly does: (bench: Bench) => Promise<string>;
  readonly says: string;
}

const digest = (document: Document) => descriptorOf(document).digest;
/** An image that is there by its digest. */
const kept = async (bench: Bench) => {
  const image = await bench.image();
  await bench.put(digest(image), image);
  return image;
};
const long = "x".repeat(101);
const oddSubject = { subject: { ...descriptorOf(imageWith("none")), platform: undefined } };

const rows: readonly Row[] = [
  {
    name: "an image whose parts are missing, where the repository is not there",
    does: (bench) => bench.put("one", imageWith("")),
    says: "500 MANIFEST_BLOB_UNKNOWN UNKNOWN",
  },
  {
    name: "an image whose parts are missing, where the repository is there",
    first: (bench) => bench.image(),
    does: (bench) => {
      const config = { mediaType: ociConfig, digest: digestOf("none"), size: 4 };
      return bench.put("one", imageWith("", { config }));
    },
    says: "400 MANIFEST_BLOB_UNKNOWN",
  },
  {
    name: "a config of a type that it does not know",
    does: async (bench) => {
      const config = {
        mediaType: "application/vnd.berth.v1+json",
        digest: digestOf("{}"),
        size: 2,
      };
      return bench.put("one", await bench.image("", { config }));
    },
    says: "400 MANIFEST_INVALID",
  },
  {
    name: "an image of an artifact type that it does not know",
    does: async (bench) =>
      bench.put("one", await bench.image("", { artifactType: "application/vnd.berth.v1" })),
    says: "400 MANIFEST_INVALID",
  },
  {
    name: "an index of any artifact type",
    does: async (bench) =>
      bench.put("all", indexOf([await kept(bench)], { artifactType: "application/vnd.berth.v1" })),
    says: "201",
  },
  {
    name: "an image whose subject is not there",
    does: async (bench) => bench.put("one", await bench.image("", oddSubject)),
    says: "400 MANIFEST_BLOB_UNKNOWN",
  },
  {
    name: "an index of nothing",
    first: (bench) => bench.image(),
    does: (bench) => bench.put("all", indexOf([])),
    says: "500 UNKNOWN",
  },
  {
    name: "an index whose child is not there",
    first: (bench) => bench.image(),
    does: (bench) => bench.put("all", indexOf([imageWith("none")])),
    says: "400 MANIFEST_BLOB_UNKNOWN",
  },
  {
    name: "an index whose child is not there, nor the repository",
    does: (bench) => bench.put("all", indexOf([imageWith("none")])),
    says: "500 MANIFEST_BLOB_UNKNOWN UNKNOWN",
  },
  {
    name: "an index of an index, annotated",
    does: async (bench) => {
      const inner = indexOf([await kept(bench)]);
      await bench.put(digest(inner), inner);
      return bench.put("all", indexOf([inner], { annotations: { note: "both" } }));
    },
    says: "201",
  },
  {
    name: "deletion of an index's only tag, of which nothing goes at once",
    first: async (bench) => bench.put("all", indexOf([await kept(bench)])),
    does: async (bench) => {
      const deleted = await bench.delete("all");
      const index = await bench.get(digest(indexOf([imageWith("")])));
      return `${deleted}, ${index} ${await bench.get(digest(imageWith("")))}`;
    },
    says: "202, 200 200",
  },
  {
    name: "deletion of an index by digest, and then of its child",
    first: async (bench) => bench.put("all", indexOf([await kept(bench)])),
    does: async (bench) => {
      const all = [digest(indexOf([imageWith("")])), digest(imageWith(""))];
      return `${await bench.delete(all[0]!)} ${await bench.delete(all[1]!)}`;
    },
    says: "202 202",
  },
  {
    name: "deletion of an image by digest, which takes its tags",
    first: async (bench) => bench.put("one", await bench.image()),
    does: async (bench) =>
      `${await bench.delete(digest(imageWith("")))}, ${await bench.get("one")}`,
    says: "202, 404 MANIFEST_UNKNOWN",
  },
  {
    name: "deletion of an index's child",
    first: async (bench) => bench.put("all", indexOf([await kept(bench)])),
    does: (bench) => bench.delete(digest(imageWith(""))),
    says: "409 MANIFEST_REFERENCED",
  },
  {
    name: "deletion of what another image has as its subject",
    first: async (bench) => {
      const image = await bench.image();
      await bench.put("one", image);
      const { platform: _, ...subject } = descriptorOf(image);
      await bench.put("two", await bench.image("two", { subject }));
    },
    does: (bench) => bench.delete(digest(imageWith(""))),
    says: "500 UNKNOWN",
  },
  {
    name: "an index to somebody who does not say that it is understood",
    first: async (bench) => bench.put("all", indexOf([await kept(bench)])),
    does: (bench) => bench.get("all", ociManifest),
    says: "404 MANIFEST_UNKNOWN",
  },
  {
    name: "a push of a tag that the token denies, even of an image that is not one",
    token: { push: ["^latest$"], delete: [] },
    does: (bench) => bench.put("latest", { mediaType: ociManifest }),
    says: "401 PROTECTED_TAG",
  },
  {
    name: "a push of another tag, and by digest",
    token: { push: ["^latest$"], delete: [] },
    does: async (bench) => {
      const image = await bench.image();
      return `${await bench.put("late", image)} ${await bench.put(digest(image), image)}`;
    },
    says: "201 201",
  },
  {
    name: "a pattern that matches the middle of a tag",
    token: { push: ["ate"], delete: [] },
    does: async (bench) => bench.put("latest", await bench.image()),
    says: "401 PROTECTED_TAG",
  },
  {
    name: "deletion of a denied tag that is not there",
    token: { push: [], delete: ["^latest$"] },
    first: (bench) => bench.image(),
    does: (bench) => bench.delete("latest"),
    says: "401 PROTECTED_TAG",
  },
  {
    name: "deletion by digest, where any deletion is denied",
    token: { push: [], delete: ["^latest$"] },
    first: async (bench) => bench.put("one", await bench.image()),
    does: (bench) => bench.delete(digest(imageWith(""))),
    says: "401 PROTECTED_MANIFEST",
  },
  {
    name: "an immutable tag that is new",
    token: { immutable: ["^v"] },
    does: async (bench) => bench.put("v1", await bench.image()),
    says: "201",
  },
  {
    name: "an immutable tag that is there, with the same image",
    token: { immutable: ["^v"] },
    first: async (bench) => bench.put("v1", await bench.image()),
    does: (bench) => bench.put("v1", imageWith("")),
    says: "401 IMMUTABLE_TAG",
  },
  {
    name: "an immutable tag that is there, with another image, which is kept without the tag",
    token: { immutable: ["^v"] },
    first: async (bench) => bench.put("v1", await bench.image()),
    does: async (bench) => {
      const other = imageWith("other");
      const put = await bench.put("v1", other);
      const kept = await bench.get(digest(other));
      const at = await bench.send("HEAD", "manifests/v1", { headers: { accept: ociManifest } });
      const stays = at.headers.get("docker-content-digest") === digest(imageWith(""));
      return `${put}, ${kept}, ${stays ? "stays" : "moved"}`;
    },
    says: "401 IMMUTABLE_TAG, 200, stays",
  },
  {
    name: "deletion of an immutable tag",
    token: { immutable: ["^v"] },
    first: async (bench) => bench.put("v1", await bench.image()),
    does: (bench) => bench.delete("v1"),
    says: "401 IMMUTABLE_TAG",
  },
  {
    name: "deletion by digest, where any tag is immutable",
    token: { immutable: ["^v"] },
    first: async (bench) => bench.put("one", await bench.image()),
    does: (bench) => bench.delete(digest(imageWith(""))),
    says: "401 PROTECTED_MANIFEST",
  },
  {
    name: "an immutable tag that is denied too",
    token: { push: ["^v"], delete: [], immutable: ["^v"] },
    first: async (bench) => bench.put("v1", await bench.image()),
    does: (bench) => bench.put("v1", imageWith("")),
    says: "401 PROTECTED_TAG",
  },
  {
    name: "more than five patterns",
    token: { push: ["a", "b", "c"], delete: [], immutable: ["d", "e", "f"] },
    does: async (bench) => bench.put("zzz", await bench.image()),
    says: "400 TAG_PATTERN_COUNT_LIMIT_EXCEEDED",
  },
  ...[long, "("].flatMap((pattern): Row[] => [
    {
      name: `a push where a pattern is ${pattern === long ? "too long" : "none"}`,
      token: { push: [pattern], delete: [] },
      does: async (bench) => bench.put("zzz", await bench.image()),
      says: "400 TAG_PROTECTION_PATTERN_INVALID",
    },
    {
      name: `a deletion where a pattern is ${pattern === long ? "too long" : "none"}`,
      token: { immutable: [pattern] },
      first: async (bench) => bench.put("zzz", await bench.image()),
      does: (bench) => bench.delete("zzz"),
      says: "400 TAG_IMMUTABILITY_PATTERN_INVALID",
    },
  ]),
  {
    name: "reads and pushes by digest, whatever the patterns",
    token: { push: ["a", "b", "c", "d", "e", "("], delete: [] },
    does: async (bench) => {
      const image = await bench.image();
      return `${await bench.put(digest(image), image)} ${await bench.get(digest(image))}`;
    },
    says: "201 200",
  },
  {
    name: "deletion of a tag in a repository that is not there",
    does: (bench) => bench.delete("one"),
    says: "404 NAME_UNKNOWN",
  },
  {
    name: "deletion of a tag that is not there",
    first: async (bench) => bench.put("one", await bench.image()),
    does: (bench) => bench.delete("two"),
    says: "404 MANIFEST_UNKNOWN",
  },
  {
    name: "deletion of a tag, twice, and of nothing else",
    first: async (bench) => {
      await bench.put("one", await bench.image());
      await bench.put("two", imageWith(""));
    },
    does: async (bench) => {
      const deleted = [await bench.delete("one"), await bench.delete("one")];
      return [...deleted, await bench.get("two")].join(", ");
    },
    says: "202, 404 MANIFEST_UNKNOWN, 200",
  },
  {
    name: "the tags of a repository without tags",
    first: async (bench) => bench.put("one", await bench.image()),
    does: async (bench) => `${await bench.delete("one")}, ${await bench.page("")}`,
    says: "202, 200 null and no more",
  },
  {
    name: "the tags of a repository that is not there",
    does: async (bench) => said(await bench.send("GET", "tags/list")),
    says: "404 NAME_UNKNOWN",
  },
  {
    name: "101 tags: a hundred a page without n or with one that is no number of tags, and what n says else",
    first: (bench) => bench.tagged(101),
    does: async (bench) => {
      const queries = ["", "?n=0", "?n=-1", "?n=x", "?n=101", "?n=100&last=t000", "?n=7"];
      const pages: string[] = [];
      for (const query of queries) pages.push(await bench.page(query));
      return pages.map((page) => page.replace("200 ", "")).join(", ");
    },
    says: [
      ...Array.from({ length: 4 }, () => "100 and more"),
      ...["101 and no more", "100 and no more", "7 and more"],
    ].join(", "),
  },
  {
    name: "what it says of itself",
    does: async (bench) => {
      const answer = await bench.send("GET", "/v2/");
      const [version, database] = ["version", "database-enabled"].map((name) =>
        answer.headers.get(`gitlab-container-registry-${name}`),
      );
      return `${answer.status} ${version === null ? "nameless" : "named"} ${database}`;
    },
    says: "200 named true",
  },
];

export function gitlabRules(name: string, start: () => ReturnType<typeof startStand>): void {
  suite(`${name} answers to`, () => {
    let stand: Stand;
    before(async () => {
      stand = await start();
    });
    after(() => stand?.stop());

    for (const [number, { name, token, first, does, says }] of rows.entries())
      test(name, async () => {
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
