/** The grammar of `prune` in `berth.yml`. */
import * as z from "zod";
import { agedKinds, defaultConfig } from "./config.ts";
import { keptBranchRule } from "./rules.ts";
import { strict, text } from "./shapes.ts";

const days = z.int().min(0);

export const prune = strict({
  branches: z
    .array(text(keptBranchRule))
    .min(1)
    .optional()
    .describe(
      'The branches whose images stay: names, globs, `{default}`; one with `!` before it takes branches out again. Default: `["{default}", stable-*, staging-*]`, in a fork all of them (`["*"]`).',
    ),
  merge_requests: z
    .boolean()
    .default(defaultConfig.prune.mergeRequests)
    .describe("Images of open merge requests stay."),
  days: days
    .default(defaultConfig.prune.days)
    .describe("Beside the head of a kept branch, its commits of so many days count too."),
  age: days
    .default(defaultConfig.prune.age)
    .describe("Nothing that was tagged within so many days is deleted."),
  ages: z
    .partialRecord(z.enum(agedKinds), days)
    .default({})
    .describe(
      "The same for one kind of tag, which wins: `key`, `try`, `set`, `pipeline`, `cache`, `promoted`.",
    ),
  promoted: z
    .enum(["keep", "branches"])
    .optional()
    .describe(
      "Tags that `publish` moves: `keep` them all, or delete those of `branches` that are gone. Default: `keep`, in a fork `branches`.",
    ),
  other_versions: days
    .optional()
    .describe(
      "Keys, sets and caches of another version of the key (`key1-…` where this berth writes `key2-…`) stay, since branches that still include another berth run in them. A number says after how many days they go all the same, however much those branches need them.",
    ),
  unknown: z
    .record(z.string().min(1), days)
    .default({})
    .describe(
      "Tags that berth did not make are never touched, unless a glob here names them (`*` only): it says after how many days they go.",
    ),
});
