/** What commits need, read from git in a checkout of one of them. */
import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { revisionTrees } from "../../src/context/revision.ts";
import { workTree } from "../../src/context/worktree.ts";
import { realFiles } from "../../src/host/files.ts";
import { ownTags, setIdOf } from "../../src/image/key.ts";
import { parseRepository } from "../../src/oci/reference.ts";
import { gatherFacts } from "../../src/prune/facts.ts";
import { commitReader, gitHistory, type Sources } from "../../src/prune/sources.ts";
import { keysOf } from "../context/keys.ts";
import {
  committed,
  makeRepository,
  type Repository,
  repositoryAt,
  temporary,
} from "../context/repository.ts";

/** What gatherFacts finds where `main` and `stable` are kept, with what their pipelines have tagged. */
async function factsIn(
  checkout: Repository,
  branches: Readonly<Record<string, string>>,
  older: readonly string[] = [],
) {
  const sources: Sources = {
    activity: {
      branches: async () => Object.entries(branches).map(([name, commit]) => ({ name, commit })),
      mergeRequests: async () => [],
      pipelines: async () => [],
    },
    history: { bring: async () => undefined, headsSince: async (head) => [head, ...older] },
    readCommit: commitReader(revisionTrees(await checkout.open())),
  };
  const config = { ...defaultConfig, prune: { ...defaultConfig.prune, branches: ["*"] } };
  const own = { ownPipeline: undefined, userTag: undefined };
  const project = { config, isFork: false, defaultBranch: "main", ...own };
  return gatherFacts(sources, project, new Date(Date.UTC(2026, 7, 19)));
}

/** The tags that a pipeline of a commit makes, in a clone of its own. */
async function tagsOf(t: TestContext, origin: Repository, commit: string) {
  const clone = repositoryAt(t, temporary(t));
  clone.run("clone", "-q", "-n", origin.path, ".");
  clone.run("checkout", "-q", commit);
  const { images } = await keysOf(workTree(await clone.open(), realFiles()));
  return images.map(({ key }) => ownTags.key(key));
}

for (const attribute of ["text eol=crlf", "ident", "filter=rot", "working-tree-encoding=UTF-16LE"])
  test(`what pipelines of other branches tagged is needed though main says ${attribute}`, async (t) => {
    const text = "$Id$ a\n";
    const origin = makeRepository(t, { Dockerfile: "FROM scratch\nCOPY s.bat /\n", "s.bat": text });
    const stable = origin.commit();
    origin.write({ ".gitattributes": `*.bat ${attribute}\n` });
    origin.run("add", ".gitattributes");
    origin.run("commit", "-q", "-m", "attributes");
    const main = origin.run("rev-parse", "HEAD");
    for (const at of [main, stable]) {
      const checkout = repositoryAt(t, temporary(t));
      checkout.run("clone", "-q", origin.path, ".");
      checkout.run("checkout", "-q", at);
      const { needed, doubts } = await factsIn(checkout, { main, stable });
      assert.deepEqual(doubts, []);
      const tags = [...(await tagsOf(t, origin, main)), ...(await tagsOf(t, origin, stable))];
      for (const tag of tags) {
        const isNeeded = [...needed.keys()].some((place) => place.endsWith(`:${tag}`));
        assert.ok(isNeeded, tag);
      }
    }
  });

test("to bring a commit runs nothing that its name says", async (t) => {
  const origin = committed(t, { Dockerfile: "FROM scratch\n" });
  const clone = repositoryAt(t, temporary(t));
  clone.run("clone", "-q", origin.path, ".");
  const { bring } = gitHistory(await clone.open());
  const mark = join(clone.path, "mark");
  await assert.rejects(bring(`--upload-pack=touch ${mark}`), { code: "GIT_FAILED" });
  assert.ok(!existsSync(mark));
});

test("a commit whose submodule is not here is a doubt, also where it is no head", async (t) => {
  const library = makeRepository(t, { x: "old" });
  library.commit();
  const origin = makeRepository(t, { Dockerfile: "FROM scratch\nCOPY . /src\n" });
  origin.run("submodule", "add", "-q", library.path, "sub");
  const stable = origin.commit();
  library.write({ x: "new" });
  library.commit();
  origin.run("-C", "sub", "pull", "-q");
  const main = origin.commit();
  // As GitLab checks out: no more of the submodule than its one commit.
  origin.run("submodule", "deinit", "-q", "-f", "--all");
  rmSync(join(origin.path, ".git/modules"), { recursive: true });
  origin.run("config", "submodule.sub.url", `file://${library.path}`);
  origin.run("submodule", "update", "-q", "--init", "--depth=1");
  const both = await factsIn(origin, { main, stable });
  const heads = both.doubts.map(({ about }) => about);
  assert.deepEqual(heads, ["stable"]);
  assert.match(both.doubts[0]?.why ?? "", /not on this machine: reaches submodule sub at/);
  const history = await factsIn(origin, { main }, [stable]);
  const others = history.doubts.map(({ about }) => about);
  assert.deepEqual(others, ["main"]);
});

test("all that a pipeline of a commit tags below try is needed, its set and record too", async (t) => {
  const files = { "berth.yml": "repository: ci/{name}\n", "a.docker": "FROM scratch\n" };
  const origin = makeRepository(t, files);
  const commit = origin.commit();
  const own = parseRepository("registry.example.com/acme/tools");
  const open = origin.open();
  for (const upstream of [undefined, parseRepository("registry.example.com/up/tools")]) {
    const upstreamOfTried = upstream ?? own;
    const read = commitReader(revisionTrees(await open), { upstream, upstreamOfTried });
    const needs = await read(commit);
    const { images } = await keysOf(workTree(await open, realFiles()));
    const set = ownTags.set(setIdOf(images, { repository: "{name}", upstream: upstreamOfTried }));
    const key = ownTags.key(images[0]?.key ?? "");
    const tried = "places" in needs ? needs.places.filter((one) => one.startsWith("try/")) : [];
    assert.deepEqual(tried.toSorted(), [`try/a:${key}`, `try/a:${set}`, `try/berth:${set}`]);
  }
});

test("the members of an image of several platforms are needed in its repository", async (t) => {
  const origin = makeRepository(t, {
    "berth.yml": "images: { a: { dockerfile: d, platforms: [linux/amd64, linux/arm64] } }\n",
    d: "FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n",
    amd64: "1",
    arm64: "2",
  });
  const { needed, repositories } = await factsIn(origin, { main: origin.commit() });
  const keys = [...needed.keys()].filter((place) => place.startsWith("a:key"));
  assert.equal(keys.length, 3);
  assert.deepEqual([...repositories.keys()], ["a"]);
});
