/** buildah's command lines and versions, as pure values. */
import { printReference, printRepository } from "../oci/reference.ts";
import type { BuildRequest } from "./engine.ts";

/** A version as far as behaviour depends on it. */
export interface BuildahVersion {
  readonly text: string;
  readonly minor: number;
}

/** Reads `buildah --version`, such as `buildah version 1.39.3 (image-spec …)`, or podman's `"buildahVersion": "1.39.3"`. */
export function parseBuildahVersion(output: string): BuildahVersion | undefined {
  const [, text, major, minor] =
    /(?:version |buildahVersion": ")(v?(\d+)\.(\d+)[^\s"]*)/.exec(output) ?? [];
  if (text === undefined) return undefined;
  return { text, minor: Number(major) > 1 ? Number.POSITIVE_INFINITY : Number(minor) };
}

/** The first version that takes more than one `--cache-from`. */
export const manyCachesSince = 29;

/** Where the files of one build are. */
export interface BuildahPaths {
  readonly dockerfile: string;
  /** Empty: the context holds exactly what was hashed, and nothing is to be left out a second time. */
  readonly ignorefile: string;
  readonly imageId: string;
  readonly digest: string;
  /** Given only on machines that have none. */
  readonly policy: string | undefined;
}

export interface BuildahSettings {
  readonly version: BuildahVersion;
  /** Chosen by the environment (BUILDAH_ISOLATION) where `undefined`. */
  readonly isolation: "chroot" | undefined;
  readonly network: string | undefined;
  readonly limits: readonly string[];
  /** How old a layer may be that is taken from a cache, in milliseconds. */
  readonly cacheAge: number | undefined;
}

/**
 * The arguments of the build.
 *
 * No `--pull`: its values changed their meaning between versions, and without it a missing image is pulled.
 * No tag: the result is pushed by its id, so the machine's own store gets no name that could mislead.
 */
export function buildArguments(
  request: BuildRequest,
  paths: BuildahPaths,
  settings: BuildahSettings,
): readonly string[] {
  return [
    "build",
    ...option("--isolation", settings.isolation),
    ...option("--network", settings.network),
    ...settings.limits,
    // The Docker format keeps SHELL, HEALTHCHECK and ONBUILD.
    "--format=docker",
    "--layers",
    "--force-rm",
    `--platform=${request.platform}`,
    `--file=${paths.dockerfile}`,
    `--ignorefile=${paths.ignorefile}`,
    `--iidfile=${paths.imageId}`,
    `--authfile=${request.authFile}`,
    ...option("--signature-policy", paths.policy),
    ...option("--target", request.target),
    ...Object.entries(request.args).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...request.secrets.map(({ id, file }) => `--secret=id=${id},src=${file}`),
    ...cacheArguments(request, settings),
    request.contextFolder,
  ];
}

function cacheArguments(
  request: BuildRequest,
  { version, cacheAge }: BuildahSettings,
): readonly string[] {
  if (request.noCache) return ["--no-cache"];
  // The last one is upstream's where this is a fork, whose own cache holds its few edits.
  const sources = version.minor < manyCachesSince ? request.cacheFrom.slice(-1) : request.cacheFrom;
  return [
    ...option("--cache-ttl", cacheAge === undefined ? undefined : `${cacheAge}ms`),
    ...sources.map((it) => `--cache-from=${printRepository(it)}`),
    ...(request.cacheTo === undefined ? [] : [`--cache-to=${printRepository(request.cacheTo)}`]),
  ];
}

export function pushArguments(
  request: BuildRequest,
  paths: BuildahPaths,
  imageId: string,
  to = `docker://${printReference(request.destination)}`,
): readonly string[] {
  return [
    "push",
    "--format=v2s2",
    `--digestfile=${paths.digest}`,
    `--authfile=${request.authFile}`,
    ...option("--signature-policy", paths.policy),
    imageId,
    to,
  ];
}

function option(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [`${name}=${value}`];
}
