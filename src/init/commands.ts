/** Shell lines of CI jobs: which images they build, and where. */
import { normalPath } from "../config/rules.ts";
import type { Tree } from "../context/tree.ts";
import { flatten, textOf, type YamlMap } from "../pipelines/tree.ts";
import { expand } from "../pipelines/variables.ts";
import { patternOf } from "../printable.ts";
import { platformsGiven } from "./platforms.ts";

/** What its shell is given, as it is written. */
export function scriptOf(job: YamlMap): readonly string[] {
  return ["before_script", "script"].flatMap((key) => flatten(job.get(key))).map(textOf);
}

/** What goes on after a backslash is one line with what is before it. */
export function inOneLine(text: string): string {
  return text.replace(/\s*\\\n\s*/g, " ");
}

const building =
  /\b(?:docker|podman|buildah)\s+(?:buildx\s+|image\s+)?(?:build|bud|bake)\b|\/kaniko\/executor|\$\{?\w+\}?\s+(?:buildx\s+)?build\s+[-$]/;

/** Those of a project's files that its jobs run and that build images. */
export async function buildScripts(
  jobs: readonly YamlMap[],
  tree: Tree,
): Promise<readonly string[]> {
  const words = jobs
    .flatMap(scriptOf)
    .flatMap((line) => line.match(/[\w.$}{-]*\/[\w./$}{-]+|[\w.-]+\.sh\b/g) ?? []);
  const patterns = [...new Set(words)].map((word) => {
    const parts = word.replace(/^(?:\.|\$\{?CI_PROJECT_DIR\}?)?\//, "").split(/\$(?:\{\w*\}|\w+)/);
    return parts.map(patternOf).join("[^/]+");
  });
  const isRun = new RegExp(`^(?:${patterns.join("|")})$`);
  const run = (await tree.find(["*"])).filter((path) => isRun.test(path));
  const texts = await Promise.all(run.map((path) => tree.read(path)));
  return run.filter((path, index) => {
    const text = texts[index]?.toString() ?? "";
    return (path.endsWith(".sh") || text.startsWith("#!")) && building.test(text);
  });
}

/** Its commands with variables in place, and the builds among them; those apart of which a variable that nobody knows decides what is built. */
export function commandsOf(job: YamlMap, variables: ReadonlyMap<string, string>) {
  const known = new Map(variables);
  let folder = "";
  const read = scriptOf(job)
    .flatMap((line) => inOneLine(line).split("\n"))
    .map((line) => {
      const text = expand(expand(line, known, "stays"), known, "stays");
      const assignment = assignmentIn(text);
      if (assignment !== undefined) known.set(...assignment);
      const builds = buildsIn(text, folder);
      folder = folderAt(text, text.length, folder);
      return { text, builds };
    });
  const found = read.flatMap(({ builds }) => builds);
  return {
    text: read.map(({ text }) => text).join("\n"),
    builds: found.filter((one) => typeof one !== "string"),
    unread: found.filter((one) => typeof one === "string"),
  };
}

/** Where a shell is at a place of a line, from where it was at its beginning. */
function folderAt(line: string, end: number, start: string): string {
  const left: string[] = [];
  let folder = start;
  const steps = /(?:^|[\s;&|(])(cd|pushd)\s+("[^"]*"|'[^']*'|[^\s;&|()]+)|[()]|\bpopd\b/g;
  for (const { 0: step, 1: word, 2: to = "", index } of line.matchAll(steps)) {
    if (index >= end) break;
    if (step.startsWith("(") || word === "pushd") left.push(folder);
    if (word !== undefined) folder = placeIn(folder, to.replace(/["']/g, ""));
    else if (step !== "(") folder = left.pop() ?? folder;
  }
  return folder;
}

/** A path as a command in a folder means it; the project's own folder is the root. */
function placeIn(folder: string, path: string): string {
  return path.startsWith("/") ? path : `${folder}/${path}`;
}

/** Variables that a line sets for those after it: `export TAG="…"`. */
function assignmentIn(line: string): readonly [name: string, value: string] | undefined {
  const [, name = "", value = ""] =
    /^\s*(?:export\s+)?([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;&|]*)\s*;?\s*$/.exec(line) ?? [];
  return name === "" ? undefined : [name, value.replace(/^(["'])(.*)\1$/, "$2")];
}

const commands =
  /(?<engine>\b(?:docker|podman)\s+(?:buildx\s+|image\s+)?build|\bbuildah\s+(?:bud|build)|\/kaniko\/executor|\sbuild)\s(?<rest>(?:"[^"]*"|'[^']*'|[^;&|<>"'])*)/g;

/** What scripts that stand before an engine are given, beside files that are no Dockerfiles. */
const dockerfileName = /(?:Dockerfile|Containerfile|\.docker)[^/]*$/;

/** The builds of a line that begins in a folder, with its variables as they stand; a text is one that cannot be read. */
function buildsIn(line: string, start: string): readonly (BuildCommand | string)[] {
  return [...line.matchAll(commands)].flatMap(({ 0: text, groups = {}, index }) => {
    const words = wordsOf(groups["rest"] ?? "");
    const [file = ""] = flagged(words, "-f", "--file", "--dockerfile");
    if (groups["engine"]?.trim() === "build" && !dockerfileName.test(file)) return [];
    const whole = text.trim().replace(/\s+/g, " ");
    return readBuild(words, folderAt(line, index, start)) ?? whole;
  });
}

function wordsOf(text: string): readonly string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/["']/g, ""));
}

const switches = /^(?:-q|--(?:quiet|pull|push|load|no-cache|rm|force-rm|squash|layers))$/;

/** The context is the first word that belongs to no flag, and to none that a variable may hold. */
function contextIn(words: readonly string[]): string {
  const isOfFlag = (word: string, before = "") =>
    word.startsWith("-") ||
    (before.startsWith("-") && !before.includes("=") && !switches.test(before));
  const free = words.filter((word, index) => !isOfFlag(word, words[index - 1]));
  const context = free.find((word) => !word.startsWith("$")) ?? free[0] ?? ".";
  // Without what ends a subshell.
  return context.replace(/^([^(]*?)\)+$/, "$1");
}

/** Flags of engines that change what is built, and that berth.yml has other words for or none. */
const changing = ["--build-context", "--secret", "--ssh", "--add-host", "--network"];

/** Of buildx and podman, of buildah alone, and of kaniko. */
const platformFlags = ["--platform", "--arch", "--customPlatform", "--custom-platform"];

/** A build arg as berth.yml takes it. */
const fixedArg = /^([A-Za-z_]\w*)=([^$]*)$/;

/** Engines' switches that say nothing about the image. */
const noArgs = ["BUILDKIT_INLINE_CACHE"];

/** The values of a flag that has several names. */
function flagged(words: readonly string[], ...flags: readonly string[]): readonly string[] {
  return words.flatMap((word, index) => {
    if (flags.includes(word)) return words[index + 1] ?? [];
    const flag = flags.find((one) => word.startsWith(`${one}=`));
    return flag === undefined ? [] : word.slice(flag.length + 1);
  });
}

/** One `docker build`, or what other programs call it. */
type BuildCommand = NonNullable<ReturnType<typeof readBuild>>;

/** `undefined` where a variable that nobody knows decides what is built. */
function readBuild(words: readonly string[], start: string) {
  const [given = contextIn(words)] = flagged(words, "--context");
  // Kaniko's word for a folder.
  const context = placeIn(start, given.replace(/^dir:\/\//, ""));
  const folder = normalPath(context);
  const [file] = flagged(words, "-f", "--file", "--dockerfile");
  const dockerfile = normalPath(
    file === undefined ? `${context}/Dockerfile` : placeIn(start, file),
  );
  if (folder === undefined || /^-|\$/.test(folder)) return undefined;
  if (dockerfile === undefined || dockerfile.includes("$")) return undefined;
  const tags = flagged(words, "-t", "--tag", "--destination", "--manifest");
  const args = flagged(words, "--build-arg");
  const fixed = args.flatMap((text) => {
    const [, name, value = ""] = fixedArg.exec(text) ?? [];
    return name === undefined || noArgs.includes(name) ? [] : [[name, value] as const];
  });
  const { platforms, strange } = platformsGiven(flagged(words, ...platformFlags));
  const [target] = flagged(words, "--target");
  return {
    tags,
    dockerfile,
    context: folder,
    args: Object.fromEntries(fixed),
    target: target?.includes("$") === true ? undefined : target,
    dropped: [
      ...changing.flatMap((flag) => flagged(words, flag).map((value) => `${flag} ${value}`)),
      ...strange.map((text) => `--platform ${text}`),
      ...args.filter((text) => !fixedArg.test(text)).map((text) => `--build-arg ${text}`),
    ],
    ...(platforms.length > 0 && { platforms: [...new Set(platforms)].sort() }),
  };
}
