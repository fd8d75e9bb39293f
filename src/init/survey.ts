/** What a project has that tells how its images are made and used; nothing is decided here. */
import { findUsual } from "../config/find.ts";
import { usualContext } from "../config/names.ts";
import { normalPath } from "../config/rules.ts";
import { comparePaths, folderOf, isBelow, nameOf, starsMatcher } from "../context/paths.ts";
import { holds, type Tree, type TreeEntry } from "../context/tree.ts";
import { type Outline, readOutline } from "../pipelines/pipeline.ts";
import { keeping } from "../pipelines/ports.ts";
import { expand, valuesOf, variablesOf } from "../pipelines/variables.ts";
import {
  type BuildJob,
  builtBy,
  ownSpelling,
  placeOf,
  plainBuild,
  type Spelling,
} from "./builders.ts";
import { buildScripts } from "./commands.ts";
import { type Draft, draft, isKnown } from "./drafts.ts";
import { withoutPlatform } from "./platforms.ts";
import { imagesIn, readTemplateJobs, standIn } from "./templates.ts";

export type Survey = Awaited<ReturnType<typeof surveyTree>>;

export type Dockerfile = Awaited<ReturnType<typeof readDockerfile>>;
export type ImageLine = ReturnType<typeof linesOf>[number];

/** Looks at a tree; of the project's paths on its GitLab those that are known. */
export async function surveyTree(files: Tree, paths: readonly string[] = []) {
  const spell = ownSpelling(paths);
  const ci = await readCi(files);
  const { pipeline } = ci;
  const templates = readTemplateJobs(pipeline);
  const drafts = await draft(templates.built.filter(isKnown), files);
  const tree = withDrafts(files, drafts);
  const { built: byJobs, unread } = pipeline ? builtBy(pipeline, spell) : { built: [], unread: [] };
  const builds = [...byJobs, ...drafts.flatMap(buildsOf)];
  const exists = await Promise.all(
    builds.map(async ({ dockerfile }) => (await tree.entry(dockerfile))?.kind === "file"),
  );
  const built = joined(builds.filter((_, index) => exists[index]));
  const usual = await findUsual(tree);
  const all = [...new Set([...usual, ...built.map(({ dockerfile }) => dockerfile)])];
  const ignored = (await tree.read(".dockerignore"))?.toString() ?? "";
  return {
    ...ci,
    /** Files that are called like Dockerfiles, and others that jobs build from. */
    dockerfiles: await Promise.all(all.map(async (path) => readDockerfile(tree, path, ignored))),
    /** Those of them that are found without being named. */
    usual,
    built,
    /** Jobs that build from a file that is not there, as far as their shell lines tell. */
    unfounded: builds.filter((_, index) => !exists[index]),
    /** All `image:` lines of jobs that begin with a variable or the own registry, each once, those of most jobs first. */
    imageLines: pipeline === undefined ? [] : linesOf(pipeline, spell),
    text: ci.files.map(({ text }) => text).join("\n"),
    /** Commands that build what cannot be told, and files that jobs run to build images. */
    scripts: [...unread, ...(await buildScripts([...(pipeline?.jobs.values() ?? [])], files))],
    /** Of images that templates build without a Dockerfile. */
    drafts,
    templates,
    /** All files, with the drafts among them. */
    tree,
  };
}

/**
 * Builds of the same from one file, each for a platform of its own, as one image for all of them: its names and args
 * are without what says the platform.
 */
function joined(built: readonly BuildJob[]): readonly BuildJob[] {
  const groups = Map.groupBy(built, (one) =>
    JSON.stringify([
      one.dockerfile,
      one.context,
      one.target,
      neutral(one.repository, one),
      argsOf(one),
    ]),
  );
  return [...groups.values()].flatMap((group) => {
    const platforms = [...new Set(group.flatMap((one) => one.platforms))].sort();
    if (group.every((one) => one.platforms.length === platforms.length)) return group;
    return group.map((one) => {
      const args = Object.entries(one.args);
      const isTelling = ([, value]: readonly [string, string]) => neutral(value, one) !== value;
      const telling = args.filter(isTelling).map((arg) => `--build-arg ${arg.join("=")}`);
      return {
        ...one,
        platforms,
        repository: neutral(one.repository, one),
        args: Object.fromEntries(args.filter((arg) => !isTelling(arg))),
        dropped: [...one.dropped, ...telling],
      };
    });
  });
}

function argsOf(one: BuildJob): readonly (readonly [string, string | undefined])[] {
  return Object.entries(one.args)
    .map(([name, value]) => [name, neutral(value, one)] as const)
    .toSorted();
}

/** What a build says beside its platform; of several platforms none is meant. */
function neutral(text: string | undefined, { platforms: [first = "", ...others] }: BuildJob) {
  return text === undefined || others.length > 0 ? text : withoutPlatform(text, first);
}

function buildsOf({ path, jobs }: Draft): readonly BuildJob[] {
  return jobs.map(({ name, job }) => ({ ...plainBuild(path, ""), ...placeOf(name, job, path) }));
}

