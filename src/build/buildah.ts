/** Builds with buildah: no daemon, and no more rights than a container's root has. */
import { remembered } from "../context/memo.ts";
import { type Digest, parseDigest } from "../oci/digest.ts";
import { printReference, printRepository, type Reference } from "../oci/reference.ts";
import type { RunResult } from "../world.ts";
import {
  buildahProgram,
  buildError,
  couldNotStart,
  onlyCacheFailed,
  refuseMisread,
  refuseVolumes,
} from "./buildah-failure.ts";
import {
  type BuildahPaths,
  type BuildahSettings,
  type BuildahVersion,
  buildArguments,
  limitFlags,
  manyCachesSince,
  prepare,
  pushArguments,
} from "./buildah-input.ts";
import { type BuildahMachine, lookAtMachine, storeFlags } from "./buildah-machine.ts";
import type { BuildRequest, Engine, EngineOptions } from "./engine.ts";
import { noDigest, otherThan, pushed } from "./failure.ts";
import { type EngineCall, hushed } from "./hide.ts";

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
    here: {
      has: async (name) => isHere(name, await machine()),
      build: async (request) => buildHere(options, await machine(), request),
    },
  };
}

/** What was built, in berth's store, and how its programs are called. */
interface Made {
  readonly imageId: string;
  readonly paths: BuildahPaths;
  readonly call: EngineCall;
}

async function make(
  options: EngineOptions,
  machine: BuildahMachine,
  asked: BuildRequest,
): Promise<Made> {
  const { files } = options;
  const { version } = machine;
  await refuseMisread(asked, version, files);
  const store = storeFlags(machine, asked);
  const request = withHonestCache(asked, await hasOthersLayers(machine, files));
  const { paths, env } = await prepare(files, options.env, request, version);
  const call = hushed(request, (args, onLine) => machine.run([...store, ...args], { env, onLine }));
  const settings = await settingsFor(options, version, request);
  const once = async (what: BuildRequest): Promise<string> => {
    const result = await attempts(what, (one) => call(buildArguments(one, paths, settings)));
    if (result.exitCode !== 0) throw buildError(request, result);
    return (await files.read(paths.imageId))?.toString().trim() ?? "";
  };
  const first = await once(request);
  await refuseVolumes(request, version, call);
  if (request.noCache || (await isForPlatform(first, request, call)))
    return { imageId: first, paths, call };
  request.onLine("buildah's layer cache has this for another platform: building without it");
  return { imageId: await once(withoutCache(request)), paths, call };
}

/**
 * Whether an image says that it is for the platform that was asked for. What is made from scratch has the same layers in
 * buildah's cache for every platform, and with them the word of the one that was built first.
 */
async function isForPlatform(
  imageId: string,
  { traits, platform }: BuildRequest,
  call: EngineCall,
): Promise<boolean> {
  if (!traits.onScratch) return true;
  const inspect = ["inspect", "--type=image", "--format={{.OCIv1.Architecture}}", imageId];
  const { stdout } = await call(inspect, () => undefined);
  return stdout.trim() === platform.split("/")[1];
}

async function build(
  options: EngineOptions,
  machine: BuildahMachine,
  request: BuildRequest,
): Promise<Digest> {
  const { files, clock } = options;
  const { imageId, paths, call } = await make(options, machine, request);
  const push = () => call(pushArguments(request, paths, imageId));
  await pushed(push, request.destination, buildahProgram, clock);
  const digest = parseDigest((await files.read(paths.digest))?.toString().trim() ?? "");
  if (digest === undefined) throw noDigest(request.destination, buildahProgram);
  // No later build would use it; where another one is built upon it at this moment, it stays.
  if (request.noCache) await call(["rmi", imageId], () => undefined);
  return digest;
}

/**
 * Whether an image built here is there: in berth's store, where others are built from it, and in the machine's own,
 * where podman runs it.
 */
async function isHere(name: Reference, machine: BuildahMachine): Promise<boolean> {
  const inspect = ["inspect", "--type=image", printReference(name)];
  const stores = [storeFlags(machine, { noCache: false }), []];
  const answers = await Promise.all(stores.map((store) => machine.run([...store, ...inspect])));
  return answers.every(({ exitCode }) => exitCode === 0);
}

async function buildHere(
  options: EngineOptions,
  machine: BuildahMachine,
  request: BuildRequest,
): Promise<void> {
  const { imageId, paths, call } = await make(options, machine, request);
  const { driver, graphRoot, runRoot } = machine;
  const name = printReference(request.destination);
  const own = `containers-storage:[${driver}@${graphRoot}+${runRoot}]${name}`;
  const store = () => call(pushArguments(request, paths, imageId, own));
  await pushed(store, request.destination, buildahProgram, options.clock);
  await call(["tag", imageId, name], () => undefined);
  const filter = `--filter=reference=${printRepository(request.destination)}`;
  const list = ["images", `--format=${machine.names}`, filter];
  for (const flags of [storeFlags(machine, request), []]) {
    const old = otherThan(name, (await machine.run([...flags, ...list])).stdout);
    // What a container still runs in stays.
    if (old.length > 0) await machine.run([...flags, "rmi", ...old]);
  }
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

/** Whether the machine's storage.conf adds a store, of which buildah takes layers whoever made them. */
async function hasOthersLayers(
  { added, driver }: BuildahMachine,
  files: EngineOptions["files"],
): Promise<boolean> {
  const found = await Promise.all(added.map((at) => files.entry(`${at}/${driver}-images`)));
  return found.some((entry) => entry !== undefined);
}

/**
 * Leaves out the layer cache where it would hand out what is old: it compares a RUN by its text without a heredoc's
 * body once there is an ARG (buildah issue 5656), older versions do not see what a mount holds (issue 5400), and
 * ENV, LABEL and their like are compared before their variables are expanded.
 */
function withHonestCache(request: BuildRequest, hasOthers: boolean): BuildRequest {
  const { runHeredocs, binds, expandsArgs } = request.traits;
  const isBlind = runHeredocs || binds || expandsArgs;
  if (!(isBlind || hasOthers) || request.noCache) return request;
  const why = isBlind
    ? "does not see all that this Dockerfile uses"
    : "has the layers of an additional image store";
  request.onLine(`buildah's layer cache ${why}: building without it`);
  return withoutCache(request);
}

function withoutCache(request: BuildRequest): BuildRequest {
  return { ...request, noCache: true, cacheFrom: [], cacheTo: undefined };
}
