/** Reads a project's CI files as GitLab would for each pipeline that matters. */
import type { Config } from "../config/config.ts";
import { beginsWithHost } from "../oci/reference.ts";
import { nothingRead, type ReadBefore, readOutline, readPipeline } from "../pipelines/pipeline.ts";
import { type CiSource, type FetchInclude, type Include, keeping } from "../pipelines/ports.ts";
import { attempt } from "../pipelines/refusal.ts";
import { isList, isMap, textOf, type Value } from "../pipelines/tree.ts";
import { readYaml } from "../pipelines/yaml.ts";
import {
  type BerthInclude,
  berthInclude,
  type ComponentFiles,
  componentFile,
  stubOf,
} from "./included.ts";
import { jobsOf, type ReadCase } from "./jobs.ts";
import { type CiProject, casesOf, samplesOf } from "./occasions.ts";

/** The project's files, and berth's own components. */
export interface CiFiles extends ComponentFiles {
  /** Path of the first file, such as `.gitlab-ci.yml`. */
  readonly root: string;
  /** All of it in one text, where GitLab has joined the files. */
  readonly merged: string | undefined;
}

/** What is known of the project without its CI files. */
export interface KnownProject
  extends Omit<CiProject, "prefix" | "upstream" | "fork" | "promoting"> {
  /** Full path of the project whose clone this is; `undefined` where nothing tells. */
  readonly own: string | undefined;
  /** Its last part, where the path is not known. */
  readonly name: string;
  readonly config: Config;
  /** Names of its images. */
  readonly images: readonly string[];
}

export type Pipelines = NonNullable<Awaited<ReturnType<typeof readPipelines>>>;

/** What becomes of the files in each case; `undefined` where the project has no pipeline of its own. */
export async function readPipelines(files: CiFiles, known: KnownProject) {
  const { texts, source } = keeping(files.source);
  const own = await source.read(files.root);
  if (own === undefined) return undefined;
  const unread = new Set<string>();
  const kept = nothingRead();
  const outline = await readOutline(own, source, {
    files: kept.files,
    fetch: async (include) => {
      const found = await componentFile(include, files);
      if (found === undefined) unread.add(labelOf(include));
      return found;
    },
  });
  const { merged } = files;
  const whole = merged === undefined ? outline : await readMerged(merged, source, kept);
  const words = whole === undefined ? [] : wordsOf(whole.written);
  const includes = (outline?.includes ?? []).flatMap((include) => berthInclude(include, files));
  const project = projectOf(known, includes, words);
  const stub = stubOf(outline?.written ?? new Map());
  const upstreamBase = `${project.registry}/${project.upstream.toLowerCase()}`;
  const images = { ...known.config, prefix: project.prefix, names: known.images, upstreamBase };
  const read = casesOf(project, words).map(async (each): Promise<ReadCase> => {
    const { occasion } = each;
    const { included, fetch } = noting(files, stub);
    const request = { source, fetch, kept, occasion };
    const parts = await readPipeline(own, request);
    const reading = merged === undefined ? parts : await readPipeline(merged, request);
    return { ...each, reading, included, jobs: jobsOf(reading, occasion, images) };
  });
  return {
    project,
    read: await Promise.all(read),
    includes,
    /** Includes whose files are not at hand; nothing is certain then. */
    unread: merged === undefined ? [...unread] : [],
    /** The files that were read, by their paths. */
    texts,
  };
}

/** What GitLab has joined is no file, and may be as large as all of them. */
function readMerged(text: string, source: CiSource, { files }: ReadBefore) {
  attempt(() => files.set(text, readYaml(text, Number.POSITIVE_INFINITY)));
  return readOutline(text, source, { files });
}

/** Gives files, or what stands for them, and notes which are components of berth, for a merged text includes nothing. */
function noting(files: CiFiles, stub: (include: Include) => string) {
  const included: BerthInclude[] = [];
  const fetch: FetchInclude = async (include) => {
    included.push(...berthInclude(include, files));
    return (await componentFile(include, files)) ?? { text: stub(include) };
  };
  return { included, fetch };
}

function labelOf({ kind, location, entry }: Include): string {
  const project = textOf(entry.get("project"));
  return project === "" ? `${kind} ${location}` : `${project}, ${location}`;
}

/** The part of a component is what rules go by, so its inputs win over the configuration. */
function projectOf(
  known: KnownProject,
  includes: readonly BerthInclude[],
  words: readonly string[],
): CiProject {
  const { own, name, config } = known;
  const given = includes.find(({ template }) => template === "rules")?.upstream;
  const compared = ["PROJECT_PATH", "PROJECT_NAMESPACE"].flatMap((each) => samplesOf(each, words));
  const isNamed = config.upstream !== undefined && config.upstream !== "auto";
  const said = given ?? (isNamed ? config.upstream : (own ?? compared[0]));
  const upstream = fullPath(said ?? `group/${name}`, own?.split("/").at(-1) ?? name);
  const isFork = own !== undefined && own.toLowerCase() !== upstream.toLowerCase();
  return {
    ...known,
    upstream,
    fork: isFork ? own : `somebody/${upstream.split("/").at(-1)}`,
    prefix: includes[0]?.prefix ?? config.prefix,
    promoting: config.publish.map(({ branch }) => branch),
  };
}

/** Of a namespace, a path, or a registry base. */
function fullPath(text: string, name: string): string {
  if (!text.includes("/")) return `${text}/${name}`;
  return beginsWithHost(text) ? text.replace(/^[^/]*\//, "") : text;
}

/** All texts of a configuration. */
function wordsOf(value: Value): readonly string[] {
  if (typeof value === "string") return [value];
  if (isList(value)) return value.flatMap(wordsOf);
  return isMap(value) ? [...value.values()].flatMap(wordsOf) : [];
}
