/** A registry that makes up new tags for ever. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { login } from "../../src/cli/session.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { realWorld } from "../../src/host/world.ts";
import type { World } from "../../src/world.ts";

test("pages of tags that do not end are an error after a thousand of them", async () => {
  let pages = 0;
  const fetch: World["fetch"] = async () => {
    pages++;
    const link = `</v2/a/b/tags/list?n=1000&last=t${pages}>; rel="next"`;
    const text = JSON.stringify({ name: "a/b", tags: [`t${pages}`] });
    const body = ReadableStream.from([Buffer.from(text)]);
    return { status: 200, ok: true, headers: new Headers({ link }), body };
  };
  const world = { ...realWorld(), env: { HOME: "/nonexistent" }, fetch };
  const { registry } = login(world, defaultConfig);
  const listed = Array.fromAsync(registry.tags({ host: "registry.example.com", path: "a/b" }));
  await assert.rejects(listed, { code: "REGISTRY_REFUSED", message: /its pages do not end/ });
  assert.equal(pages, 1000);
});
