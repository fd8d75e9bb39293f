/**
 * The grammar of `berth.yml`: what the reader checks, what editors are told, what the reference page says.
 *
 * Descriptions are the documentation; they end up in berth.schema.json and docs/configuration.md.
 */
import * as z from "zod";
import { defaultConfig, usualRefresh } from "./config.ts";
import { images, options } from "./image-schema.ts";
import { prune } from "./prune-schema.ts";
import {
  branchRule,
  hostRule,
  parentsRule,
  prefixRule,
  publishTagRule,
  registryRule,
  repositoryRule,
  upstreamRule,
} from "./rules.ts";
import { strict, text } from "./shapes.ts";

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
const trust = strict({
  unprotected: z
    .boolean()
    .default(defaultConfig.trust.unprotected)
    .describe(
      "Whether pipelines of unprotected branches of the project itself are trusted, since only its members push there. With `false` they write `try-` tags, which trusted pipelines do not believe without proof (docs/trust.md).",
    ),
});

const merge = strict({
  bots: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Users whose pipelines are merges, as `GITLAB_USER_LOGIN` spells them. Merge trains are merges in any case.",
    ),
  merged_results: z
    .boolean()
    .default(defaultConfig.merge.mergedResults)
    .describe(
      "Whether merged results pipelines are merges too. GitLab makes one at each push to a merge request, so an image that upstream lacks is then built again whenever the target has moved.",
    ),
});

const refresh = strict({
  max_age: z
    .union([limit, z.literal(false)])
    .default(usualRefresh.maxAge)
    .describe("Days after which an image is built again; `false`: age does not count."),
  follow_bases: z
    .boolean()
    .default(usualRefresh.followBases)
    .describe("Build again when the tag of a base image points at another digest."),
  in: z
    .enum(["schedules", "protected"])
    .default(usualRefresh.in)
    .describe(
      "Where that is done: in scheduled pipelines of upstream alone, or in those of its protected branches too.",
    ),
});

/** The whole file. */
export const schema = strict({
  prefix: text(prefixRule, "^[A-Z][A-Z0-9_]*$")
    .default(defaultConfig.prefix)
    .describe("Begins the names of all CI variables: with `QEMU_CI`, `QEMU_CI_IMAGE_DEBIAN`."),
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
    .default(defaultConfig.repository)
    .describe("The repository of an image below the registry base; `{name}` is its name."),
  parents: text(parentsRule, templatePattern)
    .optional()
    .describe(
      "How a FROM or `COPY --from` names another image of the set, such as `qemu/{name}`. The reference must be spelt exactly so, with or without a tag; a full registry path is not recognised. Default: no reference names one.",
    ),
  reference: z
    .enum(["each", "set", "classic"])
    .default(defaultConfig.reference)
    .describe(
      "How later jobs name their image: `each` by a variable for every image, `set` by one base and one tag for all, `classic` always in the project's own registry.",
    ),
  engine: z
    .enum(["auto", "buildah", "docker"])
    .default(defaultConfig.engine)
    .describe("What builds: `auto` takes buildah where it is installed, else docker."),
  publish: z
    .array(publishRule)
    .default([...defaultConfig.publish])
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
      .default(defaultConfig.dotenv.maxVariables)
      .describe("50 on GitLab.com's free tier; 20 is the default of a self-managed GitLab."),
    max_bytes: limit.default(defaultConfig.dotenv.maxBytes).describe("5120 on every GitLab."),
  })
    .prefault({})
    .describe("The limits that GitLab sets for the variables that one job hands to later ones."),
  parallel: limit
    .default(defaultConfig.parallel)
    .describe("How many images one process builds at once."),
  trust: trust.prefault({}).describe("Whose images protected pipelines believe."),
  merge: merge.prefault({}).describe("What counts as a merge, where images must be up to date."),
  refresh: z
    .union([refresh, z.literal(false)])
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
