/** What stands under `include`: the files that its entries mean, by their rules and wildcards. */
import { at } from "./checks.ts";
import type { Values } from "./expression.ts";
import { compileWildcard } from "./glob.ts";
import { refuseAll } from "./inputs.ts";
import { plain, textOf } from "./plain.ts";
import { type CiSource, type Include, includeKinds, type Occasion } from "./ports.ts";
import { refuse } from "./refusal.ts";
import { includeRule } from "./rule-words.ts";
import { rulesOf, takenRule } from "./rules.ts";
import { flatten, get, isBlank, isMap, isText, listOf, type Value, type YamlMap } from "./tree.ts";
import { expand, type Variable } from "./variables.ts";

/** What entries are read with. */
export interface Including {
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
export function includesIn(file: YamlMap, source: CiSource, including: Including) {
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
  const own = get(entry, "rules");
  for (const each of flatten(own)) refuseAll(at("include:rule", includeRule(plain(each))));
  const rules = rulesOf(own);
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
