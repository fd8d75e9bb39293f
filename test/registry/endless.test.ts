/** Servers that make up new pages for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openGitLab } from "../../src/gitlab/client.ts";
import { accessOf } from "../../src/gitlab/rights.ts";
import { realWorld } from "../../src/host/world.ts";
import type { World } from "../../src/world.ts";
import { client } from "./clients.ts";

/** The listing of a registry whose every page has a new tag, a filler, and another page; and how many were asked for. */
function endless(filler: string) {
  let pages = 0;
  const fetch: World["fetch"] = async () => {
    pages++;
    const link = `</v2/a/b/tags/list?n=1000&last=t${pages}>; rel="next"`;
    const text = `{"name":"${filler}","tags":["t${pages}"]}`;
    const body = ReadableStream.from([Buffer.from(text)]);
    return { status: 200, ok: true, headers: new Headers({ link }), body };
  };
  const { tags } = client(undefined, { fetch });
  const listed = Array.fromAsync(tags({ host: "registry.example.com", path: "a/b" }));
  return { listed, asked: () => pages };
}

test("pages of tags that do not end are an error after a thousand of them, or 128 MiB", async () => {
  for (const [filler, pages] of [
    ["a/b", 1000],
    ["x".repeat(3 * 1024 * 1024), 43],
  ] as const) {
    const { listed, asked } = endless(filler);
    await assert.rejects(listed, { code: "REGISTRY_REFUSED", message: /its pages do not end/ });
    assert.equal(asked(), pages);
  }
});

test("the next page is found in every form that RFC 8288 gives it", async () => {
  const next = "</v2/a/b/tags/list?last=a,b>";
  for (const link of [
    `${next}; rel="next"`,
    `${next};REL=next`,
    `</v2/a/b/tags/list>; rel="first", ${next}; rel=next; title="x"`,
    `${next}; title="a, b"; rel="next"`,
    `${next} ; rel = "last next"`,
    `<?last=a%2Cb>; rel="next", </v2/a/b/tags/list>; rel="prev"`,
  ]) {
    const fetch: World["fetch"] = async ({ search }) => {
      const isLast = search.includes("last=");
      const body = ReadableStream.from([Buffer.from(`{"tags":["${isLast ? "b" : "a"}"]}`)]);
      return { status: 200, ok: true, headers: new Headers(isLast ? {} : { link }), body };
    };
    const { tags } = client(undefined, { fetch });
    const pages = await Array.fromAsync(tags({ host: "registry.example.com", path: "a/b" }));
    assert.deepEqual(pages, [["a"], ["b"]], link);
  }
});

test("the pages of GitLab's lists that do not end are an error after a thousand of them, or 256 MiB", async () => {
  const long = JSON.stringify("x".repeat(15 * 1024 * 1024));
  for (const [title, pages] of [
    ['"x"', 1000],
    [long, 18],
  ] as const) {
    let asked = 0;
    const fetch: World["fetch"] = async (url) => {
      asked++;
      const next = new URL(url);
      next.searchParams.set("page", String(asked + 1));
      const branch = `[{"name":"b${asked}","commit":{"id":"${"a".repeat(40)}","title":${title}}}]`;
      const body = ReadableStream.from([Buffer.from(branch)]);
      const headers = new Headers({ link: `<${next}>; rel="next"` });
      return { status: 200, ok: true, headers, body };
    };
    const access = accessOf({ CI_API_V4_URL: "https://x/api/v4", CI_JOB_TOKEN: "t" }, "BERTH");
    assert.ok(access !== undefined);
    const { clock, random } = realWorld();
    const { branches } = openGitLab(access, { fetch, clock, random, log: () => undefined });
    await assert.rejects(branches(1), { code: "GITLAB_ANSWER", message: /its pages do not end/ });
    assert.equal(asked, pages);
  }
});
