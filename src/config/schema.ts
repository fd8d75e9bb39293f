/**
 * The grammar of `berth.yml`: what the reader checks, what editors are told, what the reference page says.
 *
 * Descriptions are the documentation; they end up in berth.schema.json and docs/configuration.md.
 */
import * as z from "../zod.ts";
import { defaults } from "./defaults.ts";
import { filled, images, options, strict, text } from "./image-schema.ts";
import {
  branchRule,
  hostRule,
  keptBranchRule,
  parentsRule,
  prefixRule,
  publishTagRule,
  registryRule,
  repositoryRule,
  upstreamRule,
} from "./rules.ts";

const templatePattern = "^[^{}]*\\{name\\}[^{}]*$";

const publishRule = strict({
  branch: z.told(
    "A branch, a glob (`*` stands for any characters), or `{default}` for the project's default branch.",
    text(branchRule),
  ),
  tag: z.told(
    "The tag to move; `{slug}` in it is the branch as `CI_COMMIT_REF_SLUG` spells it.",
    text(publishTagRule),
  ),
});

const limit = z.int().check(z.minimum(1));

const merge = z.mapped(
  strict({
    bots: z.told(
      "Users whose pipelines are merges, as `GITLAB_USER_LOGIN` spells them. Merge trains are merges in any case.",
      z.preset(z.array(filled), []),
    ),
    merged_results: z.told(
      "Whether merged results pipelines are merges too. GitLab makes one at each push to a merge request, so an image that upstream lacks is then built again whenever the target has moved.",
      z.preset(z.boolean(), defaults.merge.mergedResults),
    ),
  }),
  ({ bots, merged_results: mergedResults }) => ({ bots, mergedResults }),
);

const refresh = z.mapped(
  strict({
    max_age: z.told(
      "Days after which an image is built again; `false`: age does not count.",
      z.preset(z.union([limit, z.literal(false)]), defaults.refresh.maxAge),
    ),
    follow_bases: z.told(
      "Build again when the tag of a base image points at another digest.",
      z.preset(z.boolean(), defaults.refresh.followBases),
    ),
    in: z.told(
      "Where that is done: in scheduled pipelines of upstream alone, or in those of its protected branches too.",
      z.preset(z.enum(["schedules", "protected"]), defaults.refresh.in),
    ),
  }),
  ({ max_age: maxAge, follow_bases: followBases, in: where }) => ({
    maxAge: maxAge === false ? undefined : maxAge,
    followBases,
    in: where,
  }),
);

const agedKinds = ["key", "try", "set", "pipeline", "cache", "promoted"] as const;
const days = z.int().check(z.minimum(0));

const prune = z.mapped(
  strict({
    branches: z.told(
      'The branches whose images stay: names, globs, `{default}`; one with `!` before it takes branches out again. Default: `["{default}", stable-*, staging-*]`, in a fork all of them (`["*"]`).',
      z.optional(z.array(text(keptBranchRule)).check(z.minLength(1))),
    ),
    merge_requests: z.told(
      "Images of open merge requests stay.",
      z.preset(z.boolean(), defaults.prune.mergeRequests),
    ),
    days: z.told(
      "Beside the head of a kept branch, its commits of so many days count too.",
      z.preset(days, defaults.prune.days),
    ),
    age: z.told(
      "Nothing that was tagged within so many days is deleted.",
      z.preset(days, defaults.prune.age),
    ),
    ages: z.told(
      "The same for one kind of tag, which wins: `key`, `try`, `set`, `pipeline`, `cache`, `promoted`.",
      z.preset(z.partialRecord(z.enum(agedKinds), days), {}),
    ),
    promoted: z.told(
      "Tags that `publish` moves: `keep` them all, or delete those of `branches` that are gone. Default: `keep`, in a fork `branches`.",
      z.optional(z.enum(["keep", "branches"])),
    ),
    other_versions: z.told(
      "Keys, sets and caches of another version of the key (`key1-…` where this berth writes `key2-…`) stay, since branches that still include another berth run in them. A number says after how many days they go all the same, however much those branches need them.",
      z.optional(days),
    ),
    unknown: z.told(
      "Tags that berth did not make are never touched, unless a glob here names them (`*` only): it says after how many days they go.",
      z.preset(z.record(filled, days), {}),
    ),
  }),
  ({ merge_requests: mergeRequests, other_versions: otherVersions, ...rest }) => ({
    ...rest,
    mergeRequests,
    otherVersions,
  }),
);

