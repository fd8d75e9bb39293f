/** The engines of the example's tests: berth's environment for each, and the plain commands to compare with. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Env, plainEnv, succeed } from "../support/command.ts";
import { startDockerd } from "../support/dockerd.ts";
import { type Engines, modernEngines } from "../support/modern.ts";
import { program } from "../support/programs.ts";
import { storageIn } from "../support/storage.ts";

export interface RawBuild {
  /** The name that other raw builds know the result by. */
  readonly name: string;
  readonly dockerfile: string;
  readonly context: string;
  readonly args: Env;
  /** Where the result is pushed. */
  readonly destination: string;
  /** This machine's own where it is not given. */
  readonly platform?: string;
}

export interface TestEngine {
  readonly name: "buildah" | "docker";
  /** For a berth that is to use this engine. */
  readonly env: Env;
  /** Builds with the engine's own command, without any cache, and pushes. */
  build(wanted: RawBuild): Promise<void>;
  /** Runs a command in a container of an image, of an index in that for a platform, and gives its output. */
  run(reference: string, command: readonly string[], platform?: string): Promise<string>;
  stop(): Promise<void>;
}

/** buildah with a store of its own in `folder`. */
export async function buildahEngine(folder: string): Promise<TestEngine> {
  return buildahWith((await modernEngines()).bin, folder);
}

/** The machine's own buildah, which need not know heredocs. */
export function machineBuildah(folder: string): Promise<TestEngine> {
  return buildahWith(dirname(program("buildah")), folder);
}

async function buildahWith(bin: string, folder: string): Promise<TestEngine> {
  const storage = await storageIn(folder);
  const limited = join(folder, "containers.conf");
  const said = join(folder, "said");
  await mkdir(said);
  // The plain command has no flags of berth's that keep it within this machine's limits.
  const limits = '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n';
  await writeFile(limited, limits);
  const env = engineEnv(bin, folder, storage);
  const plain = { ...env, CONTAINERS_CONF: limited, BUILDAH_ISOLATION: "chroot" };
  const buildah = (...args: readonly string[]) =>
    succeed(join(bin, "buildah"), args, { env: plain });
  return {
    name: "buildah",
    env,
    build: async ({ name, dockerfile, context, args, destination, platform }) => {
      const given = Object.entries(args).map(([key, value]) => `--build-arg=${key}=${value}`);
      const flags = ["--tls-verify=false", "--no-cache", `--file=${dockerfile}`, `--tag=${name}`];
      // Of an index buildah takes what is at hand of any platform, unless it looks again.
      const foreign = platform === undefined ? [] : [`--platform=${platform}`, "--pull-always"];
      await buildah("build", ...flags, ...foreign, ...given, context);
      await buildah("push", "--tls-verify=false", name, `docker://${destination}`);
    },
    run: async (reference, command, platform) => {
      const foreign = platform === undefined ? [] : [`--platform=${platform}`, "--pull-always"];
      const from = ["from", "--tls-verify=false", ...foreign, reference];
      const container = (await buildah(...from)).trim();
      // Its isolation chroot ends with the command, and need not have passed on all that was said by then.
      const script = ["sh", "-c", 'exec "$@" >/said/output', "sh"];
      await buildah("run", `--volume=${said}:/said`, container, "--", ...script, ...command);
      await buildah("rm", container);
      return readFile(join(said, "output"), "utf8");
    },
    stop: async () => {
      await buildah("rm", "--all");
      await buildah("rmi", "--all", "--force");
    },
  };
}

/** docker with a daemon of its own. */
export async function dockerEngine(folder: string): Promise<TestEngine> {
  await mkdir(folder, { recursive: true });
  const engines: Engines = await modernEngines();
  const daemon = await startDockerd([], { programs: engines });
  const env = engineEnv(engines.bin, folder, {
    DOCKER_HOST: daemon.host,
    // The daemon has no network of its own.
    EXAMPLE_CI_BUILD_NETWORK: "host",
    PLATFORMS_CI_BUILD_NETWORK: "host",
    BERTH_BUILD_NETWORK: "host",
  });
  const docker = (...args: readonly string[]) => succeed(engines.docker, args, { env });
  return {
    name: "docker",
    env,
    build: async ({ name, dockerfile, context, args, destination, platform }) => {
      const given = Object.entries(args).map(([key, value]) => `--build-arg=${key}=${value}`);
      const foreign = platform === undefined ? [] : [`--platform=${platform}`];
      // Without which the result is an index, where the daemon can store one.
      const plain = ["--provenance=false", "--network=host", "--no-cache"];
      const flags = [...plain, `--file=${dockerfile}`, ...foreign];
      await docker("build", ...flags, `--tag=${name}`, `--tag=${destination}`, ...given, context);
      await docker("push", destination);
    },
    run: async (reference, command, platform) => {
      const foreign = platform === undefined ? [] : [`--platform=${platform}`];
      // The digest of an index is to a daemon that of one image.
      if (platform !== undefined) await docker("image", "rm", "--force", reference);
      return docker("run", "--rm", "--network=none", ...foreign, reference, ...command);
    },
    stop: daemon.stop,
  };
}

/** Temporary files go below `home` too, such as the cache mounts that buildah keeps there. */
function engineEnv(bin: string, home: string, change: Env): Env {
  const path = `${bin}:${process.env["PATH"] ?? "/usr/bin:/bin"}`;
  return plainEnv({ HOME: home, TMPDIR: home, PATH: path, ...change });
}
