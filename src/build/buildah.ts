/** Builds with buildah: no daemon, and no more rights than a container's root has. */
import { BerthError } from "../errors.ts";
import { keyVersion } from "../image/key.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import type { Env, RunResult } from "../world.ts";
import {
  type BuildahSettings,
  type BuildahVersion,
  buildArguments,
  manyCachesSince,
  parseBuildahVersion,
  pushArguments,
} from "./buildah-args.ts";
import {
  buildahProgram,
  buildError,
  couldNotStart,
  machineError,
  onlyCacheFailed,
} from "./buildah-failure.ts";
import { limitFlags, prepare } from "./buildah-files.ts";
import { refuseMisread } from "./buildah-refuse.ts";
import type { BuildRequest, Engine, EngineOptions } from "./engine.ts";
import { neverEnded, noDigest, pushed, withoutSecrets } from "./failure.ts";
import { hushed } from "./hide.ts";
import { remembered } from "./remembered.ts";

interface Machine {
  readonly version: BuildahVersion;
  /** What makes the machine's storage work. */
  readonly storage: Env;
  /** Where the machine's own images lie; berth's stores lie inside. */
  readonly graphRoot: string;
  readonly runRoot: string;
}

/** The engine that needs only the program buildah; works as root in an unprivileged container too. */
export function buildah(options: EngineOptions): Engine {
  const machine = remembered(() => lookAtMachine(options));
  let saidOfCaches = false;
  return {
    name: "buildah",
    check: async () => (await machine()).version.text,
    build: async (request) => {
      const found = await machine();
      const { version } = found;
      if (version.minor < manyCachesSince && request.cacheFrom.length > 1 && !saidOfCaches) {
        saidOfCaches = true;
        request.onLine(`buildah ${version.text} reads one layer cache only: upstream's`);
      }
      return build(options, found, request);
    },
  };
}

async function lookAtMachine({ run, env, command = "buildah" }: EngineOptions): Promise<Machine> {
  const answer = await run(command, ["--version"]);
  const missing = neverEnded(answer, "look for an engine", buildahProgram);
  if (missing !== undefined) throw missing;
  const version = parseBuildahVersion(answer.stdout);
  const ask = (storage: Env) => run(command, ["info"], { env: storage });
  let info = await ask({});
  // A try at overlay may leave a folder that makes every later call fail, so what ends at vfs is asked again.
  if (storeOf(info.stdout)?.driver === "vfs") info = await ask({});
  const store = storeOf(info.stdout);
  if (version !== undefined && info.exitCode === 0 && store !== undefined)
    return { ...store, version, storage: { STORAGE_DRIVER: store.driver } };
  // A configured overlay driver fails on a container's own overlay file system; vfs works everywhere.
  const vfs: Env = { CONTAINERS_STORAGE_CONF: "/dev/null", STORAGE_DRIVER: "vfs" };
  if (version !== undefined && env["STORAGE_DRIVER"] === undefined) {
    const found = storeOf((await ask(vfs)).stdout);
    if (found !== undefined) return { ...found, version, storage: vfs };
  }
  const said = withoutSecrets(buildahProgram.lineOf(info));
  throw (
    machineError("start buildah", info) ??
    new BerthError("ENGINE_UNAVAILABLE", `start buildah: ${said}`, {
      hint: "check STORAGE_DRIVER and storage.conf (vfs works on every file system), or use the docker engine",
    })
  );
}

/** The storage that `buildah info` tells of; `undefined` where it tells of none. */
function storeOf(
  info: string,
): (Pick<Machine, "graphRoot" | "runRoot"> & { readonly driver: string }) | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`"${name}": "([^"]+)"`).exec(info)?.[1];
  const [graphRoot, runRoot, driver] = ["GraphRoot", "RunRoot", "GraphDriverName"].map(field);
  if (graphRoot === undefined || runRoot === undefined || driver === undefined) return undefined;
  return { graphRoot, runRoot, driver };
}

/**
 * The store of a build, beside the machine's own images: layers that other programs or other versions of berth made
 * from other contexts do not serve berth's, and what is built from scratch serves nobody.
 */
function storeFlags({ graphRoot, runRoot }: Machine, { noCache }: BuildRequest): readonly string[] {
  const name = `berth${keyVersion}${noCache ? "-from-scratch" : ""}`;
  return [`--root=${graphRoot}/${name}`, `--runroot=${runRoot}/${name}`];
}

async function build(
  options: EngineOptions,
  machine: Machine,
  asked: BuildRequest,
): Promise<Digest> {
  const { run, files, clock, command = "buildah" } = options;
  await refuseMisread(asked, machine.version, files);
  const store = storeFlags(machine, asked);
  const request = withHonestCache(asked);
  const { paths, env: added } = await prepare(files, options.env, request);
  const env = { ...machine.storage, ...added };
  const call = hushed(request, (args, onLine) =>
    run(command, [...store, ...args], { env, onLine }),
  );
  const settings = await settingsFor(options, machine.version, request);
  const result = await attempts(request, (what) => call(buildArguments(what, paths, settings)));
  if (result.exitCode !== 0) throw buildError(request, result);
  const imageId = (await files.read(paths.imageId))?.toString().trim() ?? "";
  const push = () => call(pushArguments(request, paths, imageId));
  await pushed(push, request.destination, buildahProgram, clock);
  const digest = parseDigest((await files.read(paths.digest))?.toString().trim() ?? "");
  if (digest === undefined) throw noDigest(request.destination, buildahProgram);
  // No later build would use it; where another one is built upon it at this moment, it stays.
  if (asked.noCache) await call(["rmi", imageId], () => undefined);
  return digest;
}

async function settingsFor(
  { files, clock, env, network }: EngineOptions,
  version: BuildahVersion,
  { cacheSince }: BuildRequest,
): Promise<BuildahSettings> {
  const isolation = env["BUILDAH_ISOLATION"] === undefined ? "chroot" : undefined;
  const age = cacheSince === undefined ? undefined : clock.now().getTime() - cacheSince.getTime();
  return {
    version,
    isolation,
    network: network ?? (isolation === undefined ? undefined : "host"),
    limits: limitFlags((await files.read("/proc/self/limits"))?.toString()),
    cacheAge: age === undefined ? undefined : Math.max(1, age),
  };
}

/** Builds, again where a command could not be started, and again where only the cache could not be written. */
async function attempts(
  request: BuildRequest,
  once: (request: BuildRequest) => Promise<RunResult>,
): Promise<RunResult> {
  const started = async (what: BuildRequest): Promise<RunResult> => {
    const result = await once(what);
    return couldNotStart(result) ? once(what) : result;
  };
  const result = await started(request);
  if (!onlyCacheFailed(result)) return result;
  request.onLine("the layer cache could not be written; building on without it");
  return started({ ...request, cacheTo: undefined });
}

/**
 * Leaves out the layer cache where it would hand out what is old: it compares a RUN by its text without a heredoc's
 * body once there is an ARG (buildah issue 5656), older versions do not see what a mount holds (issue 5400), and
 * ENV, LABEL and their like are compared before their variables are expanded.
 */
function withHonestCache(request: BuildRequest): BuildRequest {
  const { runHeredocs, binds, expandsArgs } = request.traits;
  if (!(runHeredocs || binds || expandsArgs) || request.noCache) return request;
  request.onLine(
    "buildah's layer cache does not see all that this Dockerfile uses: building without it",
  );
  return { ...request, noCache: true, cacheFrom: [], cacheTo: undefined };
}
