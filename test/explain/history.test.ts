import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type HistoryQuery, nearestOf, originOf } from "../../src/explain/history.ts";

/** A history by its keys, the newest first; `-` is a commit without the image. */
function history(keys: string, whole = false): HistoryQuery & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    whole,
    commits: [...keys].map((_, index) => ({ id: String(index), subject: `commit ${index}` })),
    keyAt: async (id) => {
      asked.push(id);
      const key = keys[Number(id)];
      return key === "-" ? undefined : key;
    },
  };
}

describe("the commit that gave a key", () => {
  const cases: readonly [keys: string, whole: boolean, expected: object, asked: number][] = [
    ["b", false, { kind: "uncommitted" }, 1],
    ["ab", false, { kind: "commit", ago: 0, id: "0", subject: "commit 0" }, 2],
    ["aaabac", false, { kind: "commit", ago: 2, id: "2", subject: "commit 2" }, 4],
    ["aa-", false, { kind: "commit", ago: 1, id: "1", subject: "commit 1" }, 3],
    ["aaa", false, { kind: "older", commits: 3 }, 3],
    ["aaa", true, { kind: "first", commits: 3 }, 3],
  ];
  for (const [keys, whole, expected, asked] of cases) {
    test(`of ${keys}${whole ? " and no more" : ""}`, async () => {
      const query = history(keys, whole);
      assert.deepEqual(await originOf("a", query), expected);
      assert.equal(query.asked.length, asked);
    });
  }
});

describe("the nearest image that is there", () => {
  const find = (there: string, asked: string[] = []) => {
    return async (key: string): Promise<string | undefined> => {
      asked.push(key);
      return there.includes(key) ? `host/x:${key}` : undefined;
    };
  };

  test("is the newest of another key", async () => {
    const found = await nearestOf("a", history("aabbcd"), find("cd"));
    assert.deepEqual(found, {
      id: "4",
      subject: "commit 4",
      ago: 4,
      key: "c",
      reference: "host/x:c",
    });
  });

  test("is none where no other key has an image", async () => {
    assert.equal(await nearestOf("a", history("aab-b"), find("a")), undefined);
  });

  test("is looked for once for each key, and not for ever", async () => {
    const asked: string[] = [];
    await nearestOf("a", history("abbcbdefghijklmnop"), find("", asked));
    assert.deepEqual(asked, [..."bcdefghijk"]);
  });
});
