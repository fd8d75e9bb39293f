/** Jobs of today's pipeline that build images, with what they build. */
import { normalPath } from "../config/rules.ts";
import { flatten, globalVariables, variablesOfJob } from "../pipelines/job.ts";
import type { Pipeline } from "../pipelines/pipeline.ts";
import { entryOf, type Mapping } from "../pipelines/value.ts";

/** One image that a job builds today. */
export interface BuildJob {
  readonly job: string;
  readonly stage: string | undefined;
  readonly dockerfile: string;
  /** From the repository's top, `""` for the top itself. */
  readonly context: string;
  /** Below `$CI_REGISTRY_IMAGE`, without its tag. */
  readonly repository: string | undefined;
  readonly args: Readonly<Record<string, string>>;
  readonly target: string | undefined;
  readonly mayFail: boolean;
}

/** Engines' switches that say nothing about the image. */
const noArgs = new Set(["BUILDKIT_INLINE_CACHE"]);

export function builtBy(pipeline: Pipeline): readonly BuildJob[] {
  return pipeline.jobs.flatMap((name) => {
    const job = pipeline.job(name);
    return settings(pipeline, job).flatMap((variables) =>
      commandsOf(pipeline, job, variables).flatMap((command) => {
        const built = describe(command);
        const mayFail = textOf(pipeline, job, "allow_failure") === "true";
        return built === undefined
          ? []
          : [{ job: name, stage: textOf(pipeline, job, "stage"), ...built, mayFail }];
      }),
    );
  });
}

/** The variables of a job, once for each cell of its matrix. */
function settings(pipeline: Pipeline, job: Mapping): readonly ReadonlyMap<string, string>[] {
  const place = [["CI_PROJECT_DIR", "."]] as const;
  const plain = [...globalVariables(pipeline), ...variablesOfJob(pipeline, job), ...place];
  const parallel = entryOf(job, "parallel");
  const found = parallel && pipeline.follow(parallel);
  const matrix = found?.kind === "mapping" ? found.entries.get("matrix") : undefined;
  const cells = flatten(pipeline, matrix).flatMap((entry) =>
    entry.kind === "mapping" ? product(pipeline, entry) : [],
  );
  if (cells.length === 0) return [new Map(plain)];
  return cells.map((cell) => new Map([...plain, ...cell]));
}

function product(pipeline: Pipeline, entry: Mapping): readonly (readonly [string, string])[][] {
  let cells: (readonly [string, string])[][] = [[]];
  for (const [name, value] of entry.entries) {
    const texts = flatten(pipeline, value).filter((one) => one.kind === "text");
    cells = cells.flatMap((cell) => texts.map(({ text }) => [...cell, [name, text] as const]));
  }
  return cells;
}

function commandsOf(
  pipeline: Pipeline,
  job: Mapping,
  variables: ReadonlyMap<string, string>,
): readonly BuildCommand[] {
  const known = new Map(variables);
  return ["before_script", "script"].flatMap((key) =>
    linesOf(pipeline, job, key).flatMap((line) => {
      const text = expandVariables(expandVariables(line, known), known);
      const assignment = assignmentIn(text);
      if (assignment !== undefined) known.set(...assignment);
      return buildsIn(text);
    }),
  );
}

function linesOf(pipeline: Pipeline, job: Mapping, key: string): readonly string[] {
  return flatten(pipeline, entryOf(job, key)).flatMap((item) =>
    item.kind === "text" ? item.text.replace(/\\\n/g, " ").split("\n") : [],
  );
}

function textOf(pipeline: Pipeline, job: Mapping, key: string): string | undefined {
  const value = entryOf(job, key);
  const found = value && pipeline.follow(value);
  return found?.kind === "text" ? found.text : undefined;
}

