/** The measured process of the case `prune`: plans a shelf of many tags, deletes what is doomed, tells its memory. */
import { setFlagsFromString } from "node:v8";
import { defaultConfig } from "../src/config/config.ts";
import { realWorld } from "../src/host/world.ts";
import { applyPrune } from "../src/prune/apply.ts";
import type { Facts } from "../src/prune/facts.ts";
import { makePrunePlan } from "../src/prune/plan.ts";
import { plainShelf } from "../src/prune/shelf.ts";
import { openRegistry } from "../src/registry/client.ts";
import { keysOf, neededPerRepository } from "./many-tags.ts";

const [host = "", repositories = "0", doomed = "0"] = process.argv.slice(2);
setFlagsFromString("--semi-space-growth-factor=1");
const { fetch, clock, random } = realWorld();
const registry = openRegistry({
  fetch,
  clock,
  random,
  log: () => undefined,
  credentials: { forHost: async () => undefined },
  plainHosts: [],
  tokenHints: [],
});
const base = { host, path: "group/project" };
const names = Array.from({ length: Number(repositories) }, (_, index) => `image-${index}`);
const shelf = plainShelf(registry, base, async () => names);

const needed = new Map<string, readonly string[]>();
const by = ["master"];
for (const name of names)
  for (const tag of keysOf(neededPerRepository)) needed.set(`${name}:${tag}`, by);
const facts: Facts = {
  now: clock.now().getTime(),
  needed,
  repositories: new Map(names.map((name) => [name, "master"])),
  liveTags: new Set(),
  doubts: [],
  pipelines: [],
  usesKnownSince: undefined,
  ownPipeline: 1_000_000,
};
const rules = { prune: defaultConfig.prune, isFork: false };
const unused = (): Promise<never> => Promise.reject(new Error("no commit is read here"));
const plan = await makePrunePlan(
  shelf,
  facts,
  { history: { bring: unused, headsSince: unused }, readCommit: unused },
  {
    config: defaultConfig,
    rules,
    userTag: undefined,
    defaultBranch: "master",
    looks: false,
  },
);
const applied = await applyPrune(plan, shelf, async () => facts, {
  rules,
  parallel: 8,
  round: 200,
});
const deleted = applied.filter(({ result }) => result.kind === "deleted").length;
const all = Number(repositories) * Number(doomed);
if (deleted !== all) throw new Error(`deleted ${deleted} of ${all}`);
const megabytes = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ tags: plan.tags.length, deleted, megabytes })}\n`);
