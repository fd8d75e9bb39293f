/** Which files are images, how they are called, and how `berth.yml` says so in few words. */
import { compileGlob } from "../config/glob.ts";
import { nameAll, nameMistake, usualContext, variableOf } from "../config/names.ts";
import { folderOf } from "../context/paths.ts";
import { present } from "../json.ts";
import { few } from "../printable.ts";
import { type BuildJob, plainBuild } from "./builders.ts";
import { usualPlatform } from "./platforms.ts";
import {
  because,
  block,
  type Chosen,
  lastName,
  type Node,
  type Seen,
  seen,
  templateOf,
} from "./settings.ts";
import type { Survey } from "./survey.ts";

/** One image as it is to be declared. */
interface Wanted {
  readonly name: string;
  readonly byDefault: string;
  readonly built: BuildJob;
}

/** The images' names, and what declares them. */
export function imagesOf(survey: Survey): Chosen<readonly string[]> {
  if (survey.built.length === 0) return everyDockerfile(survey);
  const wanted = wantedImages(survey);
  const { yaml, chosen } = declare(wanted, survey.usual);
  const found = `${wanted.length} ${wanted.length === 1 ? "image is" : "images are"} built by jobs of the pipeline, such as ${wanted[0]!.built.job}`;
  return {
    value: wanted.map(({ name }) => name),
    findings: [...seen(found, chosen, yaml), ...foreign(survey), ...optional(wanted)],
  };
}

/** What is built for other platforms than the usual one. */
function foreign({ built }: Survey): readonly Seen[] {
  const some = built.filter(platformsOf);
  if (some.length === 0) return [];
  const jobs = [...new Set(some.map(({ job }) => job))];
  const all = [...new Set(some.flatMap(({ platforms }) => platforms))].sort();
  return seen(
    `${few(jobs)} ${jobs.length === 1 ? "builds" : "build"} for ${all.join(", ")}`,
    "images are for these platforms; what is built from one file for several is one image, and jobs on every machine say the same name",
  );
}

function optional(wanted: readonly Wanted[]): readonly Seen[] {
  const names = wanted.filter(({ built }) => built.mayFail).map(({ name }) => name);
  if (names.length === 0) return [];
  return seen(
    `jobs of ${names.join(", ")} have allow_failure`,
    "these images are optional: they may fail without failing the set",
  );
}

/** Folders of tools, of other projects and of test data. */
const aside =
  /^(?:.*\/)?(?:\.github|\.devcontainer|\.clusterfuzzlite|vendor|node_modules|third_party|testdata|fixtures)(?=\/)/;

function everyDockerfile(survey: Survey): Chosen<readonly string[]> {
  const { dockerfiles } = survey;
  const others = dockerfiles.filter(({ isOne }) => !isOne).map(({ path }) => path);
  const all = survey.usual.filter((path) => !others.includes(path));
  const folders = all.flatMap((path) => aside.exec(path)?.[0] ?? []);
  const usual = folders.length === all.length ? all : all.filter((path) => !aside.test(path));
  const apart = usual.length === all.length ? [] : [...new Set(folders)].map((one) => `${one}/**`);
  const exclude = [...apart, ...others];
  const named = nameAll(usual, []);
  const names = [...named.values()];
  const wanted = [...named].map(([path, name]): Wanted => {
    const built = plainBuild(path, contextOf(path, survey));
    return { name, byDefault: name, built };
  });
  const { yaml } = declare(wanted, usual);
  return because(
    names,
    `${usual.length === 1 ? "one file is" : `${usual.length} files are`} called like a Dockerfile, and no job was seen that builds one`,
    `each is an image (${few(names, 8)})${yaml.length === 0 ? "" : " whose context holds what it copies"}; name those that are none under \`exclude\``,
    [...yaml, ...block({ exclude })],
  );
}

/** The folder that holds all that a file copies, or where it copies nothing, its neighbours. */
function contextOf(path: string, { dockerfiles }: Survey): string {
  const near = dockerfiles.filter((file) => folderOf(file.path) === folderOf(path));
  const own = near.find((file) => file.path === path)?.copiesFrom;
  const places = new Set(near.flatMap(({ copiesFrom }) => copiesFrom ?? []));
  const [only] = places.size === 1 ? places : [];
  return own ?? only ?? usualContext(path);
}

/**
 * What several jobs build from one file is one image, unless they put it in different places of the own registry; it
 * is optional where all of them may fail.
 */
function wantedImages({ built }: Survey): readonly Wanted[] {
  const put = built.toReversed().filter(({ repository }) => repository !== undefined);
  const places = new Map(put.map(({ dockerfile, repository }) => [dockerfile, repository]));
  const placeOf = ({ dockerfile, repository }: BuildJob) => repository ?? places.get(dockerfile);
  const groups = [...Map.groupBy(built, (one) => `${one.dockerfile} ${placeOf(one)}`).values()];
  const paths = groups.map((group) => group[0]!.dockerfile);
  const defaults = nameAll([...new Set(paths)], []);
  const template = templateOf(built, defaults);
  const wanted = groups.map((jobs): Wanted => {
    const first = jobs.find(({ repository }) => repository !== undefined) ?? jobs[0]!;
    const byDefault = defaults.get(first.dockerfile) ?? first.dockerfile;
    const own = template === undefined ? lastName(first.repository) : undefined;
    const name = own !== undefined && nameMistake(own) === undefined ? own : byDefault;
    const mayFail = jobs.every((job) => job.mayFail);
    return { name, byDefault, built: { ...first, mayFail } };
  });
  return withOwnNames(wanted);
}

