/** Keyed images and situations for tests that need some and do not care how they were made. */
import { type Config, defaultConfig } from "../../src/config/config.ts";
import { imageDefaults } from "../../src/config/defaults.ts";
import type { Image } from "../../src/image/image.ts";
import { type KeyedImage, type KeyInputs, keyOf, keyVersion } from "../../src/image/key.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { PipelineOptions } from "../../src/output/pipeline.ts";
import type { Freshness } from "../../src/plan/freshness.ts";
import { configOf } from "../../src/plan/make.ts";
import type { Decision, Plan, PlannedImage } from "../../src/plan/plan.ts";
import { type Situation, situationOf } from "../../src/plan/situation.ts";

export function keyInputs(text: string, change: Partial<KeyInputs> = {}): KeyInputs {
  return {
    version: keyVersion,
    text,
    args: {},
    parents: {},
    context: null,
    target: null,
    onbuild: false,
    platform: "linux/amd64",
    secrets: [],
    format: "oci",
    epoch: null,
    ...change,
  };
}

/** An image as a project declares it, with nothing special. */
export function declaredImage(name: string, change: Partial<Image> = {}): Image {
  return { name, dockerfile: `${name}.docker`, ...imageDefaults, context: "", ...change };
}

export function keyedImage(name: string, change: Partial<KeyedImage> = {}): KeyedImage {
  const inputs = change.inputs ?? keyInputs(`FROM ${name}`);
  return { ...declaredImage(name), key: keyOf(inputs), inputs, parents: [], ...change };
}

/** The image as a plan has it; nothing is to run it yet. */
export function plannedImage(
  name: string,
  decision: Decision,
  change: Partial<PlannedImage> = {},
): PlannedImage {
  const repository = `r.example/${name}`;
  return { ...keyedImage(name), repository, tag: "key-x", decision, reference: null, ...change };
}

/** A plan of a set that is not on record, with nothing special. */
export function planWith(images: readonly PlannedImage[], change: Partial<Plan> = {}): Plan {
  return {
    version: 1,
    config: configOf(config()),
    revision: "c0ffee",
    pipeline: null,
    untrusted: null,
    dirty: [],
    set: { id: "5".repeat(64), tag: "set-5", record: null, generation: null, stale: false },
    complete: true,
    images,
    variables: {},
    warnings: [],
    ...change,
  };
}

/** A child pipeline of which nothing is asked. */
export const pipelineOptions: PipelineOptions = {
  parentPipeline: undefined,
  planJob: undefined,
  isPublished: false,
  image: undefined,
  buildImage: undefined,
  tags: [],
  platformTags: new Map(),
  timeout: undefined,
  docker: undefined,
  variables: {},
  flags: [],
  buildFlags: [],
  output: ".berth",
};

export const someDigest = digestOf("some image");

/** What is decided of an image that is nowhere, and of one that is found there by its key. */
export const toBuild: Decision = { kind: "build", because: { code: "no-registry" } };
export function toReuse(reference: string): Decision {
  return { kind: "reuse", reference, digest: someDigest, foundBy: "key-tag" };
}

export function config(change: Partial<Config> = {}): Config {
  return { ...defaultConfig, prefix: "QEMU_CI", ...change };
}

/** Nothing was looked up about freshness, since nothing asks. */
export const notAsked: Freshness = {
  now: new Date(0),
  origins: new Map(),
  gone: new Set(),
  bases: new Map(),
  target: undefined,
  onTarget: new Set(),
};

/** The environment of a GitLab job in a project. */
export function jobEnv(project: string, more: Record<string, string> = {}): Record<string, string> {
  const [namespace = "", name = ""] = project.split("/");
  return {
    CI: "true",
    GITLAB_CI: "true",
    CI_REGISTRY: "registry.example.com",
    CI_REGISTRY_IMAGE: `registry.example.com/${project}`,
    CI_PROJECT_PATH: project,
    CI_PROJECT_NAMESPACE: namespace,
    CI_PROJECT_NAME: name,
    CI_PROJECT_ID: "1",
    CI_PIPELINE_ID: "100",
    CI_JOB_ID: "1000",
    CI_COMMIT_BRANCH: "master",
    CI_DEFAULT_BRANCH: "master",
    CI_COMMIT_REF_PROTECTED: "true",
    ...more,
  };
}

export function situation(
  project: string,
  change: Partial<Config> = {},
  more: Record<string, string> = {},
): Situation {
  return situationOf(jobEnv(project, more), config(change), undefined);
}
