/** The measured process of the case `prune`: plans a shelf of many tags, deletes what is doomed, tells the milliseconds of the plan. */
import { collectSoon } from "../src/cli/project.ts";
import { defaultConfig } from "../src/config/config.ts";
import { realWorld } from "../src/host/world.ts";
import type { Facts, Pruning } from "../src/prune/facts.ts";
import { applyPrune, makePrunePlan } from "../src/prune/plan.ts";
import type { Shelf } from "../src/prune/shelf.ts";
import { openRegistry } from "../src/registry/client.ts";
import { keysOf, neededPerRepository } from "./many-tags.ts";

const [host = "", repositories = "0", doomed = "0"] = process.argv.slice(2);
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
const at = (name: string) => ({ host, path: `${base.path}/${name}` });
/** One request a page and a deletion, without GitLab's looks. */
const shelf: Shelf = {
  repositories: async () => names,
  tags: (name) => registry.tags(at(name)),
  look: async () => ({}),
  manifest: (name, tag) => registry.get({ ...at(name), tag }),
  deleteTag: async (name, tag) => ({
    kind: (await registry.deleteTag({ ...at(name), tag })) ? "deleted" : "gone",
  }),
};

const needed = new Map<string, string>();
for (const name of names)
  for (const tag of keysOf(neededPerRepository)) needed.set(`${name}:${tag}`, "master");
const facts: Facts = {
  now: clock.now().getTime(),
  needed,
  repositories: new Map(names.map((name) => [name, "master"])),
  liveTags: new Set(),
  doubts: [],
  pipelines: [],
  usesKnownSince: undefined,
};
const unused = (): Promise<never> => Promise.reject(new Error("no commit is read here"));
const pruning: Pruning = {
  project: {
    config: defaultConfig,
    isFork: false,
    defaultBranch: "master",
    ownPipeline: 1_000_000,
    userTag: undefined,
  },
  shelf,
  sources: { history: { bring: unused, headsSince: unused }, readCommit: unused },
  facts: async () => facts,
};
async function prune(): Promise<void> {
  await collectSoon();
  const began = performance.now();
  const plan = await makePrunePlan(pruning, facts, false);
  const planned = performance.now() - began;
  // What is kept because nobody tells its age would cost GitLab a look each; the price of lists and deletions is asked for.
  const tags = plan.tags.filter(({ verdict }) => verdict.action === "delete");
  const applied = await applyPrune(pruning, { ...plan, tags }, {});
  const deleted = applied.filter(({ result }) => result.kind === "deleted").length;
  const all = Number(repositories) * Number(doomed);
  if (deleted !== all) throw new Error(`deleted ${deleted} of ${all}`);
  process.stdout.write(`planned in ${planned.toFixed(0)} ms\n`);
}

// No top-level await: the bundle is CommonJS.
void prune();