/** What one repository holds under several tags are several images, which are called as their files. */
function withOwnNames(wanted: readonly Wanted[]): readonly Wanted[] {
  const groups = Map.groupBy(wanted, ({ name }) => variableOf(name));
  const isAlone = ({ name }: Wanted): boolean => groups.get(variableOf(name))?.length === 1;
  const named = wanted.map((one) => (isAlone(one) ? one : { ...one, name: one.byDefault }));
  const names = named.map(({ name }) => variableOf(name));
  return named.map((one, index) => {
    const before = names.slice(0, index).filter((name) => name === names[index]).length;
    return before === 0 ? one : { ...one, name: `${one.name}-${before + 1}` };
  });
}

/** What `berth.yml` says of images, and why so. */
function declare(
  wanted: readonly Wanted[],
  usual: readonly string[],
): Pick<Seen, "yaml" | "chosen"> {
  const defaults = sharedBy(wanted);
  if (wanted.every(({ name, byDefault }) => name === byDefault))
    return declareFiles(wanted, usual, defaults);
  const images = Object.fromEntries(wanted.map((one) => [one.name, entryOf(one, defaults)]));
  const chosen = "images keep the names that they have in the registry";
  return { yaml: block({ defaults, images }), chosen };
}

/** A list of files and globs, for images that are called as their files. */
function declareFiles(wanted: readonly Wanted[], usual: readonly string[], defaults: Options) {
  const paths = wanted.map(({ built }) => built.dockerfile);
  const objects = wanted
    .map((one) => ({ dockerfile: one.built.dockerfile, ...optionsOf(one, defaults) }))
    .filter((object) => Object.keys(object).length > 1);
  const { globs: all, left, others } = inGlobs(paths, usual);
  const isPlain = (path: string) => !objects.some(({ dockerfile }) => dockerfile === path);
  const globs = all.filter((glob) => paths.filter(compileGlob(glob)).some(isPlain));
  const plain = left.filter(isPlain);
  const exclude = [...nameAll([...paths, ...others], [])].flatMap(([path, name]) =>
    others.includes(path) ? [name] : [],
  );
  const allUsual = paths.length === usual.length && usual.every((path) => paths.includes(path));
  const images = allUsual && objects.length === 0 ? [] : [...globs, ...plain, ...objects];
  const without = exclude.length === 0 ? "" : ", without those that no job builds";
  const chosen = `the files that images are made from today${without}`;
  return { yaml: block({ defaults, images, exclude }), chosen };
}

type Options = Readonly<Record<string, Node>>;

/** The context that all images have although it is not what their files' names mean, and the platforms of all. */
function sharedBy(wanted: readonly Wanted[]): Options {
  if (wanted.length < 2) return {};
  const [context, ...contexts] = new Set(wanted.map(({ built }) => built.context));
  const unusual = wanted.every(({ built }) => built.context !== usualContext(built.dockerfile));
  const [platforms, ...others] = new Set(wanted.map(({ built }) => platformsOf(built)?.join()));
  const args = new Set(
    wanted.map(({ built }) => JSON.stringify(Object.entries(built.args).sort())),
  );
  return present<Node>({
    args: args.size === 1 && !args.has("[]") ? wanted[0]!.built.args : undefined,
    context: contexts.length === 0 && unusual ? written(context ?? "") : undefined,
    platforms: others.length === 0 ? platforms?.split(",") : undefined,
  });
}

/** `undefined` for the default. */
function platformsOf({ platforms }: BuildJob): readonly string[] | undefined {
  return platforms.join() === usualPlatform ? undefined : platforms;
}

function written(context: string): string {
  return context === "" ? "." : context;
}

function optionsOf({ built }: Wanted, shared: Options): Options {
  const own = shared["context"] === undefined && built.context !== usualContext(built.dockerfile);
  return present({
    context: own ? written(built.context) : undefined,
    target: built.target,
    platforms: shared["platforms"] === undefined ? platformsOf(built) : undefined,
    args:
      shared["args"] !== undefined || Object.keys(built.args).length === 0 ? undefined : built.args,
    optional: built.mayFail || undefined,
  });
}

function entryOf(one: Wanted, shared: Options): Node {
  const options = optionsOf(one, shared);
  const { dockerfile } = one.built;
  return Object.keys(options).length === 0 ? dockerfile : { dockerfile, ...options };
}

/**
 * Files of one folder that end alike are said by a glob, where most that it matches are ours. `left` are those that no
 * glob matches, `others` those that one matches although they are none of ours.
 */
function inGlobs(paths: readonly string[], known: readonly string[]) {
  const groups = [...Map.groupBy(paths, globOf)].map(([glob, files]) => {
    const matches = glob === undefined ? [] : known.filter(compileGlob(glob));
    const others = matches.filter((path) => !files.includes(path));
    const isWorth = glob !== undefined && files.length > 1 && others.length <= files.length / 2;
    return isWorth ? { globs: [glob], left: [], others } : { globs: [], left: files, others: [] };
  });
  return {
    globs: groups.flatMap(({ globs }) => globs),
    left: groups.flatMap(({ left }) => left),
    others: groups.flatMap(({ others }) => others),
  };
}

/** `folder/*.docker`, `folder/Dockerfile.*`; `undefined` for a plain `Dockerfile`. */
function globOf(path: string): string | undefined {
  const [, folder = "", file = ""] = /^(.*\/)?([^/]+)$/.exec(path) ?? [];
  const start = /^(?:Dockerfile|Containerfile)\.(?=.)/.exec(file)?.[0];
  if (start !== undefined) return `${folder}${start}*`;
  const end = /.(\.[^.]+)$/.exec(file)?.[1];
  return end === undefined ? undefined : `${folder}*${end}`;
}