/** The same tree with files that are not there yet. */
function withDrafts(tree: Tree, drafts: readonly Draft[]): Tree {
  const absent = drafts.filter(({ isThere }) => !isThere);
  const texts = new Map(absent.map(({ path, text }) => [path, text]));
  const entryOf = (path: string): TreeEntry => ({ path, kind: "file", executable: false });
  const read: Tree["read"] = async (path) => {
    const text = texts.get(path);
    return text === undefined ? tree.read(path) : Buffer.from(text);
  };
  return {
    ...tree,
    folder: async (folder) => {
      const here = [...texts.keys()].filter((path) => folderOf(path) === folder);
      const added = here.map((path) => [nameOf(path), entryOf(path)] as const);
      return new Map([...(await tree.folder(folder)), ...added]);
    },
    find: async (names, below = "") => {
      const fits = starsMatcher(names);
      const added = [...texts.keys()].filter((path) => isBelow(path, below) && fits(nameOf(path)));
      return [...(await tree.find(names, below)), ...added].toSorted(comparePaths);
    },
    entry: async (path) => (texts.has(path) ? entryOf(path) : tree.entry(path)),
    read,
    readMany: (paths) => Promise.all(paths.map(read)),
  };
}

/** The project's configuration, where it has one that GitLab would not refuse, and the texts of its files. */
async function readCi(tree: Tree) {
  const read = async (path: string) => (await tree.read(path))?.toString();
  const { texts, source } = keeping({ project: "", paths: await tree.find(["*"]), read });
  const text = await source.read(".gitlab-ci.yml");
  const pipeline =
    text === undefined ? undefined : await readOutline(text, source, { fetch: standIn });
  return { pipeline, files: [...texts].map(([path, content]) => ({ path, text: content })) };
}

async function readDockerfile(tree: Tree, path: string, ignored: string) {
  const text = (await tree.read(path))?.toString() ?? "";
  const found = text.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)|\s--from=(\S+)/gim);
  // What its FROM and `--from=` name, as written, without tags.
  const uses = [...found].map(([, from, copy]) => (from ?? copy ?? "").replace(/:[\w.-]+$/, ""));
  // A template of one has a placeholder there, and nobody here builds what is for Windows.
  const isOne = /^\s*FROM\s+(?:--\S+\s+)*["'$\w](?!\S*\/windows\/)/im.test(text);
  // A whole context, as far as no ignore file leaves out most of it.
  const copiesAll =
    /^\s*(?:COPY|ADD)\s+(?:--(?!from=)\S+\s+)*\.\/?\s/im.test(text) && !/^\*/m.test(ignored);
  return { path, text, uses, isOne, copiesAll, copiesFrom: await placeOfSources(text, path, tree) };
}

/** The folder that holds most of what it copies, its usual context before others; `undefined` where it copies nothing. */
async function placeOfSources(text: string, path: string, tree: Tree): Promise<string | undefined> {
  const copies = text.matchAll(/^\s*(?:COPY|ADD)\s+((?:--(?!from=)\S+\s+)*[^-\s].*)$/gim);
  const sources = [...copies].flatMap(([, words = ""]) =>
    words
      .split(/\s+/)
      .filter((word) => word !== "" && !word.startsWith("--"))
      .slice(0, -1)
      .filter((word) => /^[\w./-]+$/.test(word)),
  );
  if (sources.length === 0) return undefined;
  const heldBy = async (context: string): Promise<number> => {
    const paths = sources.map((source) => normalPath(`${context}/${source}`));
    const there = paths.map(async (one) => one !== undefined && (await holds(tree, one)));
    return (await Promise.all(there)).filter(Boolean).length;
  };
  const above = [folderOf(path)];
  while (above.at(-1) !== "") above.push(folderOf(above.at(-1)!));
  const folders = [...new Set([usualContext(path), ...above])];
  const counts = await Promise.all(folders.map(heldBy));
  return folders[counts.indexOf(Math.max(...counts))];
}

function linesOf({ jobs, variables }: Outline, spell: Spelling) {
  const uses = [...jobs].flatMap(([job, keys]) => {
    const all = [...variables, ...variablesOf(keys.get("variables"))];
    // References that lead to files that are not here stay as they are written.
    const known = valuesOf(all.filter(({ value }) => !value.startsWith("!reference")));
    return imagesIn(keys).flatMap((text) => {
      const whole = /:[^/]*$/.test(text) ? text : expand(text, known, "stays");
      const line = spell(unfold(whole, known));
      return text.startsWith("$") || line.startsWith("$") ? [{ text: line, job }] : [];
    });
  });
  return [...Map.groupBy(uses, ({ text }) => text)]
    .map(([text, group]) => ({ text, jobs: group.map(({ job }) => job) }))
    .toSorted((a, b) => b.jobs.length - a.jobs.length);
}

/** What the variable at a line's beginning stands for, as far as files that are here say it. */
function unfold(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/^\$\{?(\w+)\}?(?=[/:]|$)/, (whole, name) => {
    return variables.get(name) || whole;
  });
}
