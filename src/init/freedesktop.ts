/** Images that freedesktop's ci-templates make from variables, as Dockerfiles that a person can begin with. */
import { ownMember } from "../json.ts";
import { variablesOf } from "../pipelines/job.ts";
import type { Outline } from "../pipelines/outline.ts";
import { get, isMap, listOf, textOf } from "../pipelines/tree.ts";
import { valuesOf } from "../pipelines/variables.ts";

/** A Dockerfile that says what a job's variables say. */
export interface Draft {
  readonly job: string;
  readonly path: string;
  readonly text: string;
}

const bases: Readonly<Record<string, (version: string) => string>> = {
  alpine: (version) => `docker.io/library/alpine:${version}`,
  arch: () => "docker.io/library/archlinux:latest",
  centos: (version) =>
    `quay.io/centos/centos:${version.replace(/^(\d+)(?:-stream)?$/, "stream$1")}`,
  debian: (version) => `docker.io/library/debian:${version}`,
  fedora: (version) => `registry.fedoraproject.org/fedora:${version}`,
  opensuse: (version) => `registry.opensuse.org/opensuse/${version}`,
  ubuntu: (version) => `docker.io/library/ubuntu:${version}`,
};

const installers: Readonly<Record<string, string>> = {
  alpine: "apk add --no-cache",
  arch: "pacman -Syu --noconfirm",
  centos: "dnf -y install",
  debian: "apt-get update && apt-get install -y --no-install-recommends",
  fedora: "dnf -y install",
  opensuse: "zypper --non-interactive install",
  ubuntu: "apt-get update && apt-get install -y --no-install-recommends",
};

/** Drafts for all jobs that extend a template which builds, one for each set of variables. */
export function draftsOf(pipeline: Outline): readonly Draft[] {
  const drafts = [...pipeline.jobs.keys()].flatMap((job) => {
    const [, distribution = ""] =
      /^\.fdo\.container-(?:build|ifnot-exists)@(\w+)/.exec(
        basesOf(pipeline, job).find(isBuild) ?? "",
      ) ?? [];
    return ownMember(bases, distribution) === undefined ? [] : [draft(pipeline, job, distribution)];
  });
  return [...new Map(drafts.map((one) => [one.path, one])).values()];
}

function isBuild(name: string): boolean {
  return name.startsWith(".fdo.container-");
}

/** A job with all that it extends, the farthest first, whether or not it is at hand. */
function basesOf(
  pipeline: Outline,
  name: string,
  trail: readonly string[] = [],
): readonly string[] {
  const own = pipeline.written.get(name);
  if (!isMap(own) || trail.includes(name)) return [name];
  const bases = listOf(own.get("extends")).map(textOf);
  return [...bases.flatMap((base) => basesOf(pipeline, base, [...trail, name])), name];
}

/** What the project says itself; the templates' own variables are defaults at most. */
function settingsOf(pipeline: Outline, job: string): ReadonlyMap<string, string> {
  const own = basesOf(pipeline, job).flatMap((name) =>
    variablesOf(get(pipeline.written, name, "variables")),
  );
  return valuesOf([...pipeline.variables, ...own]);
}

function draft(pipeline: Outline, job: string, distribution: string): Draft {
  const variables = settingsOf(pipeline, job);
  const get = (name: string): string =>
    variables.get(`FDO_${name}`)?.trim().replace(/\s+/g, " ") ?? "";
  const suffix = get("REPO_SUFFIX")
    .split("/")
    .filter((part) => /^[a-z0-9._-]+$/.test(part));
  const name = suffix.length === 0 ? distribution : suffix.join("-");
  const base = get("BASE_IMAGE") || bases[distribution]!(get("DISTRIBUTION_VERSION") || "VERSION");
  const packages = get("DISTRIBUTION_PACKAGES");
  const exec = get("DISTRIBUTION_EXEC");
  return {
    job,
    path: `ci/${name}.docker`,
    text: [
      `FROM ${base}`,
      ...(packages === "" ? [] : [`RUN ${installers[distribution]} ${packages}`]),
      ...(exec === "" ? [] : [execLine(exec)]),
      "",
    ].join("\n"),
  };
}

/** The script becomes part of the key, and stays out of the image. */
function execLine(exec: string): string {
  const script = exec.split(" ").find((word) => /^[\w.-]*\/?[\w./-]+\.\w+$|\//.test(word));
  if (script === undefined) return `RUN ${exec}`;
  const path = script.replace(/^\.\//, "");
  return `RUN --mount=type=bind,source=${path},target=/src/${path} cd /src && ${exec}`;
}
