/** A pipeline's configuration as one: files joined, jobs with all that they extend, references followed. */
import { compileGlob, isGlob } from "../config/glob.ts";
import { localPath } from "./gather.ts";
import { type Component, includesOf } from "./includes.ts";
import {
  emptyMapping,
  entryOf,
  type Mapping,
  mergeMappings,
  nothing,
  openMapping,
  type PipelineFile,
  textsOf,
  unknown,
  type Value,
} from "./value.ts";
import { readPipelineYaml } from "./yaml.ts";

export interface Pipeline {
  readonly components: readonly Component[];
  /** All keys of the joined files. */
  readonly top: Mapping;
  /** Names of jobs that may run. */
  readonly jobs: readonly string[];
  /** A job with what it extends; open where some of that is not at hand. */
  job(name: string): Mapping;
  /** What a value is once its references are followed. */
  follow(value: Value): Value;
}

/** Keys at the top that are no jobs. */
const keywords = new Set(
  "after_script before_script cache default image include services spec stages types variables workflow".split(
    " ",
  ),
);

/** Gives a hidden job that one of the components brings, by its name. */
export type Brought = (components: readonly Component[], name: string) => Mapping | undefined;

/** Joins the files that are included from the root on. */
export function assemble(
  files: ReadonlyMap<string, PipelineFile>,
  root: string,
  brought: Brought = () => undefined,
): Pipeline {
  const { top, components } = join(files, root);
  const job = resolver(top, (name) => brought(components, name));
  const jobs = [...top.entries].flatMap(([name, { kind }]) =>
    kind === "mapping" && !keywords.has(name) && !/^\.|\$\[\[/.test(name) ? [name] : [],
  );
  return { components, top, jobs, job, follow: follower(top, job) };
}

function resolver(
  top: Mapping,
  brought: (name: string) => Mapping | undefined,
): (name: string) => Mapping {
  const made = new Map<string, Mapping>();
  const resolve = (name: string, trail: readonly string[]): Mapping => {
    const known = made.get(name);
    if (known !== undefined) return known;
    if (trail.includes(name)) return openMapping;
    const own = joinOwn(top.entries.get(name), brought(name));
    const bases = textsOf(own.entries.get("extends")).map(({ text }) =>
      resolve(text, [...trail, name]),
    );
    const whole = [...bases, own].reduce(mergeMappings, emptyMapping);
    made.set(name, whole);
    return whole;
  };
  return (name) => resolve(name, []);
}

/** GitLab follows a reference to a reference, up to ten deep. */
const deepest = 10;

function follower(top: Mapping, job: (name: string) => Mapping): (value: Value) => Value {
  const follow = (value: Value, depth: number): Value => {
    if (value.kind !== "reference") return value;
    const [name = "", ...keys] = value.path;
    if (depth > deepest || (keywords.has(name) && !top.entries.has(name))) return unknown;
    let found: Value = job(name);
    for (const key of keys) {
      const inside = follow(found, depth + 1);
      found = inside.kind === "mapping" ? (entryOf(inside, key) ?? nothing) : unknown;
    }
    return follow(found, depth + 1);
  };
  return (value) => follow(value, 0);
}

function joinOwn(own: Value | undefined, extra: Mapping | undefined): Mapping {
  const written = own?.kind === "mapping" ? own : undefined;
  if (written === undefined) return extra ?? openMapping;
  return extra === undefined ? written : mergeMappings(extra, written);
}

interface Joined {
  readonly top: Mapping;
  readonly components: readonly Component[];
}

/** What a file includes lies below what it says itself; a later include lies above an earlier one. */
function join(files: ReadonlyMap<string, PipelineFile>, root: string): Joined {
  const seen = new Set<string>();
  const joinFrom = (path: string): Joined => {
    const file = files.get(path);
    const own = file === undefined || seen.has(path) ? undefined : readPipelineYaml(file);
    seen.add(path);
    if (own === undefined) return { top: emptyMapping, components: [] };
    const below = includesOf(own).flatMap((include): Joined[] =>
      include.kind === "component"
        ? [{ top: emptyMapping, components: [include] }]
        : pathsOf(include.path, files).map(joinFrom),
    );
    return {
      top: [...below.map(({ top }) => top), own].reduce(mergeMappings, emptyMapping),
      components: below.flatMap(({ components }) => components),
    };
  };
  return joinFrom(root);
}

function pathsOf(text: string, files: ReadonlyMap<string, PipelineFile>): readonly string[] {
  const path = localPath(text);
  if (path === undefined) return [];
  if (!isGlob(path)) return [path];
  const glob = compileGlob(path);
  return [...files.keys()].filter((known) => glob.test(known));
}
