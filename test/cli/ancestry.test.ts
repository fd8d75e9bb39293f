import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { ancestry, mergeHistory } from "../../src/cli/make-plan.ts";
import type { Merge } from "../../src/plan/situation.ts";
import type { Git } from "../../src/world.ts";
import { repositoryAt, temporary } from "../context/repository.ts";

describe("ancestry", () => {
  const folder = temporary({ after });
  const git = (path: string, ...args: string[]) => repositoryAt({ after }, path).run(...args);
  let clones = 0;
  beforeEach(() => {
    clones += 1;
  });

  function makeProjects() {
    git(folder, "init", "--quiet", "--initial-branch=main", "upstream.git");
    const upstream = repositoryAt({ after }, join(folder, "upstream.git"));
    const commit = (message: string): string => {
      upstream.run("commit", "--quiet", "--allow-empty", `--message=${message}`);
      return upstream.run("rev-parse", "HEAD");
    };
    upstream.run("config", "uploadpack.allowFilter", "true");
    const first = commit("first");
    const second = commit("second");
    upstream.run("checkout", "--quiet", "-b", "topic");
    const topic = commit("topic");
    // What GitLab keeps without a branch, such as the result of a merge.
    const hidden = commit("hidden");
    upstream.run("update-ref", "refs/keep-around/1", hidden);
    upstream.run("reset", "--quiet", "--hard", topic);
    upstream.run("checkout", "--quiet", "main");
    const third = commit("third");
    upstream.run("checkout", "--quiet", "--orphan", "alien");
    const alien = commit("alien");
    upstream.write({ file: "other\n" });
    upstream.run("add", "file");
    const changed = commit("changed");
    upstream.run("checkout", "--quiet", "main");
    // A fork whose main branch has stayed behind.
    git(folder, "clone", "--quiet", `file://${upstream.path}`, "fork.git");
    git(join(folder, "fork.git"), "checkout", "--quiet", "-b", "work", topic);
    git(join(folder, "fork.git"), "branch", "--quiet", "--force", "main", first);
    return { first, second, third, topic, alien, hidden, changed };
  }
  const commits = makeProjects();

  /** A clone of a branch as a runner makes it; all of the history without a depth. */
  function clone(depth?: number, branch = "main", from = "upstream.git"): Promise<Git> {
    const path = join(folder, `clone-${clones}`);
    const how = ["--quiet", "--single-branch", `--branch=${branch}`];
    const shallow = depth === undefined ? [] : [`--depth=${depth}`];
    git(folder, "clone", ...how, ...shallow, `file://${join(folder, from)}`, path);
    return repositoryAt({ after }, path).open();
  }

  type Name = keyof typeof commits;
  const rows: readonly (readonly [ancestor: Name, descendant: Name, expected: boolean])[] = [
    ["first", "third", true],
    ["third", "first", false],
    ["third", "third", true],
    ["second", "topic", true],
    ["third", "topic", false],
    ["topic", "third", false],
    ["topic", "hidden", true],
    ["first", "alien", false],
    ["alien", "third", false],
  ];

  for (const depth of [undefined, 1, 2]) {
    const what = depth === undefined ? "a full clone" : `a clone of depth ${depth}`;
    test(`${what} tells of every pair whether one is in the other's history`, async () => {
      const here = await clone(depth);
      const isAncestor = ancestry(here);
      for (const [ancestor, descendant, expected] of rows) {
        const said = await isAncestor(commits[ancestor], commits[descendant]);
        assert.equal(said, expected, `${ancestor} in ${descendant}`);
      }
    });
  }

  test("a shallow clone stays what it was, for the runner uses it again", async () => {
    const here = await clone(1);
    const config = () => readFile(join(here.root, ".git/config"), "utf8");
    const shallow = () => readFile(join(here.root, ".git/shallow"), "utf8");
    const [configBefore, shallowBefore] = [await config(), await shallow()];
    assert.equal(await ancestry(here)(commits.first, commits.topic), true);
    assert.equal(await config(), configBefore);
    assert.equal(await shallow(), shallowBefore);
    assert.equal(git(here.root, "for-each-ref", "refs/berth"), "");
    assert.throws(() => git(here.root, "cat-file", "-e", commits.topic));
    git(here.root, "fsck", "--connectivity-only");
  });

  test("a shallow clone asks its server for no commit twice", async () => {
    const here = await clone(1);
    await ancestry(here)(commits.first, commits.third);
    git(here.root, "remote", "set-url", "origin", "file:///nowhere");
    assert.equal(await ancestry(here)(commits.first, commits.third), true);
    assert.equal(await ancestry(here)(commits.third, commits.first), false);
  });

  test("a commit that the head's own history answers for costs no fetch", async () => {
    const here = await clone(2);
    git(here.root, "remote", "remove", "origin");
    assert.equal(await ancestry(here)(commits.second, commits.third), true);
    await assert.rejects(stat(join(here.root, ".git/berth-history")));
  });

  for (const depth of [undefined, 1])
    test(`a commit that nobody has cannot be told of (${depth ?? "no"} depth)`, async () => {
      const isAncestor = ancestry(await clone(depth));
      const nobodys = "0123456789".repeat(4);
      assert.equal(await isAncestor(nobodys, commits.third), undefined);
      assert.equal(await isAncestor(commits.third, nobodys), undefined);
    });

  test("a server that is away leaves the question open", async () => {
    const here = await clone(1);
    git(here.root, "remote", "set-url", "origin", "file:///nowhere");
    assert.equal(await ancestry(here)(commits.first, commits.third), undefined);
    assert.equal(await ancestry(here)(commits.third, commits.third), true);
  });

  test("text that is no commit is never handed to git", async () => {
    const here = await clone();
    const isAncestor = ancestry(here);
    const marker = join(folder, "marker");
    const texts = [`--upload-pack=touch ${marker};`, "main", "", "HEAD", `+${commits.first}`, "-h"];
    for (const text of texts) {
      assert.equal(await isAncestor(text, commits.third), undefined);
      assert.equal(await isAncestor(commits.first, text), undefined);
    }
    await assert.rejects(stat(marker));
  });

  const merge = (target: Partial<Merge["target"]>): Merge => ({
    because: "merge bot",
    target: { branch: "main", head: undefined, url: undefined, ...target },
  });

  for (const depth of [undefined, 1]) {
    test(`the target of a detached pipeline is its branch's head today (${depth ?? "no"} depth)`, async () => {
      const here = await clone(depth, "topic");
      const history = mergeHistory(here);
      assert.equal(await history.target(merge({})), commits.third);
      assert.equal(await history.isAncestor(commits.third, commits.topic), false);
      assert.equal(await history.target(merge({ branch: "topic" })), commits.topic);
      assert.equal(await history.target(merge({ branch: "gone" })), undefined);
      assert.equal(await history.target(merge({ branch: undefined })), undefined);
    });

    test(`a fork asks the target's project, not its own old branch (${depth ?? "no"} depth)`, async () => {
      const here = await clone(depth, "work", "fork.git");
      const history = mergeHistory(here);
      const url = "https://gitlab.example.com/acme/upstream";
      const place = `url.file://${join(folder, "upstream")}.insteadOf`;
      git(here.root, "config", place, url);
      assert.equal(await history.target(merge({})), commits.first);
      assert.equal(await history.target(merge({ url })), commits.third);
      assert.equal(await history.isAncestor(commits.third, commits.topic), false);
      assert.equal(await history.isAncestor(commits.second, commits.topic), true);
      const told = merge({ url, head: commits.alien });
      assert.equal(await history.target(told), commits.alien);
      assert.equal(await history.isAncestor(commits.alien, commits.topic), false);
      assert.equal(await history.target(merge({ url: "https://127.0.0.1:1/nowhere" })), undefined);
    });
  }

  test("git is never given an option or a program for the target project's address", async () => {
    const history = mergeHistory(await clone());
    const marker = join(folder, "marker");
    const file = `file://${join(folder, "upstream")}`;
    for (const url of [`--upload-pack=touch ${marker}; true #`, `ext::touch ${marker} #`, file])
      for (const head of [undefined, "0123456789".repeat(4)])
        assert.equal(await history.target(merge({ url, head })), undefined);
    await assert.rejects(stat(marker));
  });

  test("a head that is no commit is no target", async () => {
    const history = mergeHistory(await clone());
    assert.equal(await history.target(merge({ head: "--upload-pack=x" })), undefined);
    assert.equal(await history.target(merge({ head: commits.first })), commits.first);
  });
});