const registry = strict({
  insecure: z.told("It speaks plain http.", z.preset(z.boolean(), false)),
});

const dotenv = z.mapped(
  strict({
    max_variables: z.told(
      "What this GitLab takes. Where it is not said, 50 as on GitLab.com's free tier; other GitLabs take 20 where nobody raised it, so more are warned of there.",
      z.optional(limit),
    ),
    max_bytes: z.told("5120 on every GitLab.", z.preset(limit, defaults.dotenv.maxBytes)),
  }),
  ({ max_variables: maxVariables, max_bytes: maxBytes }) => ({
    maxVariables,
    maxBytes,
  }),
);

/** The whole file. */
export const schema = strict({
  prefix: z.told(
    "Begins the names of all CI variables: with `QEMU_CI`, `QEMU_CI_IMAGE_DEBIAN`. In a pipeline that includes the component its inputs `prefix`, `reference` and `engine` win over this file.",
    z.preset(text(prefixRule, "^[A-Z][A-Z0-9_]*$"), defaults.prefix),
  ),
  upstream: z.told(
    "Where the images of the project proper are: a GitLab namespace, whose project of the same name as this one is meant; a project's full path, which also serves forks of another name; or `host/path` of a registry base, which a group whose name has a dot needs (`registry.gitlab.com/gnu.tools/core`). `auto` takes the target of a merge request, unless that project is younger than this one; other pipelines of a fork know none, and say so. The variable `<PREFIX>_UPSTREAM` wins over it.",
    z.optional(text(upstreamRule)),
  ),
  registry: z.told(
    "The registry base of this project outside GitLab CI, as `host/path`. In GitLab CI it is `CI_REGISTRY_IMAGE`.",
    z.optional(text(registryRule)),
  ),
  repository: z.told(
    "The repository of an image below the registry base, two levels at most; `{name}` is its name.",
    z.preset(text(repositoryRule, templatePattern), defaults.repository),
  ),
  parents: z.told(
    "How a FROM or `COPY --from` names another image of the set, such as `qemu/{name}`. The reference must be spelt exactly so, with or without a tag; a full registry path is not recognised. Default: no reference names one.",
    z.optional(text(parentsRule, templatePattern)),
  ),
  reference: z.told(
    "How later jobs name their image: `digest` by a variable for every image, `tag` by one base and one tag for all, `own-tag` always in the project's own registry.",
    z.preset(z.enum(["digest", "tag", "own-tag"]), defaults.reference),
  ),
  engine: z.told(
    "What builds: `auto` takes buildah where it is installed, else docker.",
    z.preset(z.enum(["auto", "buildah", "docker"]), defaults.engine),
  ),
  publish: z.told(
    "Which branch moves which tag, once its whole pipeline has succeeded. The job `berth-promote` has to run there: by itself it runs on the default branch alone.",
    z.preset(z.array(publishRule), [...defaults.publish]),
  ),
  registries: z.told(
    "What is special about a registry, by `host` or `host:port`.",
    z.preset(z.record(text(hostRule), registry), {}),
  ),
  dotenv: z.told(
    "The limits that GitLab sets for the variables that one job hands to later ones.",
    z.prefault(dotenv, {}),
  ),
  parallel: z.told(
    "How many images one process builds at once.",
    z.preset(limit, defaults.parallel),
  ),
  merge: z.told("What counts as a merge, where images must be up to date.", z.prefault(merge, {})),
  refresh: z.told(
    "When an image is built again although its key is known; `false`: only when a user asks. By default that costs nothing until upstream has a pipeline schedule.",
    z.prefault(z.union([refresh, z.mapped(z.literal(false), () => undefined)]), {}),
  ),
  prune: z.told("What `berth prune` keeps and for how long.", z.prefault(prune, {})),
  defaults: z.told(
    "Holds for all images. What an image says itself wins; its `args` are added to these.",
    z.optional(strict(options)),
  ),
  images: z.optional(images),
  exclude: z.told(
    "Names of images, or paths and globs of Dockerfiles, that no glob and no default shall find.",
    z.preset(z.array(filled), []),
  ),
});

export type Settings = z.output<typeof schema>;
export type OptionSettings = NonNullable<Settings["defaults"]>;
