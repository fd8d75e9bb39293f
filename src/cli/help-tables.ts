/** Names that people look up, with what they mean; docs/outputs.md has the same tables, and a test compares them. */
import { ownTags } from "../image/key.ts";
import { generationOfPipeline, ofGeneration } from "../oci/tags.ts";

/** One line of a table: names that belong together, and their meaning. */
export interface Entry {
  readonly names: readonly string[];
  readonly meaning: string;
}

/** Variables that berth reads. */
export const variablesRead: readonly Entry[] = [
  entry(
    "upstream's namespace or project path; wins over `upstream` in the configuration",
    "<PREFIX>_UPSTREAM",
  ),
  entry(
    "a tag that the images of the set get too; used as it is, never one that `promote` moves or berth's own",
    "<PREFIX>_CONTAINER_TAG",
  ),
  entry("`1` for all, or names of images: built again without any cache", "<PREFIX>_FORCE_REBUILD"),
  entry("the own registry base; `--registry` wins over it", "CI_REGISTRY_IMAGE"),
  entry(
    "login and token service of GitLab's registry",
    "CI_REGISTRY",
    "CI_REGISTRY_USER",
    "CI_REGISTRY_PASSWORD",
    "CI_SERVER_URL",
  ),
  entry(
    "more logins, by exact host",
    "CI_DEPENDENCY_PROXY_*",
    "DOCKER_AUTH_CONFIG",
    "REGISTRY_AUTH_FILE",
    "DOCKER_CONFIG",
    "XDG_RUNTIME_DIR",
  ),
  entry(
    "the situation and annotations",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_REF_PROTECTED",
    "CI_COMMIT_REF_SLUG",
    "CI_DEFAULT_BRANCH",
    "CI_PIPELINE_SOURCE",
    "CI_MERGE_REQUEST_*",
    "GITLAB_USER_LOGIN",
    "CI_PROJECT_*",
    "CI_PIPELINE_ID",
    "CI_JOB_ID",
    "CI_JOB_NAME",
  ),
  entry(
    "the component's inputs; what berth.yml says must agree",
    "BERTH_PREFIX",
    "BERTH_REFERENCE",
    "BERTH_REPOSITORY",
  ),
  entry("the same as `--config` and `--engine`", "BERTH_CONFIG", "BERTH_ENGINE"),
  entry(
    "image, runner tags and Docker-in-Docker service of the jobs in `pipeline.yml`",
    "BERTH_IMAGE",
    "BERTH_JOB_TAGS",
    "BERTH_DOCKER_SERVICE",
  ),
  entry(
    "GitLab's REST API, for `prune`, `doctor`, `run --pipeline` and adoption",
    "<PREFIX>_GITLAB_TOKEN",
    "GITLAB_TOKEN",
    "CI_JOB_TOKEN",
    "CI_API_V4_URL",
    "CI_SERVER_HOST",
    "CI_SERVER_VERSION",
  ),
  entry("the project's CI file, where it is not `.gitlab-ci.yml`", "CI_CONFIG_PATH"),
  entry("network of RUN instructions, such as `host`", "BERTH_BUILD_NETWORK"),
  entry(
    "the engines' own",
    "BUILDAH_ISOLATION",
    "STORAGE_DRIVER",
    "CONTAINERS_REGISTRIES_CONF",
    "DOCKER_HOST",
    "DOCKER_TLS_CERTDIR",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
  ),
  entry(
    "no live view of builds in CI or on a `dumb` terminal; collapsible sections in GitLab",
    "CI",
    "GITLAB_CI",
    "TERM",
  ),
  entry("`1` adds stack traces to errors", "BERTH_DEBUG"),
  entry("berth prints no colours in any case", "NO_COLOR"),
];

/** Variables that later jobs see. */
export const variablesWritten: readonly Entry[] = [
  entry(
    "the image: by digest where it exists, by a tag that never moves where this pipeline is about to build it",
    "<PREFIX>_IMAGE_<NAME>",
  ),
  entry(
    "for `image: $BASE/name:$TAG`; only where every image of the set has that tag in one registry",
    "<PREFIX>_CONTAINER_BASE",
    "<PREFIX>_CONTAINER_TAG",
  ),
];

const keyed = ownTags.key("<64 hex>");
const set = ownTags.set("<64 hex>");
const refreshed = generationOfPipeline("<pipeline>");

/** Tags that berth writes. */
export const tags: readonly Entry[] = [
  entry("the image of this content; moved only when a refreshed one is promoted", keyed),
  entry(
    "what a pipeline refreshed: its jobs run in that, all others once it is promoted",
    ofGeneration(keyed, refreshed),
    ofGeneration(set, refreshed),
  ),
  entry(
    "what the key meant until a refresh was promoted, for pipelines that were told its digest",
    `${keyed}-old-<time>`,
  ),
  entry("all images of a set; in `berth` it is the set record", set),
  entry(
    "what an untrusted pipeline wrote; trusted ones take it only after a merge and with proof",
    "try-…",
  ),
  entry("the newest build, moves; where the next one finds layers", ownTags.cache),
  entry("where engines leave what they built; moves, nobody reads it", ownTags.built),
  entry("buildah's layer cache; its blobs are those of the images", "64 hex digits"),
  entry("promoted, forward only", "latest and others of publish"),
  entry(
    "a promotion's claim on a moving tag; the next promotion deletes it",
    "promote-<tag>-<commit>",
  ),
];

function entry(meaning: string, ...names: readonly string[]): Entry {
  return { names, meaning };
}
