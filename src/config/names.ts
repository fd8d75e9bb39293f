/** Names of images: what is one, and which a Dockerfile's path gives. */
import { folderOf, nameOf } from "../context/paths.ts";
import { ownMember } from "../json.ts";
import { isRepositoryPath } from "../oci/reference.ts";

/** Repositories of berth's own below a base are called so. */
const reserved: Readonly<Record<string, string>> = {
  berth: "the record of the set",
  try: "images of untrusted runs",
};

/** Says why a text cannot be an image's name, or `undefined`. */
export function nameMistake(name: string): string | undefined {
  const what = ownMember(reserved, name);
  if (what !== undefined) return `the name ${name} is kept for ${what}`;
  return isRepositoryPath(name) && !name.includes("/")
    ? undefined
    : "a name is lower-case letters and digits, with . _ or - between them";
}

/** The part of a CI variable's name that stands for an image; `a-b` and `a_b` give the same. */
export function variableOf(name: string): string {
  return name.toUpperCase().replace(/[^A-Z0-9]/g, "_");
}

const plainName = /^(?:Dockerfile|Containerfile)$/;

/** The folder of a file that is named for what it is alone, since that is what it is about; else the top. */
export function usualContext(dockerfile: string): string {
  return plainName.test(nameOf(dockerfile)) ? folderOf(dockerfile) : "";
}

/**
 * Gives each Dockerfile a name: the shortest end of its path that no other one has.
 *
 * Two that would get the same name, or the same CI variable, both take more of their path. `taken`
 * are names given by hand; they stay. What cannot be told apart keeps the same name, for the caller
 * to report.
 */
export function nameAll(
  dockerfiles: readonly string[],
  taken: readonly string[],
): ReadonlyMap<string, string> {
  const parts = new Map(dockerfiles.map((path) => [path, partsOf(path)]));
  const given = new Set([...Object.keys(reserved), ...taken].map(variableOf));
  let lengths = new Map(dockerfiles.map((path) => [path, 1]));
  for (;;) {
    const names = new Map(
      [...parts].map(([path, all]) => [path, all.slice(-lengths.get(path)!).join("-")]),
    );
    const longer = clashing(names, given).filter(
      (path) => lengths.get(path)! < parts.get(path)!.length,
    );
    if (longer.length === 0) return names;
    lengths = new Map([
      ...lengths,
      ...longer.map((path) => [path, lengths.get(path)! + 1] as const),
    ]);
  }
}

function clashing(names: ReadonlyMap<string, string>, given: ReadonlySet<string>): string[] {
  const groups = Map.groupBy(names, ([, name]) => variableOf(name));
  return [...groups].flatMap(([variable, group]) =>
    group.length > 1 || given.has(variable) ? group.map(([path]) => path) : [],
  );
}

/** The path's elements as parts of a name, the one that names the image last. */
function partsOf(path: string): readonly string[] {
  const file = nameOf(path);
  const folders = path.split("/").slice(0, -1);
  const own = plainName.test(file) ? [] : [stem(file)];
  const parts = [...folders, ...own].map(clean).filter((part) => part !== "");
  if (parts.length === 0) return ["image"];
  // A version says little without what it is one of, as in debian/12-x86_64.docker.
  const [before, last = ""] = parts.slice(-2);
  return /^\d[\d.]*(?![\da-z])/.test(last) ? [...parts.slice(0, -2), `${before}-${last}`] : parts;
}

function stem(file: string): string {
  const suffix = /^(?:Dockerfile|Containerfile)[.-](?<name>.+)$/.exec(file)?.groups?.["name"];
  return suffix ?? file.replace(/\.[^.]*$/, "");
}

/** Makes a repository component of any text, or `""`. */
function clean(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/[._-]+/g, (run) => (/^(?:\.|__?|-+)$/.test(run) ? run : "-"))
    .replace(/^[._-]+|[._-]+$/g, "");
}
