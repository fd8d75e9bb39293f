/** Joins the files of a configuration: what the entries under `include` mean by their rules and wildcards, each with its inputs in place, below what includes it. */
import type { Values } from "./expression.ts";
import { compileWildcard } from "./glob.ts";
import { readContent } from "./inputs.ts";
import {
  type CiSource,
  type FetchInclude,
  type Found,
  type Include,
  includeKinds,
  type Occasion,
  type Place,
} from "./ports.ts";
import { attempt, CiRefusal, refuse, refused } from "./refusal.ts";
import { rulesOf, takenRule } from "./rules.ts";
import {
  get,
  isBlank,
  isMap,
  isText,
  listOf,
  merge,
  plain,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";
import { expand, type Variable, valuesOf } from "./variables.ts";
import { readYaml, type YamlFile } from "./yaml.ts";

/** What texts hold, once they were read. */
export type ReadFiles = Map<string, YamlFile>;

/** What a configuration is joined from, beside the text of its first file. */
export interface JoinRequest extends Pick<Including, "occasion" | "lenient"> {
  readonly source: CiSource;
  readonly fetch: FetchInclude;
  readonly inputs?: YamlMap | undefined;
  readonly files: ReadFiles;
}

type Joining = JoinRequest & Including;

const mostIncludes = 150;

/** Reads a file's text, and joins what it includes below it. */
export async function join(text: string, request: JoinRequest) {
  const { occasion, source, inputs = null } = request;
  const known = [...occasion.predefined, ...occasion.settings];
  const joining: Joining = { ...request, known, variables: valuesOf(known), includes: [] };
  const own = readContent(fileOf(text, joining), inputs, joining);
  return { joined: await joinIncludes(own, { source }, joining), includes: joining.includes };
}

function fileOf(text: string, { files }: Joining): YamlFile {
  const file = files.get(text) ?? readYaml(text);
  files.set(text, file);
  return file;
}

async function joinIncludes(own: YamlMap, place: Place, joining: Joining): Promise<YamlMap> {
  const includes = includesIn(own, place.source, joining);
  for (const include of includes)
    if (joining.includes.push(include) > mostIncludes)
      refuse(`Maximum of ${mostIncludes} nested includes are allowed!`);
  const giveUp = refused(({ errors }): YamlMap => {
    return joining.lenient ? new Map() : refuse(...errors);
  });
  let joined: YamlMap = new Map();
  for (const include of includes)
    joined = merge(joined, await readBelow(include, place, joining).catch(giveUp));
  return new Map([...merge(joined, own)].filter(([key]) => key !== "include"));
}

async function readBelow(include: Include, place: Place, joining: Joining): Promise<YamlMap> {
  const { location, entry } = include;
  const { text, source = place.source, component } = await find(include, place, joining);
  if (text.trim() === "") refuse(`${titleOf(include)} is empty!`);
  const file = naming(location, () => fileOf(text, joining));
  const around = { ...joining, component };
  const content = naming(location, () => readContent(file, get(entry, "inputs"), around));
  return joinIncludes(content, { source, component }, joining);
}

/** Says in a refusal which file it is about. */
function naming<T>(location: string, read: () => T): T {
  const made = attempt(read);
  return made instanceof CiRefusal ? refuse(`\`${location}\`: ${made.message}`) : made;
}

async function find(include: Include, place: Place, joining: Joining): Promise<Found> {
  const { kind, location } = include;
  if (kind === "local") {
    const text = await place.source.read(location);
    return { text: text ?? refuse(`${titleOf(include)} does not exist!`), ...place };
  }
  const found = await joining.fetch(include);
  if (found !== undefined) return found;
  if (kind === "component") return refuse(`Component '${location}' - content not found`);
  const absent = kind === "project" ? "does not exist" : "is empty or does not exist";
  return refuse(`${titleOf(include)} ${absent}!`);
}

function titleOf({ kind, location, entry }: Include): string {
  if (kind === "project") return `Project \`${textOf(entry.get("project"))}\` file \`${location}\``;
  return `${kind === "local" ? "Local file" : "Included file"} \`${location}\``;
}

/** What entries are read with. */
interface Including {
  readonly occasion: Occasion;
  /** Variables that are there before any file is read. */
  readonly known: readonly Variable[];
  readonly variables: Values;
  /** Includes so far, in GitLab's order; they are counted. */
  readonly includes: Include[];
  /** What rules would leave out counts too; a file that is not at hand is no error, and neither is one that cannot be read. */
  readonly lenient?: boolean;
}

/** The files that a file includes. */
function includesIn(file: YamlMap, source: CiSource, including: Including) {
  return listOf(file.get("include"))
    .filter((entry) => entry !== null)
    .map((entry) => entryOf(entry, including))
    .filter((entry) => isIncluded(entry, source, including))
    .flatMap((entry) => widen(entry, source, including))
    .map((entry) => includeOf(entry, source, including));
}

/** A text is expanded here and once more as a path. */
function entryOf(entry: Value, { variables }: Including): YamlMap {
  if (isMap(entry)) return entry;
  if (!isText(entry)) return refuse("Each include must be a hash or a string");
  const location = expand(entry, variables, "vanishes");
  return new Map([[/^\w+:\/\//.test(location) ? "remote" : "local", location]]);
}

function isIncluded(entry: YamlMap, { paths }: CiSource, including: Including): boolean {
  const { occasion, known, lenient } = including;
  if (lenient === true) return true;
  const rules = rulesOf(get(entry, "rules"));
  return (
    rules === undefined || takenRule(rules, { occasion, variables: known, paths }) !== undefined
  );
}

/** One entry for each file that it means. */
function widen(entry: YamlMap, source: CiSource, { includes }: Including): readonly YamlMap[] {
  const local = textOf(entry.get("local"));
  if (!isBlank(entry.get("project")))
    return listOf(entry.get("file")).map((file) => new Map([...entry, ["file", file]]));
  if (!local.includes("*")) return [entry];
  const taken = includes
    .filter((include) => include.kind === "local" && include.source.project === source.project)
    .map(({ location }) => location);
  const matches = compileWildcard(fromTop(local));
  return source.paths
    .filter((path) => matches(path) && !taken.includes(path))
    .map((path) => new Map([...entry, ["local", path]]));
}

/** A path in a repository, which may be written with a slash before it. */
function fromTop(path: string): string {
  return path.replace(/^\/+/, "");
}

function includeOf(written: YamlMap, source: CiSource, { variables }: Including): Include {
  const inPlace = (value: Value) => (isText(value) ? expand(value, variables, "vanishes") : value);
  const entry = new Map([...written].map(([key, value]) => [key, inPlace(value)]));
  const [kind, second] = includeKinds.filter(
    (each) => !isBlank(entry.get(each)) && (each !== "project" || !isBlank(entry.get("file"))),
  );
  const names = includeKinds.map((each) => `\`${each}\``).join(", ");
  if (kind === undefined) {
    const told = "does not have a valid subkey for include. Valid subkeys are";
    return refuse(`\`${JSON.stringify(plain(entry))}\` ${told}: ${names}`);
  }
  if (second !== undefined) refuse(`Each include must use only one of: ${names}`);
  const location = textOf(entry.get(kind === "project" ? "file" : kind));
  const isPath = kind === "local" || kind === "project";
  return { kind, location: isPath ? fromTop(location) : location, entry, source };
}
