/** A pipeline's configuration as far as the files at hand tell it, whatever the pipeline is made for. */
import { extendAll, resolveReferences } from "./extend.ts";
import { join, type ReadFiles } from "./include.ts";
import { visibleJobs } from "./job-words.ts";
import type { CiSource, FetchInclude, Include } from "./ports.ts";
import { refused } from "./refusal.ts";
import { flatten, get, isMap, textOf, type YamlMap } from "./tree.ts";
import { type Variable, variablesOf } from "./variables.ts";

export interface Outline {
  /** The files joined, jobs as they are written. */
  readonly written: YamlMap;
  /** Jobs that may run, with what they extend and references in place, as far as that is at hand. */
  readonly jobs: ReadonlyMap<string, YamlMap>;
  /** Variables that hold in every job. */
  readonly variables: readonly Variable[];
  /** All that may be included, at hand or not. */
  readonly includes: readonly Include[];
}

interface OutlineOptions {
  /** Files of other projects; none without it. */
  readonly fetch?: FetchInclude;
  readonly files?: ReadFiles;
}

/** Reads what a project's own files say, and others that are at hand; `undefined` where the text is no configuration. */
export function readOutline(...given: Parameters<typeof outline>): Promise<Outline | undefined> {
  return outline(...given).catch(refused(() => undefined));
}

async function outline(
  text: string,
  source: CiSource,
  { fetch = async () => undefined, files = new Map() }: OutlineOptions = {},
): Promise<Outline> {
  const occasion = {
    source: "push",
    ref: "",
    kind: "branch",
    project: source.project,
    predefined: [],
    settings: [],
    changed: undefined,
  } as const;
  const request = { source, fetch, occasion, files, lenient: true };
  const { joined: written, includes } = await join(text, request);
  const config = resolveReferences(extendAll(written, true), true);
  const jobs = [...visibleJobs(config)].map(([key, job]) => [textOf(key), job] as const);
  return {
    written,
    jobs: new Map(jobs.filter(([name]) => !name.includes("$[["))),
    variables: variablesOf(config.get("variables")),
    includes,
  };
}

/** The names of all images that a job runs in or beside, as they are written. */
export function imagesOf(job: YamlMap): readonly string[] {
  return [job.get("image"), ...flatten(job.get("services"))].flatMap((image) => {
    const name = isMap(image) ? get(image, "name") : image;
    return typeof name === "string" ? [name] : [];
  });
}
