/** This project's templates and pipelines that include them, as the reader of pipelines reads them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readContent } from "../../src/pipelines/inputs.ts";
import type { PipelineJob } from "../../src/pipelines/job.ts";
import {
  nothingRead,
  type PipelineReading,
  type ReadBefore,
  readPipeline,
} from "../../src/pipelines/pipeline.ts";
import type { CiSource, Include, Occasion } from "../../src/pipelines/ports.ts";
import { plain, type Value, type YamlMap } from "../../src/pipelines/tree.ts";
import { listed } from "../../src/pipelines/variables.ts";
import { readYaml } from "../../src/pipelines/yaml.ts";

const top = join(import.meta.dirname, "../..");

export type Variables = Readonly<Record<string, string>>;

/** A template with its inputs, as under `include:`. */
export interface IncludedTemplate {
  readonly template: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

export function templateText(name: string): string {
  return readFileSync(join(top, "templates", name, "template.yml"), "utf8");
}

/** What a value of JSON is in YAML. */
function yamlOf(value: unknown): Value {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(yamlOf);
  if (typeof value !== "object" || value === null) return value as Value;
  return mapOf(value);
}

export function mapOf(value: object): YamlMap {
  return new Map(Object.entries(value).map(([key, each]) => [key, yamlOf(each)]));
}

/** A template's content with inputs in place; what GitLab refuses is an error. */
export function contentWith(text: string, inputs: object): Readonly<Record<string, unknown>> {
  const content = plain(readContent(readYaml(text), mapOf(inputs)));
  return content as Readonly<Record<string, unknown>>;
}

/** A pipeline that includes templates and has jobs of its own. */
export function pipelineText(
  includes: readonly IncludedTemplate[],
  jobs: Readonly<Record<string, unknown>>,
): string {
  const include = includes.map(({ template, inputs }) => ({
    component: `$CI_SERVER_FQDN/berth-ci/berth/${template}@1`,
    inputs,
  }));
  return JSON.stringify({ include, ...jobs });
}

/** A project of these files. */
export function sourceOf(files: Variables, project = ""): CiSource {
  return { project, paths: Object.keys(files), read: async (path) => files[path] };
}

interface Around extends Partial<Occasion> {
  /** Those of the project; of this checkout where not given. */
  readonly files?: Readonly<Record<string, string>>;
  readonly kept?: ReadBefore;
}

/** What the reader makes of a configuration in a pipeline with these variables. */
export function readingOf(
  text: string,
  variables: Variables = {},
  { files, kept = nothingRead(), ...occasion }: Around = {},
): Promise<PipelineReading> {
  const source = files === undefined ? { project: "", paths: [], read: readOwn } : sourceOf(files);
  return readPipeline(text, {
    source,
    fetch,
    occasion: { ...occasionOf(variables), ...occasion },
    kept,
  });
}

/** The jobs of a pipeline with these variables, by name; a configuration that GitLab refuses is an error. */
export async function jobsIn(
  text: string,
  variables: Variables = {},
): Promise<ReadonlyMap<string, PipelineJob>> {
  const reading = await readingOf(text, variables);
  if ("errors" in reading) throw new Error(reading.errors.join("\n"));
  return new Map("none" in reading ? [] : reading.jobs.map((job) => [job.name, job]));
}

async function readOwn(path: string): Promise<string> {
  return readFileSync(join(top, path), "utf8");
}

async function fetch({ location }: Include) {
  const name = /\/([a-z]+)@/.exec(location)?.[1] ?? "";
  return { text: templateText(name) };
}

/** GitLab's own variables are below those of the configuration, a person's above them. */
function occasionOf(variables: Variables) {
  const all = listed({ CI_SERVER_FQDN: "gitlab.example.com", ...variables });
  const { CI_PIPELINE_SOURCE: source = "push", CI_COMMIT_TAG: tag } = variables;
  const plainKind = tag === undefined ? "branch" : "tag";
  return {
    source,
    ref: variables["CI_COMMIT_BRANCH"] ?? tag ?? "",
    kind: source === "merge_request_event" ? "merge_request" : plainKind,
    project: variables["CI_PROJECT_PATH"] ?? "acme/tools",
    predefined: all.filter(({ key }) => key.startsWith("CI_")),
    settings: all.filter(({ key }) => !key.startsWith("CI_")),
  } as const;
}
