/** Jobs of today's pipeline that build images, with what they build, as far as their shell lines tell. */
import { normalPath } from "../config/rules.ts";
import { cellsOf } from "../pipelines/job.ts";
import type { Outline } from "../pipelines/outline.ts";
import { flatten, get, plain, textOf, type YamlMap } from "../pipelines/tree.ts";
import { expand, valuesOf, variablesOf } from "../pipelines/variables.ts";
import { platformIn, platformsGiven, usualPlatform } from "./platforms.ts";

/** One image that a job builds today. */
export interface BuildJob {
  readonly job: string;
  readonly stage: string | undefined;
  /** Of its runners, with variables as far as files set them. */
  readonly runnerTags: readonly string[];
  /** What these say of the runners' platform. */
  readonly runsOn: string | undefined;
  readonly dockerfile: string;
  /** From the repository's top, `""` for the top itself. */
  readonly context: string;
  /** Below `$CI_REGISTRY_IMAGE`, without its tag. */
  readonly repository: string | undefined;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly mayFail: boolean;
  /** It puts what it builds where others get it, so that no other job replaces it. */
  readonly publishes: boolean;
  /** What it builds for, by its commands, its runner's tags or its name; sorted. */
  readonly platforms: readonly string[];
  /** Flags that change the image and that are not taken over. */
  readonly dropped: readonly string[];
}

export function builtBy({ jobs, variables }: Outline): readonly BuildJob[] {
  return [...jobs].flatMap(([name, job]) => {
    const values = valuesOf([...variables, ...variablesOf(job.get("variables"))]);
    return settings(job, values).flatMap((known) =>
      commandsOf(job, known).map(({ tags, ...built }) => {
        const place = placeOf(name, job, built.dockerfile, known);
        return { ...place, ...built, publishes: isRelease(job, tags) };
      }),
    );
  });
}

/** A build of which nothing is known but its file and context. */
export function plainBuild(dockerfile: string, context: string): BuildJob {
  return {
    ...{ job: "", stage: undefined, runnerTags: [], runsOn: undefined, mayFail: false },
    ...{ platforms: [usualPlatform], publishes: false },
    ...{ dockerfile, context, repository: undefined, args: {}, target: undefined, dropped: [] },
  };
}

/** What a job says of a build besides its commands. A cross compiler's name is not that of the machine it runs on. */
export function placeOf(name: string, job: YamlMap, dockerfile: string, known: Known = new Map()) {
  const stage = job.get("stage");
  const own = `${name}${dockerfile}`.includes("cross") ? undefined : platformIn(name);
  const runnerTags = flatten(job.get("tags")).map((tag) => expand(textOf(tag), known, "stays"));
  const runsOn = platformIn(runnerTags.join(" "));
  return {
    job: name,
    stage: stage === undefined ? undefined : textOf(stage),
    runnerTags,
    runsOn,
    platforms: [runsOn ?? own ?? usualPlatform],
    mayFail: job.get("allow_failure") === true,
  };
}

/** A job for a release or an environment, by its tags or where it stands. */
function isRelease(job: YamlMap, tags: readonly string[]): boolean {
  const stage = job.get("stage");
  const isLate = stage !== undefined && /deploy|release|publish/i.test(textOf(stage));
  return isLate || job.has("environment") || tags.some((tag) => /CI_COMMIT_TAG/.test(tag));
}

type Known = ReadonlyMap<string, string>;

/** The variables of a job, once for each cell of its matrix. */
function settings(job: YamlMap, variables: Known): readonly Known[] {
  const known = [...variables, ["CI_PROJECT_DIR", "/."] as const];
  const cells = cellsOf(plain(get(job, "parallel")));
  if (cells.length === 0) return [new Map(known)];
  return cells.map((cell) => new Map([...known, ...valuesOf(cell)]));
}

