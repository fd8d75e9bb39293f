/** Builds with buildah: no daemon, and no more rights than a container's root has. */
import { BerthError } from "../errors.ts";
import { parseDigest } from "../oci/digest.ts";
import type { Clock, Files, Run, RunResult } from "../world.ts";
import {
  type BuildahVersion,
  buildArguments,
  parseBuildahVersion,
  pushArguments,
} from "./buildah-args.ts";
import {
  buildError,
  couldNotStart,
  errorLine,
  getBuildah,
  machineError,
  onlyCacheFailed,
} from "./buildah-failure.ts";
import { limitFlags } from "./buildah-files.ts";
import { type Env, prepare } from "./buildah-prepare.ts";
import type { BuildRequest, BuildResult, Engine } from "./engine.ts";
import { lastLines, neverEnded, withoutSecrets } from "./failure.ts";
import { cacheWouldLie } from "./layercache.ts";
import { noDigest, pushed } from "./push.ts";
import { remembered } from "./remembered.ts";

export interface BuildahOptions {
  readonly run: Run;
  readonly files: Pick<Files, "read" | "write">;
  readonly clock: Clock;
  /** Read for BUILDAH_ISOLATION, STORAGE_DRIVER and where configuration files are. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program, `buildah` where not given. */
  readonly command?: string;
  /** The network of RUN instructions; with chroot isolation it is the host's whatever is asked for. */
  readonly network?: string;
}

interface Machine {
  readonly version: BuildahVersion;
  /** What makes the machine's storage work, empty where it works by itself. */
  readonly storage: Env;
}

/** The engine that needs only the program buildah; works as root in an unprivileged container too. */
export function buildah(options: BuildahOptions): Engine {
  const machine = remembered(() => lookAtMachine(options));
  return {
    name: "buildah",
    check: async () => (await machine()).version.text,
    build: async (request) => build(options, await machine(), request),
  };
}

async function lookAtMachine({ run, env, command = "buildah" }: BuildahOptions): Promise<Machine> {
  const answer = await run(command, ["--version"]);
  const missing = neverEnded(answer, "look for an engine", "buildah", getBuildah);
  if (missing !== undefined) throw missing;
  const version = parseBuildahVersion(answer.stdout);
  const ask = (storage: Env) => run(command, ["info"], { env: storage });
  let info = await ask({});
  // A try at overlay may leave a folder that makes every later call fail, so what ends at vfs is asked again.
  if (/"GraphDriverName": "vfs"/.test(info.stdout)) info = await ask({});
  if (version !== undefined && info.exitCode === 0) return { version, storage: {} };
  // A configured overlay driver fails on a container's own overlay file system; vfs works everywhere.
  const vfs: Env = { CONTAINERS_STORAGE_CONF: "/dev/null", STORAGE_DRIVER: "vfs" };
  if (version !== undefined && env["STORAGE_DRIVER"] === undefined) {
    if ((await ask(vfs)).exitCode === 0) return { version, storage: vfs };
  }
  const said = withoutSecrets(errorLine(info));
  throw (
    machineError("start buildah", info) ??
    new BerthError("ENGINE_UNAVAILABLE", `start buildah: ${said}`, {
      hint: "check STORAGE_DRIVER and storage.conf (vfs works on every file system), or use the docker engine",
    })
  );
}

async function build(
  options: BuildahOptions,
  machine: Machine,
  asked: BuildRequest,
): Promise<BuildResult> {
  const { run, files, clock, command = "buildah" } = options;
  const request = withHonestCache(asked);
  const { paths, env: added } = await prepare(files, options.env, request);
  const env = { ...machine.storage, ...added };
  const limits = limitFlags((await files.read("/proc/self/limits"))?.toString());
  const isolation = options.env["BUILDAH_ISOLATION"] === undefined ? "chroot" : undefined;
  const network = options.network ?? (isolation === undefined ? undefined : "host");
  const settings = { version: machine.version, isolation, network, limits } as const;
  const output = lastLines(request.onLine);
  const once = (what: BuildRequest): Promise<RunResult> =>
    run(command, buildArguments(what, paths, settings), { env, onLine: output.onLine });
  const attempt = async (what: BuildRequest): Promise<RunResult> => {
    const result = await once(what);
    return couldNotStart(result) ? once(what) : result;
  };

  const started = clock.now().getTime();
  let result = await attempt(request);
  if (onlyCacheFailed(result)) {
    request.onLine("the layer cache could not be written; building on without it");
    result = await attempt({ ...request, cacheTo: undefined });
  }
  if (result.exitCode !== 0) throw buildError(request, result, machine.version, output.cause());
  const built = clock.now().getTime();
  const imageId = (await files.read(paths.imageId))?.toString().trim() ?? "";
  const push = () =>
    run(command, pushArguments(request, paths, imageId), { env, onLine: request.onLine });
  const failure = { program: "buildah", get: getBuildah, lineOf: errorLine };
  await pushed(push, request.destination, failure, clock);
  const digest = parseDigest((await files.read(paths.digest))?.toString().trim() ?? "");
  if (digest === undefined) throw noDigest(request.destination, "buildah");
  return { digest, buildMs: built - started, pushMs: clock.now().getTime() - built };
}

function withHonestCache(request: BuildRequest): BuildRequest {
  if (!cacheWouldLie(request.dockerfile)) return request;
  request.onLine(
    "buildah's layer cache does not see what bind mounts and heredocs contain: building without it",
  );
  return { ...request, noCache: true, cacheFrom: [], cacheTo: undefined };
}
