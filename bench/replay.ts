/**
 * `node bench/replay.ts CLONE [CONFIG]`: the history of a real project (QEMU's, by default) played through
 * upstream's pipelines and a weekly prune, on a registry in memory.
 *
 * Keys are berth's own, read from git's objects. Says how many tags there were with and without prune, and fails
 * if an image of a living branch was ever missing.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { parseConfig } from "../src/config/parse.ts";
import { revisionTrees } from "../src/context/revision.ts";
import { openGit } from "../src/host/git.ts";
import { ownTags } from "../src/image/key.ts";
import { dayMs, type Facts, gatherFacts } from "../src/prune/facts.ts";
import { applyPrune, makePrunePlan } from "../src/prune/plan.ts";
import {
  type CommitNeeds,
  commitReader,
  gitHistory,
  type Head,
  type ProjectPipeline,
  type Sources,
} from "../src/prune/sources.ts";
import { makeModel } from "../test/prune/model.ts";
import { qemu } from "./qemu.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    since: { type: "string", default: "2023-08-22" },
    stable: { type: "string", default: "3" },
    numbered: { type: "boolean", default: false },
    tells: { type: "string", default: "all" },
  },
});
const [clone = ".", configPath] = positionals;
const text = configPath === undefined ? qemu : await readFile(configPath, "utf8");
const config = parseConfig(text, "replay.yml");
const git = await openGit(clone);
const treeAt = revisionTrees(git);
const files = { read: async () => Buffer.from(text) };
const readCommit = commitReader(treeAt, {
  named: { files, path: "/replay.yml", label: "replay.yml" },
});
const format = "%H %ct %s";
const log = await git.run([
  "log",
  "--first-parent",
  "--reverse",
  `--since=${values.since}`,
  `--format=${format}`,
  "HEAD",
]);
const commits = log
  .toString()
  .trim()
  .split("\n")
  .map((line) => {
    const [, id = "", seconds = "", subject = ""] = /^(\S+) (\d+) (.*)$/.exec(line) ?? [];
    return { id, at: Number(seconds) * 1000, subject };
  });

const tells = values.tells === "digest" ? values.tells : "all";
const model = makeModel({ tells });
const unpruned = makeModel();
const pipelines: ProjectPipeline[] = [];
const stable: Head[] = [];
let head: Head = { name: "master", commit: "" };
const standing = {
  config,
  isFork: false,
  defaultBranch: "master",
  ownPipeline: undefined,
  userTag: undefined,
};
const sources: Sources = {
  readCommit,
  history: gitHistory(git),
  activity: {
    branches: async () => [head, ...stable],
    mergeRequests: async () => [],
    pipelines: async (since) => pipelines.filter((one) => one.begunAt >= since.getTime()),
  },
};

const lost: string[] = [];
let prunes = 0;
let deleted = 0;
let worst = 0;
let slowest = 0;
let clock = 0;

async function needsOf(commit: string): Promise<CommitNeeds> {
  const needs = await readCommit(commit);
  if ("broken" in needs) throw new Error(`${commit}: ${needs.broken}`);
  return needs;
}

async function check(when: string): Promise<void> {
  for (const one of [head, ...stable])
    lost.push(...model.missing(await needsOf(one.commit)).map((place) => `${when}: ${place}`));
}

async function prune(at: number): Promise<void> {
  const started = performance.now();
  const facts = (): Promise<Facts> => gatherFacts(sources, standing, new Date(at));
  const pruning = { project: standing, shelf: model.shelf, sources, facts };
  const plan = await makePrunePlan(pruning, await facts(), false);
  if (plan.doubts.length > 0) throw new Error(JSON.stringify(plan.doubts));
  const applied = await applyPrune(pruning, plan, { round: 200 });
  prunes++;
  deleted += applied.filter(({ result }) => result.kind === "deleted").length;
  slowest = Math.max(slowest, performance.now() - started);
}

const started = performance.now();
for (const [index, commit] of commits.entries()) {
  // Commit dates do not always grow along the first parents, while pipelines do.
  const at = Math.max(clock, commit.at);
  for (let week = clock + 7 * dayMs; clock !== 0 && week < at; week += 7 * dayMs) {
    await prune(week);
    await check(`prune before ${commit.id}`);
    clock = week;
  }
  if (clock === 0) clock = at;
  head = { name: "master", commit: commit.id };
  const needs = await needsOf(commit.id);
  const run = {
    id: index + 1,
    commit: commit.id,
    at,
    promotes: ["latest"],
    numbered: values.numbered,
  };
  pipelines.push({ id: run.id, commit: run.commit, running: false, begunAt: at });
  lost.push(...model.pipeline(needs, run).map((place) => `pipeline of ${commit.id}: ${place}`));
  unpruned.pipeline(needs, run);
  const release = /^Update version for v(\d+\.\d+)\.0 release/.exec(commit.subject)?.[1];
  if (release !== undefined) {
    stable.push({ name: `stable-${release}`, commit: commit.id });
    stable.splice(0, stable.length - Number(values.stable));
  }
  await check(`commit ${commit.id}`);
  worst = Math.max(worst, model.count());
}
await prune(clock + 8 * dayMs);
await check("the last prune");

const live = new Set<string>();
for (const one of [head, ...stable]) {
  const needs = await needsOf(one.commit);
  for (const { repository, key } of needs.images) {
    live.add(`${repository}:${ownTags.key(key)}`);
    live.add(`${repository}:${ownTags.set(needs.setId)}`);
    live.add(`${repository}:latest`);
  }
  live.add(`berth:${ownTags.set(needs.setId)}`);
}
live.add("berth:latest");
await git.close();
process.stdout.write(
  `${JSON.stringify(
    {
      pipelines: commits.length,
      branches: [head.name, ...stable.map(({ name }) => name)],
      prunes,
      deleted,
      tagsWithoutPrune: unpruned.count(),
      mostTags: worst,
      tagsAtEnd: model.count(),
      liveTags: live.size,
      lost: lost.length,
      slowestPruneMs: Math.round(slowest),
      seconds: Math.round((performance.now() - started) / 1000),
    },
    null,
    2,
  )}\n`,
);
for (const place of lost.slice(0, 10)) process.stderr.write(`lost: ${place}\n`);
process.exitCode = lost.length === 0 ? 0 : 1;
