/** The files that buildah reads for one build: their texts, and where they are laid out. */
import { join } from "node:path/posix";
import { isLoopbackHost } from "../oci/reference.ts";
import type { Env, Files } from "../world.ts";
import type { BuildahPaths } from "./buildah-args.ts";
import type { BuildRequest } from "./engine.ts";

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

/** The hosts that a build may speak to without a checked certificate; loopback always, as Docker has it. */
export function insecureHostsOf(request: BuildRequest): readonly string[] {
  const { destination, cacheFrom, cacheTo } = request;
  const hosts = [destination, ...cacheFrom, ...(cacheTo === undefined ? [] : [cacheTo])];
  const loopback = hosts.map(({ host }) => host).filter(isLoopbackHost);
  return [...new Set([...request.insecureHosts, ...loopback])];
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

/** GitLab's own authority beside those of `/etc/ssl/certs`, which Go reads in any case (crypto/x509: SSL_CERT_FILE). */
function authorities(env: Env): Env {
  const { CI_SERVER_TLS_CA_FILE: given, SSL_CERT_FILE: chosen } = env;
  return given && !chosen ? { SSL_CERT_FILE: given } : {};
}

async function firstOf(
  files: Pick<Files, "read">,
  candidates: readonly string[],
): Promise<string | undefined> {
  const found = await Promise.all(candidates.map((path) => files.read(path)));
  return found.find((bytes) => bytes !== undefined)?.toString();
}

/** Writes into the scratch folder what the build needs and the machine does not have; `env` is added to buildah's. */
export async function prepare(
  files: Pick<Files, "read" | "write">,
  env: Env,
  request: BuildRequest,
): Promise<{ readonly paths: BuildahPaths; readonly env: Env }> {
  const at = (name: string): string => join(request.scratchFolder, name);
  const home = env["HOME"] ?? "/root";
  const places = (name: string) => [
    `${home}/.config/containers/${name}`,
    `/etc/containers/${name}`,
  ];
  const chosen = env["CONTAINERS_REGISTRIES_CONF"];
  const registries = registriesConf(
    await firstOf(files, chosen === undefined ? places("registries.conf") : [chosen]),
    insecureHostsOf(request),
  );
  const hasPolicy = (await firstOf(files, places("policy.json"))) !== undefined;
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
      ...(registries === undefined ? {} : { CONTAINERS_REGISTRIES_CONF: at("registries.conf") }),
      ...authorities(env),
    },
  };
}
