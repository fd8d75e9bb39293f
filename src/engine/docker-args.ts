/** docker's command lines and answers, as pure values. */
import { ownTags } from "../image/key.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { printReference, printRepository } from "../oci/reference.ts";
import type { BuildRequest } from "./engine.ts";

export interface DockerSettings {
  /** Whether the client knows attestations, which would make an index of every image. */
  readonly attests: boolean;
  /** The network of RUN instructions; the daemon's default where `undefined`. */
  readonly network: string | undefined;
}

/** The arguments of the build; the result stands under the destination in the daemon's own store. */
export function dockerBuildArguments(
  request: BuildRequest,
  dockerfile: string,
  settings: DockerSettings,
): readonly string[] {
  const sources = request.noCache ? [] : request.cacheFrom;
  return [
    "build",
    "--progress=plain",
    ...(settings.attests ? ["--provenance=false", "--sbom=false"] : []),
    ...(settings.network === undefined ? [] : [`--network=${settings.network}`]),
    `--platform=${request.platform}`,
    `--file=${dockerfile}`,
    `--tag=${printReference(request.destination)}`,
    ...(request.target === undefined ? [] : [`--target=${request.target}`]),
    "--build-arg=BUILDKIT_INLINE_CACHE=1",
    ...Object.entries(request.args).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...request.secrets.map(({ id, file }) => `--secret=id=${id},src=${file}`),
    ...sources.map((source) => `--cache-from=${printRepository(source)}:${ownTags.cache}`),
    ...(request.noCache ? ["--no-cache"] : []),
    request.contextFolder,
  ];
}

/** The digest of the manifest that `docker push` says it has pushed. */
export function pushedDigest(output: string): Digest | undefined {
  const lines = [...output.matchAll(/^\S+: digest: (sha256:[0-9a-f]{64}) size: \d+\s*$/gm)];
  return parseDigest(lines.at(-1)?.[1] ?? "");
}

/** The versions of client and daemon, from `docker version` with `versionFormat`. */
export function parseDockerVersions(
  output: string,
): { readonly client: string; readonly server: string } | undefined {
  const [client, server] = output.trim().split(/\s+/);
  return client === undefined || server === undefined ? undefined : { client, server };
}

export const versionFormat = "{{.Client.Version}} {{.Server.Version}}";

/** The client's configuration for one build: the logins, and the plugins that a home folder may hold. */
export function clientConfig(auth: string | undefined, home: string | undefined): string {
  const logins: unknown = auth === undefined || auth.trim() === "" ? {} : JSON.parse(auth);
  const extra = home === undefined ? {} : { cliPluginsExtraDirs: [`${home}/.docker/cli-plugins`] };
  return JSON.stringify({ ...(logins as object), ...extra });
}
