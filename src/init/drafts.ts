/** Dockerfiles for the images that a project builds by freedesktop's ci-templates: a person goes on from them. */
import { variableOf } from "../config/names.ts";
import type { Tree } from "../context/tree.ts";
import { placeOf } from "./builders.ts";
import { withoutPlatform } from "./platforms.ts";
import { leftOpen, openIn, shown, type TemplateJob } from "./templates.ts";

/** A Dockerfile that says what the variables of jobs say. */
export type Draft = Awaited<ReturnType<typeof draft>>[number];

interface Distribution {
  /** The image of a release. */
  readonly from: (version: string) => string;
  readonly install: string;
}

const apt = "apt-get update && apt-get install -y --no-install-recommends";
const dnf = "dnf -y install";

const distributions: Readonly<Record<string, Distribution>> = {
  alpine: {
    from: (version) => `docker.io/library/alpine:${version}`,
    install: "apk add --no-cache",
  },
  arch: { from: () => "docker.io/library/archlinux:latest", install: "pacman -Syu --noconfirm" },
  centos: {
    from: (version) =>
      `quay.io/centos/centos:${version.replace(/^(\d+)(?:-stream)?$/, "stream$1")}`,
    install: dnf,
  },
  debian: { from: (version) => `docker.io/library/debian:${version}`, install: apt },
  fedora: { from: (version) => `registry.fedoraproject.org/fedora:${version}`, install: dnf },
  opensuse: {
    from: (version) => `registry.opensuse.org/opensuse/${version}`,
    install: "zypper --non-interactive install",
  },
  ubuntu: { from: (version) => `docker.io/library/ubuntu:${version}`, install: apt },
};

/** Whether there is something to begin a Dockerfile with. */
export function isKnown({ distribution }: TemplateJob): boolean {
  return distributions[distribution] !== undefined;
}

/** Drafts of what such jobs build: one for each that differs, each under a name of its own. */
export async function draft(jobs: readonly TemplateJob[], tree: Tree) {
  const paths = new Set(await tree.find(["*"]));
  const files = await Promise.all(jobs.map((job) => scriptsOf(job, paths, tree)));
  const bodies = jobs.map((job, index) => ({ job, ...bodyOf(job, files[index] ?? []) }));
  const groups = Map.groupBy(
    bodies,
    ({ job, text }) => `${neutral(job, `${job.reference}\n${baseOf(job)}`)}\n${text}`,
  );
  const images = [...groups.values()].map((group) => ({
    jobs: group.map(({ job }) => job),
    ...group[0]!,
  }));
  const names = namesOf(images);
  return images.map(({ jobs: all, job, text, open }, index) => {
    const parent = images.findIndex(({ jobs: all }) =>
      all.some(({ reference }) => reference === baseOf(job)),
    );
    const from = parent < 0 ? baseOf(job) : `ci/${names[parent]}`;
    const path = `ci/${names[index]}.docker`;
    return {
      name: names[index]!,
      path,
      /** Somebody has written a file there. */
      isThere: paths.has(path),
      text: `FROM ${shown(from)}\n${text}`,
      jobs: all,
      /** Variables that decide what is in the image, and that no file sets. */
      open: [...new Set([...openIn(from), ...open])],
    };
  });
}

function baseOf({ variables, distribution }: TemplateJob): string {
  const version = variables.get("FDO_DISTRIBUTION_VERSION") || leftOpen("FDO_DISTRIBUTION_VERSION");
  return variables.get("FDO_BASE_IMAGE") || distributions[distribution]!.from(version);
}

interface Named {
  readonly job: TemplateJob;
  /** All that make it, for each platform one. */
  readonly jobs: readonly TemplateJob[];
}

function platformOf({ name, job }: TemplateJob): string {
  return placeOf(name, job, "").platforms[0]!;
}

/** A text of a job without what says for which platform it is. */
function neutral(job: TemplateJob, text: string): string {
  return withoutPlatform(text, platformOf(job));
}

/** The first of each image's names that no other may have: of its place, its release, its job. */
function namesOf(images: readonly Named[]): readonly string[] {
  const all = images.map(({ job, jobs }) => {
    const { name: own, distribution, variables } = job;
    const isForAll = new Set(jobs.map(platformOf)).size > 1;
    const plain = (text: string): string => (isForAll ? neutral(job, text) : text);
    const name = plain(own);
    const get = (key: string): string => plain(shown(variables.get(key) ?? ""));
    const version = get("FDO_DISTRIBUTION_VERSION");
    const suffix = get("FDO_REPO_SUFFIX");
    const places = suffix === "" ? [distribution, `${distribution}-${version}`] : [suffix];
    return [...places, name].map((text) =>
      text
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, ""),
    );
  });
  const counts = Map.groupBy(
    all.flatMap((own) => [...new Set(own.map(variableOf))]),
    (name) => name,
  );
  return all.map(
    (own) => own.find((name) => counts.get(variableOf(name))?.length === 1) ?? own.at(-1)!,
  );
}

