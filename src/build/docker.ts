/** Builds with docker and its BuildKit: a daemon on this machine or beside it (Docker-in-Docker). */

import { join } from "node:path/posix";
import { remembered } from "../context/memo.ts";
import { BerthError } from "../errors.ts";
import { cacheTagOf } from "../image/key.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { printReference, printRepository } from "../oci/reference.ts";
import type { Run, RunOptions, RunResult } from "../world.ts";
import {
  daemonError,
  dockerBuildError,
  dockerLine,
  dockerProgram,
  getBuildx,
  wasBusy,
} from "./docker-failure.ts";
import { type BuildRequest, type Engine, type EngineOptions, unkeyed } from "./engine.ts";
import { neverEnded, noDigest, otherThan, patiently, pushed } from "./failure.ts";
import { type EngineCall, hushed } from "./hide.ts";

interface Client {
  readonly version: string;
  /** Whether it knows attestations, which would make an index of every image. */
  readonly attests: boolean;
  readonly host: string | undefined;
  readonly docker: (args: readonly string[], options?: RunOptions) => Promise<RunResult>;
}

/** The engine that needs a docker client and a daemon; waits for the daemon within a bound. */
export function docker(options: EngineOptions): Engine {
  const client = remembered(() => meetDaemon(options));
  return {
    name: "docker",
    check: async () => (await client()).version,
    build: async (request) => build(options, await client(), request),
    here: {
      has: async (name) => {
        const { docker: call } = await client();
        return (
          (await call(["image", "inspect", "--format=ok", printReference(name)])).exitCode === 0
        );
      },
      build: async (request) => {
        const { docker: call } = await client();
        await make(options, await client(), request);
        const repository = printRepository(request.destination);
        const listed = await call(["image", "ls", "--format={{.Repository}}:{{.Tag}}", repository]);
        const old = otherThan(printReference(request.destination), listed.stdout);
        // What a container still runs in stays.
        if (old.length > 0) await call(["image", "rm", ...old]);
      },
    },
  };
}

async function meetDaemon(options: EngineOptions): Promise<Client> {
  const { run, command = "docker" } = options;
  const host = options.env["DOCKER_HOST"] ?? (await hostOfContext(run, command));
  const env = {
    DOCKER_BUILDKIT: "1",
    // A builder chosen elsewhere may keep its results to itself, and then there is nothing to push.
    BUILDX_BUILDER: "default",
    DOCKER_CONTEXT: undefined,
    ...unkeyed,
    ...(host === undefined ? {} : { DOCKER_HOST: host }),
  };
  const call: Client["docker"] = (args, more = {}) =>
    run(command, args, { ...more, env: { ...env, ...more.env } });
  const versions = await waitForDaemon(options, call, host);
  const help = await call(["build", "--help"]);
  const newClient = Number.parseInt(versions.client, 10) >= 23;
  if (newClient && (await call(["buildx", "version"])).exitCode !== 0) {
    throw new BerthError("ENGINE_MISSING", "look for BuildKit's client: docker-buildx is missing", {
      hint: getBuildx,
    });
  }
  const attests = help.stdout.includes("--provenance");
  return { version: versions.server, attests, host, docker: call };
}

/** Where the user's own docker context points to, which a private client configuration would forget. */
export async function hostOfContext(run: Run, command: string): Promise<string | undefined> {
  const answer = await run(command, ["context", "inspect", "--format={{.Endpoints.docker.Host}}"]);
  const host = answer.stdout.trim();
  return answer.exitCode === 0 && /^\w+:\/\/\S+$/.test(host) ? host : undefined;
}