function commandsOf(job: YamlMap, variables: Known): readonly BuildCommand[] {
  const known = new Map(variables);
  let folder = "";
  const lines = ["before_script", "script"].flatMap((key) => flatten(job.get(key))).map(textOf);
  return lines
    .flatMap((line) => line.replace(/\\\n/g, " ").split("\n"))
    .flatMap((line) => {
      const text = expand(expand(line, known, "stays"), known, "stays");
      const assignment = assignmentIn(text);
      if (assignment !== undefined) known.set(...assignment);
      const built = buildsIn(text, folder);
      folder = folderAt(text, text.length, folder);
      return built;
    });
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

const ownRegistry =
  /^\$\{?CI_REGISTRY\}?\/\$\{?CI_PROJECT_(?:PATH|NAMESPACE\}?\/\$\{?CI_PROJECT_NAME)\}?(?=[/:]|$)/;

/** The project's own registry by the variable that means it, however a line spells it. */
export function ownSpelling(reference: string): string {
  return reference.replace(ownRegistry, "$CI_REGISTRY_IMAGE");
}

/** Variables that a line sets for those after it: `export TAG="…"`. */
function assignmentIn(line: string): readonly [name: string, value: string] | undefined {
  const [, name = "", value = ""] =
    /^\s*(?:export\s+)?([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;&|]*)\s*;?\s*$/.exec(line) ?? [];
  return name === "" ? undefined : [name, value.replace(/^(["'])(.*)\1$/, "$2")];
}

const commands =
  /(?<engine>\b(?:docker|podman)\s+(?:buildx\s+|image\s+)?build|\bbuildah\s+(?:bud|build)|\/kaniko\/executor|\sbuild)\s(?<rest>(?:"[^"]*"|'[^']*'|[^;&|"'])*)/g;

/** What scripts that stand before an engine are given, beside files that are no Dockerfiles. */
const dockerfileName = /(?:Dockerfile|Containerfile|\.docker)[^/]*$/;

/** The builds of a line that begins in a folder, with its variables as they stand. */
function buildsIn(line: string, start: string): readonly BuildCommand[] {
  return [...line.matchAll(commands)].flatMap(({ groups = {}, index }) => {
    const words = wordsOf(groups["rest"] ?? "");
    const [file = ""] = flagged(words, "-f", "--file", "--dockerfile");
    if (groups["engine"]?.trim() === "build" && !dockerfileName.test(file)) return [];
    return readBuild(words, folderAt(line, index, start)) ?? [];
  });
}

function wordsOf(text: string): readonly string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/["']/g, ""));
}

const switches = /^(?:-q|--(?:quiet|pull|push|load|no-cache|rm|force-rm|squash|layers))$/;

/** The context stands last, unless that word belongs to a flag. */
function lastArgument(words: readonly string[]): string {
  // Without what ends a subshell.
  const last = (words.at(-1) ?? "-").replace(/^([^(]*?)\)+$/, "$1");
  const before = words.at(-2) ?? "";
  const ofFlag = before.startsWith("-") && !before.includes("=") && !switches.test(before);
  return last.startsWith("-") || ofFlag ? "." : last;
}

/** Flags of engines that change what is built, and that berth.yml has other words for or none. */
const changing = ["--build-context", "--secret", "--ssh", "--add-host", "--network"];

/** Of buildx and podman, of buildah alone, and of kaniko. */
const platformFlags = ["--platform", "--arch", "--customPlatform", "--custom-platform"];

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
  const [given = lastArgument(words)] = flagged(words, "--context");
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
    const [, name, value = ""] = /^([^=]*)=([^$]*)$/.exec(text) ?? [];
    return name === undefined || noArgs.includes(name) ? [] : [[name, value] as const];
  });
  const { platforms, strange } = platformsGiven(flagged(words, ...platformFlags));
  const [target] = flagged(words, "--target");
  return {
    tags,
    dockerfile,
    context: folder,
    repository: tags.flatMap(
      (tag) => /^\$\{?CI_REGISTRY_IMAGE\}?\/([^:$]+)(?::.*)?$/.exec(ownSpelling(tag))?.[1] ?? [],
    )[0],
    args: Object.fromEntries(fixed),
    target: target?.includes("$") === true ? undefined : target,
    dropped: [
      ...changing.flatMap((flag) => flagged(words, flag).map((value) => `${flag} ${value}`)),
      ...strange.map((text) => `--platform ${text}`),
      ...args.filter((text) => !/^\w+=[^$]*$/.test(text)).map((text) => `--build-arg ${text}`),
    ],
    ...(platforms.length > 0 && { platforms: [...new Set(platforms)].sort() }),
  };
}
