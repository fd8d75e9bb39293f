import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { login } from "../../src/cli/session.ts";
import { defaultConfig } from "../../src/config/config.ts";
import { type GitLab, openGitLab } from "../../src/gitlab/client.ts";
import { accessOf } from "../../src/gitlab/rights.ts";
import { realWorld } from "../../src/host/world.ts";
import { ownTags } from "../../src/image/key.ts";
import type { Repository } from "../../src/oci/reference.ts";
import { gitlabShelf } from "../../src/prune/shelf.ts";
import type { Registry } from "../../src/registry/registry.ts";
import { pushImage, testImage } from "../registry/clients.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";

const hex = "a".repeat(64);
const image = testImage("debian");
const { digest } = image.manifest.descriptor;
const taggedAt = new Date("2026-11-19T00:00:00Z");
const builtAt = new Date("2025-01-01T00:00:00Z");

const servers = new Map<boolean, TestGitLab>();
before(async () => {
  for (const hasDatabase of [true, false])
    servers.set(hasDatabase, await startGitLab({ hasDatabase }));
});
after(() => Promise.all([...servers.values()].map((server) => server.stop())));

/** A project with an image, and a record where that is wanted. */
async function shelfOf(hasDatabase: boolean, hasRecord: boolean) {
  const gitlab = servers.get(hasDatabase);
  assert.ok(gitlab);
  const name = `acme/tools-${hasRecord}`;
  const project = gitlab.project(name, { members: { olga: "maintainer" } });
  project.history.add("main");
  const world = { ...realWorld(), env: gitlab.job(project, { user: "olga" }).env };
  const access = accessOf(world.env, "BERTH");
  assert.ok(access);
  const { registry } = login(world, defaultConfig);
  const base = { host: gitlab.registry.host, path: name };
  const push = async (path: string, tag: string, built?: Date) => {
    await pushImage(registry, { host: base.host, path: `${name}/${path}` }, image, tag);
    const tags = gitlab.registry.tags.get(`${name}/${path}`);
    const stored = { digest, taggedAt };
    tags?.set(tag, built === undefined ? stored : { ...stored, builtAt: built });
  };
  await push("debian", ownTags.key(hex), builtAt);
  if (hasRecord) await push("berth", ownTags.set(hex));
  const port = openGitLab(access, { ...world, log: () => undefined });
  return gitlabShelf({ gitlab: port, registry, project: project.id, base });
}

const rows = [
  ["a GitLab with a metadata database tells when a tag was put", true, true, taggedAt.getTime()],
  ["one without tells when the image was built, which is no time of a tag", false, true, undefined],
  ["and without a record to see which it is, no time is believed", true, false, undefined],
] as const;

for (const [says, hasDatabase, hasRecord, expected] of rows)
  test(says, async () => {
    const shelf = await shelfOf(hasDatabase, hasRecord);
    assert.deepEqual(await shelf.repositories(), hasRecord ? ["berth", "debian"] : ["debian"]);
    const seen = await shelf.look("debian", ownTags.key(hex));
    assert.deepEqual([seen?.digest, seen?.taggedAt], [digest, expected]);
    assert.equal(await shelf.look("debian", ownTags.key("b".repeat(64))), undefined);
  });

test("repositories are the base and those below it, but for what GitLab is deleting", async () => {
  const base = { host: "r.example", path: "acme/tools" };
  const listed = [
    { id: 1, path: "acme/tools", status: undefined },
    { id: 2, path: "acme/tools/debian", status: "delete_scheduled" },
    { id: 3, path: "acme/tools/fedora", status: undefined },
    { id: 4, path: "acme/toolsmith", status: undefined },
  ];
  const gitlab = {
    repositories: async () => listed,
    deleteTag: async () => ({ kind: "refused", said: "403 Forbidden", hint: "ask" }),
  } as unknown as GitLab;
  const announced: string[] = [];
  const registry = {
    announce: (_: string, all: readonly Repository[]) =>
      announced.push(...all.map(({ path }) => path)),
  } as unknown as Registry;
  const shelf = gitlabShelf({ gitlab, registry, project: 1, base });
  assert.deepEqual(await shelf.repositories(), ["", "fedora"]);
  assert.deepEqual(announced, ["acme/tools", "acme/tools/fedora"]);
  assert.equal(await shelf.look("debian", "one"), undefined);
  assert.deepEqual(await shelf.deleteTag("debian", "one"), { kind: "gone" });
  const refused = { kind: "refused", why: "403 Forbidden; ask" };
  assert.deepEqual(await shelf.deleteTag("", "one"), refused);
});
