/** What of a project was not understood or not taken over, so that a person looks at it before anything else. */
import { usualContext } from "../config/names.ts";
import { variableRule } from "../config/rules.ts";
import { ownMember } from "../json.ts";
import { flatten, textOf } from "../pipelines/tree.ts";
import { few } from "../printable.ts";
import { type BuildJob, inOwnRegistry } from "./builders.ts";
import { inOneLine, scriptOf } from "./commands.ts";
import { isKnown } from "./drafts.ts";
import { platformIn, withoutPlatform } from "./platforms.ts";
import type { Survey } from "./survey.ts";
import { isTemplate } from "./templates.ts";

/** Sentences without their full stops, the gravest first. */
export function gapsOf(survey: Survey, names: readonly string[]): readonly string[] {
  return [
    ...unread(survey),
    ...apart(survey.built),
    ...droppedFlags(survey.built),
    ...unfounded(survey),
    ...openDrafts(survey),
    ...strange(survey, names),
    ...named(survey.built),
    ...wholeTrees(survey),
    ...otherBuilders(survey),
    ...deleters(survey),
    ...generated(survey),
    ...left(survey),
  ];
}

/** A sentence about some names, with a verb that agrees; none where there are none. */
function about(
  names: readonly string[],
  one: string,
  several: string,
  what: string,
): readonly string[] {
  const verb = names.length === 1 ? one : several;
  return names.length === 0 ? [] : [`${few(names)} ${verb} ${what}`];
}

function unread({ pipeline, files }: Survey): readonly string[] {
  if (files.length === 0) return ["there is no .gitlab-ci.yml: only file names were looked at"];
  if (pipeline === undefined)
    return [
      "GitLab would refuse .gitlab-ci.yml, so no job was read: `berth doctor --pipelines` says why",
    ];
  const elsewhere = pipeline.includes.filter((one) => one.kind !== "local" && !isTemplate(one));
  const names = new Set(elsewhere.map(({ kind, location }) => `${kind} ${location}`));
  return names.size === 0
    ? []
    : [`files from elsewhere are included and were not read: ${few([...names])}`];
}

/** Builds for several platforms that are not one image, although they are from one file and have one name. */
function apart(built: readonly BuildJob[]): readonly string[] {
  const images = Map.groupBy(built, (one) => `${one.dockerfile} ${one.repository ?? ""}`);
  return [...images.values()].flatMap((all) => {
    const platforms = new Set(all.map((one) => one.platforms.join()));
    if (platforms.size < 2) return [];
    const what = `from ${all[0]!.dockerfile} for ${[...platforms].join(" and ")}`;
    return `${builders(all)} ${what}, each from other args or another folder: only the first is taken over`;
  });
}

const advice: Readonly<Record<string, string>> = {
  "--platform": "name the platforms that are meant under `platforms`",
  "--secret": "name it under `secrets`",
  "--ssh": "no agent reaches a build: fetch by a secret",
  "--build-context": "named contexts are not supported: let it be a stage or an image",
  "--build-arg": "its value is not in the files: write it under `args`",
};

