/** What buildah gets for one build: its command lines, by its version, and the files that it reads. */
import { join } from "node:path/posix";
import { printReference, printRepository } from "../oci/reference.ts";
import type { Env, Files } from "../world.ts";
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

/** Trusts every image, as Docker does: berth names its bases by digest. */
const openPolicy = '{"default":[{"type":"insecureAcceptAnything"}]}\n';

/**
 * A registries.conf that adds insecure hosts to the machine's own, or `undefined` where that one serves as it is.
 *
 * All other registries keep the verification of their certificates, which `--tls-verify=false` would take away.
 * Format: containers-registries.conf(5), version 2; the old version cannot be added to and is left out.
 */
export function registriesConf(
  existing: string | undefined,
  insecure: readonly string[],
): string | undefined {
  const text = existing === undefined || /^\s*\[registries\./m.test(existing) ? "" : existing;
  const added = insecure.filter((host) => !text.includes(`"${host}"`));
  const names = /^\s*unqualified-search-registries\s*=/m.test(text);
  if (added.length === 0 && names) return undefined;
  return [
    ...(names ? [] : ['unqualified-search-registries = ["docker.io"]']),
    text,
    ...added.map((host) => `[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`),
  ].join("\n");
}

/** What older versions of buildah set before all else; nobody may go above it again. */
const mostProcesses = 32768;

/**
 * Flags that keep a RUN within the limits which this process has, from the text of /proc/self/limits.
 *
 * Newer versions of buildah ask for more than a container without CAP_SYS_RESOURCE may have, and fail.
 */
export function limitFlags(limits: string | undefined): readonly string[] {
  const flag = (title: string, name: string, most: number): readonly string[] => {
    const [, soft, hard] =
      new RegExp(`^${title}\\s+(\\d+)\\s+(\\d+)`, "m").exec(limits ?? "") ?? [];
    if (soft === undefined || hard === undefined) return [];
    return [`--ulimit=${name}=${Math.min(Number(soft), most)}:${Math.min(Number(hard), most)}`];
  };
  return [
    ...flag("Max open files", "nofile", Number.POSITIVE_INFINITY),
    ...flag("Max processes", "nproc", mostProcesses),
  ];
}

/** What berth itself trusts beside those of `/etc/ssl/certs`, which Go reads in any case (crypto/x509: SSL_CERT_FILE). */
async function authorities(
  files: Pick<Files, "read" | "write">,
  env: Env,
  file: string,
): Promise<Env> {
  const { CI_SERVER_TLS_CA_FILE: server, NODE_EXTRA_CA_CERTS: extra, SSL_CERT_FILE: chosen } = env;
  const given = [server ?? "", extra ?? ""].filter((path) => path !== "");
  if (given.length === 0 || chosen) return {};
  const read = given.map((path) => files.read(path).catch(() => undefined));
  await files.write(file, (await Promise.all(read)).join("\n"));
  return { SSL_CERT_FILE: file };
}

async function firstOf(
  files: Pick<Files, "read">,
  candidates: readonly string[],
): Promise<string | undefined> {
  const found = await Promise.all(candidates.map((path) => files.read(path)));
  return found.find((bytes) => bytes !== undefined)?.toString();
}

/** Where a machine's own settings lie, those of the user first; or the one file that its environment chooses. */
function places(env: Env, name: string, chosen?: string): readonly string[] {
  if (chosen !== undefined) return [chosen];
  return [`${env["HOME"] ?? "/root"}/.config/containers/${name}`, `/etc/containers/${name}`];
}

/** The first version that surely knows CONTAINERS_CONF_OVERRIDE. */
const overridesSince = 33;

/** Keeps from each RUN the volumes of the machine's own containers.conf, and leaves all else that it says in force. */
async function withoutVolumes(
  files: Pick<Files, "read" | "write">,
  env: Env,
  file: string,
  { minor }: Pick<BuildahVersion, "minor">,
): Promise<Env> {
  await files.write(file, "[containers]\nvolumes = []\n");
  const own = places(env, "containers.conf", env["CONTAINERS_CONF"]);
  const texts = await Promise.all(own.map((path) => files.read(path)));
  const hasVolumes = texts.some((text) => /^\s*volumes\s*=/m.test(text?.toString() ?? ""));
  return {
    CONTAINERS_CONF_OVERRIDE: env["CONTAINERS_CONF_OVERRIDE"] ?? file,
    // There only the whole of it can be replaced.
    ...(hasVolumes && minor < overridesSince ? { CONTAINERS_CONF: file } : {}),
  };
}

/** Writes into the scratch folder what the build needs and the machine does not have; `env` is added to buildah's. */
export async function prepare(
  files: Pick<Files, "read" | "write">,
  env: Env,
  request: BuildRequest,
  version: Pick<BuildahVersion, "minor">,
): Promise<{ readonly paths: BuildahPaths; readonly env: Env }> {
  const at = (name: string): string => join(request.scratchFolder, name);
  const chosen = places(env, "registries.conf", env["CONTAINERS_REGISTRIES_CONF"]);
  const registries = registriesConf(await firstOf(files, chosen), request.insecureHosts);
  const hasPolicy = (await firstOf(files, places(env, "policy.json"))) !== undefined;
  await files.write(at("Dockerfile"), request.dockerfile);
  await files.write(at("ignore"), "");
  await files.write(at("tmp/.keep"), "");
  if (registries !== undefined) await files.write(at("registries.conf"), registries);
  if (!hasPolicy) await files.write(at("policy.json"), openPolicy);
  return {
    paths: {
      dockerfile: at("Dockerfile"),
      ignorefile: at("ignore"),
      imageId: at("image-id"),
      digest: at("digest"),
      policy: hasPolicy ? undefined : at("policy.json"),
    },
    env: {
      // There buildah keeps heredocs by their bare names, which builds at one time would take from each other.
      TMPDIR: at("tmp"),
      ...(await withoutVolumes(files, env, at("containers.conf"), version)),
      ...(registries === undefined ? {} : { CONTAINERS_REGISTRIES_CONF: at("registries.conf") }),
      ...(await authorities(files, env, at("authorities.pem"))),
    },
  };
}
