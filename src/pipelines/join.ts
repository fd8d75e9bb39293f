/** Joins the files of a configuration: each with its inputs in place, below what includes it. */
import { type Including, includesIn } from "./include.ts";
import { readContent } from "./inputs.ts";
import { textOf } from "./plain.ts";
import type { CiSource, FetchInclude, Found, Include, Place } from "./ports.ts";
import { attempt, CiRefusal, refuse, refused } from "./refusal.ts";
import { get, merge, type YamlMap } from "./tree.ts";
import { valuesOf } from "./variables.ts";
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
  const { kind, location, entry } = include;
  if (kind !== "component" && !/[^/]\.ya?ml$/i.test(location))
    refuse(`Included file \`${location}\` does not have YAML extension!`);
  const { text, source = place.source, component } = await find(include, place, joining);
  if (text.trim() === "") refuse(`${titleOf(include)} is empty!`);
  const file = naming(location, () => fileOf(text, joining));
  if (kind === "component" && get(file.header, "spec", "include") !== null)
    refuse(
      `Component \`${location}\` cannot use \`spec:include\`. This keyword is not supported in components`,
    );
  const around = { ...joining, component };
  const content = naming(location, () => readContent(file, get(entry, "inputs"), around));
  if (content.size === 0) refuse(`Included file \`${location}\` does not have valid YAML syntax!`);
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
