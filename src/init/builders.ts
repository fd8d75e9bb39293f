/** Jobs of today's pipeline that build images, with what they build, as far as their shell lines tell. */
import { cellsOf } from "../pipelines/job.ts";
import type { Outline } from "../pipelines/pipeline.ts";
import { flatten, get, plain, textOf, type YamlMap } from "../pipelines/tree.ts";
import { expand, valuesOf, variablesOf } from "../pipelines/variables.ts";
import { patternOf } from "../printable.ts";
import { commandsOf } from "./commands.ts";
import { platformIn, usualPlatform } from "./platforms.ts";

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
  /** Jobs that build nothing, and whose commands name what this one builds. */
  readonly namedBy: readonly string[];
  /** What it builds for, by its commands, its runner's tags or its name; sorted. */
  readonly platforms: readonly string[];
  /** Flags that change the image and that are not taken over. */
  readonly dropped: readonly string[];
}

/** What jobs build, and their commands that build what cannot be told. */
export function builtBy({ jobs, variables }: Outline, spell: Spelling) {
  const read = [...jobs].map(([name, job]) => {
    const values = valuesOf([...variables, ...variablesOf(job.get("variables"))]);
    const all = settings(job, new Map([...values, ["CI_JOB_NAME", name]])).map((known) => ({
      known,
      ...commandsOf(job, known),
    }));
    return { name, job, all };
  });
  const others = read.filter(({ all }) => all.every(({ builds }) => builds.length === 0));
  const namedBy = (tag: string): readonly string[] =>
    others.flatMap(({ name, all }) =>
      all.some(({ text }) => bare(text).includes(bare(tag))) ? name : [],
    );
  const unread = read.flatMap(({ all }) => all.flatMap((one) => one.unread));
  const built = read.flatMap(({ name, job, all }) =>
    all.flatMap(({ known, builds }) =>
      builds.map(
        ({ tags, ...built }): BuildJob => ({
          ...placeOf(name, job, built.dockerfile, known),
          ...built,
          repository: tags
            .map((tag) => inOwnRegistry(spell(tag))?.path)
            .find((path) => path && !path.includes("$")),
          publishes: isRelease(job, tags),
          namedBy: tags.filter((tag) => tag.includes("/")).flatMap(namedBy),
        }),
      ),
    ),
  );
  return { built, unread: [...new Set(unread)] };
}

/** A text with variables in one of the two ways to write them. */
function bare(text: string): string {
  return text.replace(/\$\{(\w+)\}/g, "$$$1");
}

/** What a reference names in the own registry; `undefined` for one that is elsewhere. */
export function inOwnRegistry(text: string) {
  const found = /^\$\{?CI_REGISTRY_IMAGE\}?(?:\/([^:@]*))?(?:[:@](.*))?$/.exec(text);
  return found === null ? undefined : { path: found[1] ?? "", tag: found[2] };
}

/** A build of which nothing is known but its file and context. */
export function plainBuild(dockerfile: string, context: string): BuildJob {
  return {
    ...{ job: "", stage: undefined, runnerTags: [], runsOn: undefined, mayFail: false },
    ...{ platforms: [usualPlatform], publishes: false, namedBy: [] },
    ...{ dockerfile, context, repository: undefined, args: {}, target: undefined, dropped: [] },
  };
}

/** What a job says of a build besides its commands. A cross compiler's name is not that of the machine it runs on. */
export function placeOf(name: string, job: YamlMap, dockerfile: string, known: Known = new Map()) {
  const stage = job.get("stage");
  const own = `${name}${dockerfile}`.includes("cross") ? undefined : platformIn(name);
  // A variable that files set to nothing is set elsewhere where it matters.
  const tags = flatten(job.get("tags")).map(textOf);
  const runnerTags = tags.map((tag) => expand(tag, known, "stays") || tag);
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

/** The project's own registry by the variable that means it, however a line spells it. */
export type Spelling = (reference: string) => string;

const pathVariables = "\\$\\{?CI_PROJECT_(?:PATH|NAMESPACE\\}?/\\$\\{?CI_PROJECT_NAME)\\}?";

/** For a project with these paths, one where it is known. */
export function ownSpelling(paths: readonly string[]): Spelling {
  const path = [pathVariables, ...paths.map(patternOf)].join("|");
  const host = String.raw`\$\{?CI_REGISTRY\}?|[\w-]+(?:\.[\w-]+)+(?::\d+)?`;
  const own = new RegExp(`^(?:${host})/(?:${path})(?=[/:]|$)`, "i");
  return (reference) => reference.replace(own, "$$CI_REGISTRY_IMAGE");
}