function adviceOn(flag: string): string {
  const [, arg = "ARG"] = /^--build-arg ([^=$]*)(?:=|$)/.exec(flag) ?? [];
  const mistake = variableRule(arg);
  if (mistake !== undefined) return `berth.yml takes no arg of that name: ${mistake}`;
  if (/^--build-arg \w+=[^$]+$/.test(flag)) return "the arg TARGETARCH says it";
  if (/^--build-arg \w+=.*\$\{?CI_(?:COMMIT|JOB|PIPELINE)/.test(flag))
    return "each commit or pipeline would make another image: do without it in the Dockerfile";
  return ownMember(advice, flag.split(" ")[0] ?? "") ?? "nothing in berth.yml says it";
}

function droppedFlags(built: readonly BuildJob[]): readonly string[] {
  const uses = built.flatMap((one) => one.dropped.map((text) => ({ text, one })));
  return [...Map.groupBy(uses, ({ text }) => adviceOn(text))].flatMap(([what, all]) =>
    byBuilders(all).map(([who, flags]) => {
      const verb = flags.length === 1 ? "is" : "are";
      return `${who} with ${flags.join(", ")}, which ${verb} not taken over: ${what}`;
    }),
  );
}

function unfounded({ unfounded: builds }: Survey): readonly string[] {
  return byBuilders(builds.map((one) => ({ text: one.dockerfile, one }))).map(
    ([who, files]) =>
      `${who} from ${few(files)}, which ${files.length === 1 ? "is" : "are"} not there`,
  );
}

/** What is said of builds, each once, together with what else is said of those of the same jobs. */
function byBuilders(uses: readonly { readonly text: string; readonly one: BuildJob }[]) {
  const each = [...Map.groupBy(uses, ({ text }) => text)].map(
    ([text, all]) => [builders(all.map(({ one }) => one)), text] as const,
  );
  const groups = Map.groupBy(each, ([who]) => who);
  return [...groups].map(([who, all]) => [who, all.map(([, text]) => text)] as const);
}

function builders(jobs: readonly BuildJob[]): string {
  const names = [...new Set(jobs.map(({ job }) => job))];
  return names.length === 1 ? `the job ${names[0]} builds` : `${few(names)} build`;
}

function openDrafts({ drafts, templates }: Survey): readonly string[] {
  const absent = drafts.filter(({ isThere, open }) => !isThere && open.length > 0);
  const open = Map.groupBy(absent, (one) => one.open.map((name) => `$${name}`).join(", "));
  const strange = templates.built.filter((job) => !isKnown(job)).map(({ name }) => name);
  const others = [...templates.others, ...strange];
  return [
    ...[...open].flatMap(([names, all]) => {
      const paths = all.map(({ path }) => path);
      return about(paths, "needs", "need", `${names}, which no file here sets: see FIXME there`);
    }),
    ...about(
      others,
      "extend",
      "extend",
      "templates of ci-templates that are not images of a Dockerfile: leave them as they are",
    ),
  ];
}

/** Images of the own registry that jobs run in, and that no file here makes. */
function strange({ imageLines, templates }: Survey, names: readonly string[]): readonly string[] {
  const lines = templates.used.length > 0 ? [] : imageLines;
  const others = lines.flatMap(({ text }) => {
    const { path, tag = "latest" } = inOwnRegistry(text) ?? {};
    if (path === undefined || /[$:]/.test(path + tag)) return [];
    const name = path.replace(/^.*\//, "");
    const plain = withoutPlatform(name, platformIn(name) ?? "");
    const called = [name, plain, tag, `${name}-${tag}`, `${plain}-${tag}`];
    const isOne = (image: string): boolean =>
      called.includes(image) || (name === "" && tag.startsWith(`${image}-`));
    return names.some(isOne) ? [] : text;
  });
  const what =
    "of the project, which no Dockerfile here is called as: what makes them was not seen";
  return others.length === 0 ? [] : [`jobs run in ${few(others)} ${what}`];
}

/** What leaves the pipeline by a job that is not seen to build. */
function named(built: readonly BuildJob[]): readonly string[] {
  const uses = built.flatMap(({ job, namedBy }) => namedBy.map((by) => ({ job, by })));
  return [...Map.groupBy(uses, ({ by }) => by)].map(
    ([by, all]) =>
      `commands of ${by} name what ${few([...new Set(all.map(({ job }) => job))])} builds, such as to publish it: keep both, or let it take the planned image`,
  );
}

/** Images of the project itself rather than of its tools. */
function wholeTrees({ dockerfiles, built }: Survey): readonly string[] {
  const contexts = new Map(built.map(({ dockerfile, context }) => [dockerfile, context]));
  const images = dockerfiles.filter(({ path }) => built.length === 0 || contexts.has(path));
  const paths = images.flatMap(({ path, copiesAll, copiesFrom }) =>
    copiesAll && (contexts.get(path) ?? copiesFrom ?? usualContext(path)) === "" ? path : [],
  );
  return about(
    paths,
    "copies",
    "copy",
    "the whole repository, so each commit is a new image: name under `exclude` what no job runs in",
  );
}

const otherCommands = [
  /\bdocker\s+buildx\s+bake\b/,
  /\bdocker(?:-|\s+)compose\b[^\n]*\bbuild\b/,
  /\bbuildctl\b[^\n]*\bbuild\b/,
  /(?<=^|[-;&|(\s])make[ \t]+(?=[^\n;&|]*(?:image|docker|container))[^\n;&|]*/im,
];

function otherBuilders({ pipeline, scripts }: Survey): readonly string[] {
  const jobs = [...(pipeline?.jobs.values() ?? [])];
  const lines = jobs
    .flatMap(scriptOf)
    .map(inOneLine)
    .join("\n")
    .replace(/^\s*#.*$/gm, "");
  const found = otherCommands.flatMap((pattern) => pattern.exec(lines)?.[0].trim() ?? []);
  return [...found, ...scripts].map(
    (command) =>
      `jobs run \`${command}\`, which is not read: name the images that it builds, if any`,
  );
}

function deleters({ pipeline }: Survey): readonly string[] {
  const names = [...(pipeline?.jobs ?? [])].flatMap(([name, job]) => {
    const lines = flatten(job.get("script")).map(textOf);
    return lines.some((line) => /\bci-fairy\b.*\bdelete-image\b/.test(line)) ? name : [];
  });
  const what = "all tags but one (`ci-fairy delete-image`), berth's too: take it out first";
  return about(names, "deletes", "delete", what);
}

const generators =
  /^.*\b(?:(lcitool (?:manifest|dockerfile)|ci-fairy generate-template)\b|generated (?:by|from|with) (?:"([^"\n]+)"|'([^'\n]+)'|`([^`\n]+)`|(\S*[^\s.,;:])))/m;

function generated({ files, dockerfiles }: Survey): readonly string[] {
  const heads = [...files, ...dockerfiles].flatMap(({ path, text }) => {
    const [, ...names] = generators.exec(text.slice(0, 600)) ?? [];
    const by = names.find((name) => name !== undefined);
    return by === undefined ? [] : [{ path, by }];
  });
  return [...Map.groupBy(heads, ({ by }) => by)].flatMap(([by, made]) => {
    const paths = made.map(({ path }) => path);
    const what = `written by \`${by}\`, which would undo changes: change its source`;
    return about(paths, "is", "are", what);
  });
}

function left({ usual, built }: Survey): readonly string[] {
  const known = new Set(built.map(({ dockerfile }) => dockerfile));
  const rest = built.length === 0 ? [] : usual.filter((path) => !known.has(path));
  const what = rest.length === 1 ? "it is none" : "they are none";
  return rest.length === 0
    ? []
    : [`no job was seen that builds ${few(rest)}: name under \`images\` what is one, now ${what}`];
}
