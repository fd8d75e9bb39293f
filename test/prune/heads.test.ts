/** Which branches and merge requests keep what they need; a stranger's neither ends a prune nor keeps what nobody needs. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { BerthError } from "../../src/errors.ts";
import { mergeRequest } from "../../src/gitlab/answers.ts";
import { gatherFacts, isKept, keptPatterns } from "../../src/prune/facts.ts";
import type { Head, Sources } from "../../src/prune/sources.ts";

/** Facts of a project whose `main` can be read, with one merge request. */
function factsWith(head: Head, odd: Partial<Sources>) {
  const sources: Sources = {
    activity: {
      branches: async () => [{ name: "main", commit: "main" }],
      mergeRequests: async () => [head],
      pipelines: async () => [],
    },
    history: { bring: async () => undefined, headsSince: async (commit) => [commit] },
    readCommit: async (commit) => ({
      setId: commit,
      setIdWith: () => commit,
      images: [],
      places: [`app:${commit}`],
    }),
  };
  const project = { config: defaultConfig, isFork: false, defaultBranch: "main" };
  const readCommit: Sources["readCommit"] = async (commit) =>
    (commit === "main" ? sources : { ...sources, ...odd }).readCommit(commit);
  const history = {
    ...sources.history,
    headsSince: (commit: string, since: Date) =>
      (commit === "main" ? sources : { ...sources, ...odd }).history.headsSince(commit, since),
  };
  const all = { ...sources, readCommit, history };
  return gatherFacts(all, { ...project, ownPipeline: undefined, userTag: undefined }, new Date(0));
}

const failing = (error: Error) => async () => {
  throw error;
};
const gone = failing(new BerthError("GIT_FAILED", "fetch x: no such commit"));
const oddities: readonly (readonly [string, Partial<Sources>])[] = [
  ["is broken", { readCommit: async () => ({ broken: "read Dockerfile: no FROM" }) }],
  ["has files that are not here", { readCommit: gone }],
  ["makes berth itself fail", { readCommit: failing(new RangeError("Invalid string length")) }],
  ["cannot be fetched", { history: { bring: gone, headsSince: gone } }],
];

for (const [says, odd] of oddities)
  test(`a merge request whose commit ${says} is no doubt where it is a fork's, else its own one`, async () => {
    for (const isFork of [true, false]) {
      const { doubts, needed } = await factsWith({ name: "!7", commit: "topic", isFork }, odd);
      const names = doubts.map(({ about }) => about);
      assert.deepEqual(names, isFork ? [] : ["!7"]);
      assert.deepEqual([...needed.keys()], ["app:main"]);
    }
  });

test("of a fork's merge request a hundred commits are read, however many it brings", async () => {
  const commits = Array.from({ length: 5000 }, (_, at) => `c${at}`);
  const history = { bring: async () => undefined, headsSince: async () => commits };
  const { needed } = await factsWith({ name: "!7", commit: "c0", isFork: true }, { history });
  assert.equal(needed.size, 101);
});

test("a merge request is a fork's where its source is another project, or none any more", () => {
  const answer = { iid: 7, sha: "a".repeat(40), target_project_id: 1 };
  for (const [source, isFork] of [
    [1, false],
    [2, true],
    [null, true],
  ]) {
    const read = mergeRequest.parse({ ...answer, source_project_id: source });
    assert.equal(read.isFork, isFork);
  }
});

const cases: readonly (readonly [string, readonly string[] | undefined, boolean, boolean])[] = [
  ["master", undefined, false, true],
  ["stable-9.2", undefined, false, true],
  ["staging-9.2", undefined, false, true],
  ["topic", undefined, false, false],
  ["topic", undefined, true, true],
  ["topic", ["top*"], false, true],
  ["master", ["top*"], false, false],
  ["stable-2.12", ["stable-*", "!stable-2.*"], false, false],
  ["stable-9.2", ["!stable-2.*", "stable-*"], false, true],
];

for (const [branch, branches, fork, kept] of cases) {
  const where = `${fork ? "fork" : "project"} with ${branches?.join(" ") ?? "no setting"}`;
  test(`${branch} is ${kept ? "" : "not "}kept in a ${where}`, () =>
    assert.equal(isKept(keptPatterns({ branches }, fork), branch, "master"), kept));
}
