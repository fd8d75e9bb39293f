/** Joins the files of a configuration: includes with their rules, wildcards and inputs. */

import { checkAt } from "./checks.ts";
import { readContent } from "./content.ts";
import { fitsWildcard } from "./glob.ts";
import type {
  CiSource,
  Component,
  FetchInclude,
  Found,
  Include,
  IncludeKind,
  Occasion,
} from "./ports.ts";
import { rules } from "./rule-words.ts";
import { isTaken } from "./rules.ts";
import {
  CiRefusal,
  flatten,
  get,
  isBlank,
  isMap,
  listOf,
  merge,
  plain,
  refuse,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";
import { expand, valuesOf } from "./variables.ts";
import { readYaml } from "./yaml.ts";

export interface Joining {
  readonly occasion: Occasion;
  readonly fetch: FetchInclude;
  /** Includes so far, in GitLab's order; they are counted. */
  readonly includes: (Include & { readonly source: CiSource })[];
  /** A file that is not at hand is no error, and neither is one that cannot be read. */
  readonly lenient: boolean;
}

/** Where a file stands. */
interface Place {
  readonly source: CiSource;
  readonly component?: Component | undefined;
}

const mostIncludes = 150;
const kinds: readonly IncludeKind[] = [
  ...(["local", "project", "remote"] as const),
  ...(["template", "artifact", "component"] as const),
];
const includeRules = rules("never always", "if exists when changes");

/** Reads a file's text with its inputs, and joins what it includes below it. */
export async function join(
  text: string,
  given: Value | undefined,
  place: Place,
  joining: Joining,
): Promise<YamlMap> {
  const own = contentOf(text, given ?? null, place, joining);
  return joinIncludes(own, place, joining);
}

function contentOf(text: string, given: Value, place: Place, joining: Joining): YamlMap {
  const { predefined, settings } = joining.occasion;
  const variables = valuesOf([...predefined, ...settings]);
  return readContent(text, given, { ...joining, component: place.component, variables });
}

async function joinIncludes(own: YamlMap, place: Place, joining: Joining): Promise<YamlMap> {
  const entries = listOf(own.get("include")).filter((entry) => entry !== null);
  const includes = entries
    .map((entry) => entryOf(entry, joining.occasion))
    .filter((entry) => isIncluded(entry, place.source, joining.occasion))
    .flatMap((entry) => widen(entry, place.source, joining))
    .map((entry) => includeOf(entry, joining.occasion));
  if (includes.length === 0) return own;
  for (const include of includes) {
    joining.includes.push({ ...include, source: place.source });
    if (joining.includes.length > mostIncludes)
      refuse(`Maximum of ${mostIncludes} nested includes are allowed!`);
  }
  let joined: YamlMap = new Map();
  for (const include of includes)
    joined = merge(joined, await contentBelow(include, place, joining));
  const whole = new Map(merge(joined, own));
  whole.delete("include");
  return whole;
}

/** A text is expanded here and once more as a path. */
function entryOf(entry: Value, occasion: Occasion): YamlMap {
  if (isMap(entry)) return entry;
  if (typeof entry !== "string") return refuse("Each include must be a hash or a string");
  const location = expandIn(entry, occasion);
  return new Map([[/^\w+:\/\//.test(location) ? "remote" : "local", location]]);
}

function expandIn(text: string, { predefined, settings }: Occasion): string {
  return expand(text, valuesOf([...predefined, ...settings]), "vanishes");
}

function isIncluded(entry: YamlMap, source: CiSource, occasion: Occasion): boolean {
  const own = entry.get("rules") ?? null;
  if (own === null) return true;
  const checked = checkAt(includeRules, own, "include:rule");
  if ("problems" in checked) refuse(checked.problems[0] ?? "");
  const variables = [...occasion.predefined, ...occasion.settings];
  return isTaken(flatten(own), { occasion, variables, paths: source.paths });
}

/** One entry for each file that it means. */
function widen(entry: YamlMap, source: CiSource, { includes }: Joining): readonly YamlMap[] {
  const local = textOf(entry.get("local"));
  if (!isBlank(entry.get("project")))
    return listOf(entry.get("file")).map((file) => new Map([...entry, ["file", file]]));
  if (!local.includes("*")) return [entry];
  const taken = includes
    .filter((include) => include.kind === "local" && include.source.project === source.project)
    .map(({ location }) => location);
  return source.paths
    .filter((path) => fitsWildcard(local.replace(/^\/+/, ""), path) && !taken.includes(path))
    .map((path) => new Map([...entry, ["local", path]]));
}

function includeOf(written: YamlMap, occasion: Occasion): Include {
  const inPlace = (value: Value): Value =>
    typeof value === "string" ? expandIn(value, occasion) : value;
  const entry = new Map(
    [...written].map(([key, value]) => [
      key,
      Array.isArray(value) ? value.map(inPlace) : inPlace(value),
    ]),
  );
  const found = kinds.filter(
    (kind) => !isBlank(entry.get(kind)) && (kind !== "project" || !isBlank(entry.get("file"))),
  );
  const names = kinds.map((kind) => `\`${kind}\``).join(", ");
  const [kind, second] = found;
  if (kind === undefined)
    return refuse(
      `\`${JSON.stringify(plain(entry))}\` does not have a valid subkey for include. Valid subkeys are: ${names}`,
    );
  if (second !== undefined) refuse(`Each include must use only one of: ${names}`);
  const location = textOf(entry.get(kind === "project" ? "file" : kind));
  const isPath = kind === "local" || kind === "project";
  return { kind, location: isPath ? location.replace(/^\/+/, "") : location, entry };
}

async function contentBelow(include: Include, place: Place, joining: Joining): Promise<YamlMap> {
  try {
    return await readBelow(include, place, joining);
  } catch (error) {
    if (!joining.lenient || !(error instanceof CiRefusal)) throw error;
    return new Map();
  }
}

async function readBelow(include: Include, place: Place, joining: Joining): Promise<YamlMap> {
  const { kind, location } = include;
  if (kind !== "component" && !/[^/]\.ya?ml$/i.test(location))
    refuse(`Included file \`${location}\` does not have YAML extension!`);
  const found =
    kind === "local"
      ? await readLocal(place, location)
      : ((await joining.fetch(include)) ?? refuse(absence(include)));
  if (found.text.trim() === "") refuse(`${titleOf(include)} is empty!`);
  const within = { source: found.source ?? place.source, component: found.component };
  if (kind === "component" && get(specOf(found.text), "include") !== undefined)
    refuse(
      `Component \`${location}\` cannot use \`spec:include\`. This keyword is not supported in components`,
    );
  const content = ownContent(include, found.text, within, joining);
  if (content.size === 0) refuse(`Included file \`${location}\` does not have valid YAML syntax!`);
  return joinIncludes(content, within, joining);
}

function specOf(text: string): Value | undefined {
  try {
    return readYaml(text).header?.get("spec");
  } catch {
    // Reading it will say what is wrong.
    return undefined;
  }
}

function ownContent(include: Include, text: string, place: Place, joining: Joining): YamlMap {
  try {
    return contentOf(text, include.entry.get("inputs") ?? null, place, joining);
  } catch (error) {
    if (error instanceof CiRefusal) refuse(`\`${include.location}\`: ${error.message}`);
    throw error;
  }
}

async function readLocal({ source, component }: Place, path: string): Promise<Found> {
  const text = await source.read(path);
  if (text === undefined) return refuse(`Local file \`${path}\` does not exist!`);
  return { text, source, component };
}

function titleOf({ kind, location, entry }: Include): string {
  if (kind === "project") return `Project \`${textOf(entry.get("project"))}\` file \`${location}\``;
  return `${kind === "local" ? "Local file" : "Included file"} \`${location}\``;
}

function absence(include: Include): string {
  if (include.kind === "component") return `Component '${include.location}' - content not found`;
  return `${titleOf(include)} ${include.kind === "project" ? "does not exist" : "is empty or does not exist"}!`;
}