/** One file of the project that a command reads; the text of a script, nothing of another file. */
interface Script {
  readonly path: string;
  readonly text: string;
}

/** Files that a job's commands name, and those that these name. */
async function scriptsOf(
  { variables }: TemplateJob,
  paths: ReadonlySet<string>,
  tree: Tree,
): Promise<readonly Script[]> {
  const found = new Map<string, string>();
  const look = async (text: string): Promise<void> => {
    const lines = text.replace(/^\s*#.*$/gm, "");
    const words = lines.split(/[\s"'`;&|()<>=]+/).map((word) => word.replace(/^(?:\.\/)+/, ""));
    for (const path of words.filter((word) => /[./]/.test(word) && paths.has(word))) {
      if (found.has(path)) continue;
      const content = (await tree.read(path))?.toString() ?? "";
      const isScript = content.startsWith("#!") || path.endsWith(".sh");
      found.set(path, isScript ? content : "");
      if (isScript) await look(content);
    }
  };
  await look(variables.get("FDO_DISTRIBUTION_EXEC") ?? "");
  return [...found].map(([path, text]) => ({ path, text }));
}

const said = ["PACKAGES", "TAG", "EXEC", "POST_EXEC"].map((key) => `FDO_DISTRIBUTION_${key}`);

/** All but FROM. */
function bodyOf({ variables, distribution }: TemplateJob, scripts: readonly Script[]) {
  const given = (key: string): string => variables.get(`FDO_DISTRIBUTION_${key}`)?.trim() ?? "";
  const packages = given("PACKAGES").replace(/\s+/g, " ");
  const command = given("EXEC");
  const read = [command, ...scripts.map(({ text }) => text)].join("\n");
  const wanted = [...read.matchAll(/\$(?:\{([A-Z]\w*)\b(?!:?[-+=])|([A-Z]\w*))/g)];
  const names = new Set(wanted.map(([, braced, bare]) => braced ?? bare ?? ""));
  const isSet = (key: string): boolean =>
    variables.has(key) && variables.get(key) !== leftOpen(key) && !said.includes(key);
  const absent = [...names].filter((key) => /^(?:CI|FDO)_/.test(key) && !isSet(key));
  const line = (word: string, text: string): readonly string[] =>
    text === "" ? [] : [`${word} ${text}`];
  const parts = [
    ...(packages === "" ? [] : [`RUN ${distributions[distribution]!.install} ${packages}`]),
    ...[...names]
      .filter(isSet)
      .toSorted()
      .map((key) => `ARG ${key}=${quoted(variables.get(key) ?? "")}`),
    ...(command === "" ? [] : [runOf(command, scripts)]),
    ...line("WORKDIR", given("WORKINGDIR")),
    ...line("ENTRYPOINT", given("ENTRYPOINT")),
  ];
  const notes = [
    ...absent.map((key) => `a build does not have $${key}`),
    ...line("after the build the job ran", shown(given("POST_EXEC"))),
  ].map((note) => `# FIXME: ${note}`);
  return {
    text: [...parts.map(orLeftOpen), ...notes, ""].join("\n"),
    open: [...parts.flatMap(openIn), ...absent],
  };
}

/** What a variable that no file sets would make of an instruction is no build, so it is left to a person. */
function orLeftOpen(part: string): string {
  const names = openIn(part).map((name) => `$${name}`);
  const text = shown(part);
  if (names.length === 0) return text;
  return `# FIXME: no file sets ${names.join(", ")}\n${text.replace(/^/gm, "# ")}`;
}

/** Files are part of the key that way, and stay out of the image. */
function runOf(text: string, scripts: readonly Script[]): string {
  const mounts = scripts.map(
    ({ path }) => `--mount=type=bind,source=${path},target=/src/${path} \\\n    `,
  );
  const enter = scripts.length === 0 ? [] : ["cd /src"];
  if (!text.includes("\n")) return `RUN ${mounts.join("")}${[...enter, text].join(" && ")}`;
  return [`RUN ${mounts.join("")}<<'EXEC'`, "set -e", ...enter, text, "EXEC"].join("\n");
}

function quoted(value: string): string {
  if (openIn(value).length > 0 || /^[\w./:-]*$/.test(value)) return value;
  return `"${shown(value).replace(/["\\$]/g, "\\$&")}"`;
}
