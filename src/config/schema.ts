/**
 * The grammar of `berth.yml`: what the reader checks, what editors are told, what the reference page says.
 *
 * Descriptions are the documentation; they end up in berth.schema.json and docs/configuration.md.
 */
import * as z from "../zod.ts";
import { defaults } from "./defaults.ts";
import { images, options, strict, text } from "./image-schema.ts";
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
  branch: text(branchRule).describe(
    "A branch, a glob (`*` stands for any characters), or `{default}` for the project's default branch.",
  ),
  tag: text(publishTagRule).describe(
    "The tag to move; `{slug}` in it is the branch as `CI_COMMIT_REF_SLUG` spells it.",
  ),
});

const limit = z.int().min(1);

const merge = strict({
  bots: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Users whose pipelines are merges, as `GITLAB_USER_LOGIN` spells them. Merge trains are merges in any case.",
    ),
  merged_results: z
    .boolean()
    .default(defaults.merge.mergedResults)
    .describe(
      "Whether merged results pipelines are merges too. GitLab makes one at each push to a merge request, so an image that upstream lacks is then built again whenever the target has moved.",
    ),
}).transform(({ bots, merged_results: mergedResults }) => ({ bots, mergedResults }));

const refresh = strict({
  max_age: z
    .union([limit, z.literal(false)])
    .default(defaults.refresh.maxAge)
    .describe("Days after which an image is built again; `false`: age does not count."),
  follow_bases: z
    .boolean()
    .default(defaults.refresh.followBases)
    .describe("Build again when the tag of a base image points at another digest."),
  in: z
    .enum(["schedules", "protected"])
    .default(defaults.refresh.in)
    .describe(
      "Where that is done: in scheduled pipelines of upstream alone, or in those of its protected branches too.",
    ),
}).transform(({ max_age: maxAge, follow_bases: followBases, in: where }) => ({
  maxAge: maxAge === false ? undefined : maxAge,
  followBases,
  in: where,
}));

const agedKinds = ["key", "try", "set", "pipeline", "cache", "promoted"] as const;
const days = z.int().min(0);

const prune = strict({
  branches: z
    .array(text(keptBranchRule))
    .min(1)
    .optional()
    .describe(
      'The branches whose images stay: names, globs, `{default}`; one with `!` before it takes branches out again. Default: `["{default}", stable-*, staging-*]`, in a fork all of them (`["*"]`).',
    ),
  merge_requests: z
    .boolean()
    .default(defaults.prune.mergeRequests)
    .describe("Images of open merge requests stay."),
  days: days
    .default(defaults.prune.days)
    .describe("Beside the head of a kept branch, its commits of so many days count too."),
  age: days
    .default(defaults.prune.age)
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
}).transform(({ merge_requests: mergeRequests, other_versions: otherVersions, ...rest }) => ({
  ...rest,
  mergeRequests,
  otherVersions,
}));

/** The whole file. */
export const schema = strict({
  prefix: text(prefixRule, "^[A-Z][A-Z0-9_]*$")
    .default(defaults.prefix)
    .describe(
      "Begins the names of all CI variables: with `QEMU_CI`, `QEMU_CI_IMAGE_DEBIAN`. In a pipeline that includes the component its inputs `prefix`, `reference` and `engine` win over this file.",
    ),
  upstream: text(upstreamRule)
    .optional()
    .describe(
      "Where the images of the project proper are: a GitLab namespace, whose project of the same name as this one is meant; a project's full path, which also serves forks of another name; or `host/path` of a registry base. `auto` takes the target of a merge request; other pipelines of a fork know none, and say so. The variable `<PREFIX>_UPSTREAM` wins over it.",
    ),
  registry: text(registryRule)
    .optional()
    .describe(
      "The registry base of this project outside GitLab CI, as `host/path`. In GitLab CI it is `CI_REGISTRY_IMAGE`.",
    ),
  repository: text(repositoryRule, templatePattern)
    .default(defaults.repository)
    .describe(
      "The repository of an image below the registry base, two levels at most; `{name}` is its name.",
    ),
  parents: text(parentsRule, templatePattern)
    .optional()
    .describe(
      "How a FROM or `COPY --from` names another image of the set, such as `qemu/{name}`. The reference must be spelt exactly so, with or without a tag; a full registry path is not recognised. Default: no reference names one.",
    ),
  reference: z
    .enum(["digest", "tag", "own-tag"])
    .default(defaults.reference)
    .describe(
      "How later jobs name their image: `digest` by a variable for every image, `tag` by one base and one tag for all, `own-tag` always in the project's own registry.",
    ),
  engine: z
    .enum(["auto", "buildah", "docker"])
    .default(defaults.engine)
    .describe("What builds: `auto` takes buildah where it is installed, else docker."),
  publish: z
    .array(publishRule)
    .default([...defaults.publish])
    .describe("Which branch moves which tag, once its whole pipeline has succeeded."),
  registries: z
    .record(
      text(hostRule),
      strict({
        insecure: z
          .boolean()
          .default(false)
          .describe("Allow plain http and certificates that nobody checks."),
      }),
    )
    .default({})
    .describe("What is special about a registry, by `host` or `host:port`."),
  dotenv: strict({
    max_variables: limit
      .default(defaults.dotenv.maxVariables)
      .describe("50 on GitLab.com's free tier; 20 is the default of a self-managed GitLab."),
    max_bytes: limit.default(defaults.dotenv.maxBytes).describe("5120 on every GitLab."),
  })
    .transform(({ max_variables: maxVariables, max_bytes: maxBytes }) => ({
      maxVariables,
      maxBytes,
    }))
    .prefault({})
    .describe("The limits that GitLab sets for the variables that one job hands to later ones."),
  parallel: limit
    .default(defaults.parallel)
    .describe("How many images one process builds at once."),
  merge: merge.prefault({}).describe("What counts as a merge, where images must be up to date."),
  refresh: z
    .union([refresh, z.literal(false).transform(() => undefined)])
    .prefault({})
    .describe(
      "When an image is built again although its key is known; `false`: only when a user asks. By default that costs nothing until upstream has a pipeline schedule.",
    ),
  prune: prune.prefault({}).describe("What `berth prune` keeps and for how long."),
  defaults: strict(options)
    .optional()
    .describe(
      "Holds for all images. What an image says itself wins; its `args` are added to these.",
    ),
  images: images.optional(),
  exclude: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Names of images, or paths and globs of Dockerfiles, that no glob and no default shall find.",
    ),
});

export type Settings = z.output<typeof schema>;
export type OptionSettings = NonNullable<Settings["defaults"]>;
