/** Images that freedesktop's ci-templates make from variables, as Dockerfiles that a person can begin with. */
import { globalVariables, variablesOfJob } from "../pipelines/job.ts";
import type { Pipeline } from "../pipelines/pipeline.ts";
import { entryOf, textsOf } from "../pipelines/value.ts";

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
export function draftsOf(pipeline: Pipeline): readonly Draft[] {
  const drafts = pipeline.jobs.flatMap((job) => {
    const [, distribution = ""] =
      /^\.fdo\.container-(?:build|ifnot-exists)@(\w+)/.exec(
        basesOf(pipeline, job).find(isBuild) ?? "",
      ) ?? [];
    return bases[distribution] === undefined ? [] : [draft(pipeline, job, distribution)];
  });
  return [...new Map(drafts.map((one) => [one.path, one])).values()];
}

function isBuild(name: string): boolean {
  return name.startsWith(".fdo.container-");
}

/** A job with all that it extends, the farthest first, whether or not it is at hand. */
function basesOf(
  pipeline: Pipeline,
  name: string,
  trail: readonly string[] = [],
): readonly string[] {
  const own = pipeline.top.entries.get(name);
  if (own?.kind !== "mapping" || trail.includes(name)) return [name];
  const bases = textsOf(entryOf(own, "extends"));
  return [...bases.flatMap(({ text }) => basesOf(pipeline, text, [...trail, name])), name];
}

/** What the project says itself; the templates' own variables are defaults at most. */
function variablesOf(pipeline: Pipeline, job: string): ReadonlyMap<string, string> {
  const own = basesOf(pipeline, job).flatMap((name) => {
    const value = pipeline.top.entries.get(name);
    return value?.kind === "mapping" ? variablesOfJob(pipeline, value) : [];
  });
  return new Map([...globalVariables(pipeline), ...own]);
}

function draft(pipeline: Pipeline, job: string, distribution: string): Draft {
  const variables = variablesOf(pipeline, job);
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
