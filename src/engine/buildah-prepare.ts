/** Lays out the files that buildah reads for one build. */
import { join } from "node:path/posix";
import type { Files } from "../world.ts";
import type { BuildahPaths } from "./buildah-args.ts";
import { insecureHostsOf, openPolicy, registriesConf } from "./buildah-files.ts";
import type { BuildRequest } from "./engine.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export interface Prepared {
  readonly paths: BuildahPaths;
  /** Added to buildah's environment. */
  readonly env: Env;
}

/** GitLab's own authority beside those of `/etc/ssl/certs`, which Go reads in any case (crypto/x509: SSL_CERT_FILE). */
function authorities(env: Env): Env {
  const { CI_SERVER_TLS_CA_FILE: given, SSL_CERT_FILE: chosen } = env;
  return given && !chosen ? { SSL_CERT_FILE: given } : {};
}

/** Writes into the scratch folder what the build needs and the machine does not have. */
export async function prepare(
  files: Pick<Files, "read" | "write">,
  env: Env,
  request: BuildRequest,
): Promise<Prepared> {
  const at = (name: string): string => join(request.scratchFolder, name);
  const home = env["HOME"] ?? "/root";
  const first = async (candidates: readonly string[]): Promise<string | undefined> => {
    const found = await Promise.all(candidates.map((path) => files.read(path)));
    return found.find((bytes) => bytes !== undefined)?.toString();
  };
  const places = (name: string) => [
    `${home}/.config/containers/${name}`,
    `/etc/containers/${name}`,
  ];
  const chosen = env["CONTAINERS_REGISTRIES_CONF"];
  const registries = registriesConf(
    await first(chosen === undefined ? places("registries.conf") : [chosen]),
    insecureHostsOf(request),
  );
  const hasPolicy = (await first(places("policy.json"))) !== undefined;
  await files.write(at("Dockerfile"), request.dockerfile);
  await files.write(at("ignore"), "");
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
      ...(registries === undefined ? {} : { CONTAINERS_REGISTRIES_CONF: at("registries.conf") }),
      ...authorities(env),
    },
  };
}
