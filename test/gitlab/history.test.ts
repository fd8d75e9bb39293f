import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { gitHistory, mergeBaseOf } from "../support/gitlab-history.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

let folder: Folder;
const git = (...args: readonly string[]): string => {
  const who = ["-c", "user.name=Jane", "-c", "user.email=jane@example.com"];
  return execFileSync("git", [...who, ...args], { cwd: folder.path, encoding: "utf8" }).trim();
};

before(async () => {
  folder = await temporaryFolder();
  git("init", "-q", "-b", "main");
});
after(() => folder.remove());

test("a repository on disk tells heads, commits and common history", () => {
  const history = gitHistory(folder.path);
  git("commit", "-q", "--allow-empty", "-m", "one");
  const base = git("rev-parse", "HEAD");
  git("checkout", "-q", "-b", "topic");
  git("commit", "-q", "--allow-empty", "-m", "two");
  const tip = git("rev-parse", "HEAD");
  git("checkout", "-q", "main");
  git("commit", "-q", "--allow-empty", "-m", "three");
  assert.deepEqual([...history.heads().keys()], ["main", "topic"]);
  assert.equal(history.heads().get("topic"), tip);
  assert.deepEqual(history.commit("topic")?.parents, [base]);
  assert.equal(history.commit("gone"), undefined);
  assert.equal(mergeBaseOf(history, "main", "topic"), base);
});