/** `undefined` where a variable that nobody knows decides what is built. */
function describe({ file, context, tags, args, target }: BuildCommand) {
  const folder = normalPath(context);
  const dockerfile = normalPath(file ?? `${context}/Dockerfile`);
  if (folder === undefined || /^-|\$/.test(folder)) return undefined;
  if (dockerfile === undefined || dockerfile.includes("$")) return undefined;
  const repositories = tags.flatMap(
    (tag) => /^\$\{?CI_REGISTRY_IMAGE\}?\/([^:$]+)(?::.*)?$/.exec(tag)?.[1] ?? [],
  );
  const fixed = args.filter(([name, value]) => !noArgs.has(name) && !value.includes("$"));
  return {
    dockerfile,
    context: folder,
    repository: repositories[0],
    args: Object.fromEntries(fixed),
    target: target?.includes("$") === true ? undefined : target,
  };
}

/** Puts known variables into a text; others stay as they are. */
function expandVariables(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, bare: string | undefined) =>
      variables.get(braced ?? bare ?? "") ?? whole,
  );
}

/** Variables that a line sets for those after it: `export TAG="…"`. */
function assignmentIn(line: string): readonly [name: string, value: string] | undefined {
  const [, name = "", value = ""] =
    /^\s*(?:export\s+)?([A-Za-z_]\w*)=("[^"]*"|'[^']*'|[^\s;&|]*)\s*;?\s*$/.exec(line) ?? [];
  return name === "" ? undefined : [name, value.replace(/^(["'])(.*)\1$/, "$2")];
}

/** One `docker build`, or what other programs call it. */
interface BuildCommand {
  readonly file: string | undefined;
  readonly context: string;
  readonly tags: readonly string[];
  readonly args: readonly (readonly [name: string, value: string])[];
  readonly target: string | undefined;
}

const commands =
  /(?<engine>\b(?:docker|podman)\s+(?:buildx\s+|image\s+)?build|\bbuildah\s+(?:bud|build)|\/kaniko\/executor|\sbuild)\s(?<rest>(?:"[^"]*"|'[^']*'|[^;&|"'])*)/g;

/** What scripts that stand before an engine are given, beside files that are no Dockerfiles. */
const dockerfileName = /(?:Dockerfile|Containerfile|\.docker)[^/]*$/;

/** The builds of a line, with its variables as they stand. */
function buildsIn(line: string): readonly BuildCommand[] {
  return [...line.matchAll(commands)].flatMap(({ groups = {} }) => {
    const command = readBuild(wordsOf(groups["rest"] ?? ""));
    const plain = groups["engine"]?.trim() === "build";
    return plain && !dockerfileName.test(command.file ?? "") ? [] : [command];
  });
}

function wordsOf(text: string): readonly string[] {
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/["']/g, ""));
}

const switches = /^(?:-q|--(?:quiet|pull|push|load|no-cache|rm|force-rm|squash|layers))$/;

/** The context stands last, unless that word belongs to a flag. */
function lastArgument(words: readonly string[]): string {
  const last = words.at(-1) ?? "-";
  const before = words.at(-2) ?? "";
  const ofFlag = before.startsWith("-") && !before.includes("=") && !switches.test(before);
  return last.startsWith("-") || ofFlag ? "." : last;
}

function readBuild(words: readonly string[]): BuildCommand {
  const valuesOf = (...flags: readonly string[]): string[] =>
    words.flatMap((word, index) => {
      if (flags.includes(word)) return words[index + 1] ?? [];
      const flag = flags.find((one) => word.startsWith(`${one}=`));
      return flag === undefined ? [] : word.slice(flag.length + 1);
    });
  const [file] = valuesOf("-f", "--file", "--dockerfile");
  const [context = lastArgument(words)] = valuesOf("--context");
  return {
    file,
    context,
    tags: valuesOf("-t", "--tag", "--destination"),
    args: valuesOf("--build-arg").flatMap((text) => {
      const [name = "", ...value] = text.split("=");
      return value.length === 0 ? [] : [[name, value.join("=")] as const];
    }),
    target: valuesOf("--target")[0],
  };
}