async function waitForDaemon(
  { env, clock, waitMs }: EngineOptions,
  call: Client["docker"],
  host: string | undefined,
): Promise<{ readonly client: string; readonly server: string }> {
  const promised = env["DOCKER_HOST"] !== undefined || env["CI"] !== undefined;
  const end = clock.now().getTime() + (waitMs ?? (promised ? 120_000 : 0));
  for (let pause = 100; ; pause = Math.min(2 * pause, 1000)) {
    const answer = await call(["version", `--format=${versionFormat}`], { timeoutMs: 15_000 });
    const versions = answer.exitCode === 0 ? parseDockerVersions(answer.stdout) : undefined;
    if (versions !== undefined) return versions;
    const stopped = answer.timedOut
      ? undefined
      : neverEnded(answer, "look for an engine", dockerProgram);
    if (stopped !== undefined) throw stopped;
    const line = answer.timedOut ? "no answer" : dockerLine(answer);
    const hopeless = /permission denied/i.test(line);
    if (hopeless || clock.now().getTime() + pause > end) throw daemonError(line, host);
    await clock.sleep(pause);
  }
}

/** Builds into the daemon's own store, under the destination's name, and gives the client that is logged in. */
async function make(
  options: EngineOptions,
  client: Client,
  request: BuildRequest,
): Promise<EngineCall> {
  const { files } = options;
  const at = (name: string): string => join(request.scratchFolder, name);
  const auth = (await files.read(request.authFile))?.toString();
  await files.write(at("docker/config.json"), clientConfig(auth, options.env["HOME"]), 0o600);
  await files.write(at("Dockerfile"), request.dockerfile);
  // BuildKit reads this file instead of the context's own, whose rules have been applied already.
  await files.write(at("Dockerfile.dockerignore"), "# The context holds what it should.\n");
  // What the user's own buildx remembers of other builds stays with them.
  const env = { DOCKER_CONFIG: at("docker"), BUILDX_CONFIG: at("docker/buildx") };
  const call = hushed(request, (args, onLine) => client.docker(args, { env, onLine }));
  const settings = { attests: client.attests, network: options.network };
  const flags = dockerBuildArguments(request, at("Dockerfile"), settings);
  const result = await patiently(() => call(flags), wasBusy, options.clock);
  if (result.exitCode !== 0) throw dockerBuildError(request, result, client.host);
  return call;
}

async function build(
  options: EngineOptions,
  client: Client,
  request: BuildRequest,
): Promise<Digest> {
  const call = await make(options, client, request);
  const push = () => call(["push", printReference(request.destination)]);
  try {
    const said = await pushed(push, request.destination, dockerProgram, options.clock);
    const digest = pushedDigest(said.stdout);
    if (digest === undefined) throw noDigest(request.destination, dockerProgram);
    return digest;
  } finally {
    // The layers stay in the daemon's cache; a name that moves would only mislead there.
    await client.docker(["image", "rm", "--no-prune", printReference(request.destination)]);
  }
}

/** The arguments of the build; the result stands under the destination in the daemon's own store. */
export function dockerBuildArguments(
  request: BuildRequest,
  dockerfile: string,
  { attests, network }: Pick<Client, "attests"> & Pick<EngineOptions, "network">,
): readonly string[] {
  const sources = request.noCache ? [] : request.cacheFrom;
  return [
    "build",
    "--progress=plain",
    ...(attests ? ["--provenance=false", "--sbom=false"] : []),
    ...(network === undefined ? [] : [`--network=${network}`]),
    `--platform=${request.platform}`,
    `--file=${dockerfile}`,
    `--tag=${printReference(request.destination)}`,
    ...(request.target === undefined ? [] : [`--target=${request.target}`]),
    "--build-arg=BUILDKIT_INLINE_CACHE=1",
    ...(request.runCaches ? [`--build-arg=BUILDKIT_CACHE_MOUNT_NS=${request.runCaches}`] : []),
    ...Object.entries(request.args).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...request.secrets.map(({ id, file }) => `--secret=id=${id},src=${file}`),
    ...sources.map(
      (source) => `--cache-from=${printRepository(source)}:${cacheTagOf(request.name)}`,
    ),
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
