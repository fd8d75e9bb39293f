/** The engines under test, each with storage of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildah } from "../../src/build/buildah.ts";
import { parseBuildahVersion } from "../../src/build/buildah-input.ts";
import { docker } from "../../src/build/docker.ts";
import { type DaemonOptions, type Dockerd, startDockerd } from "../support/dockerd.ts";
import { modernEngines } from "../support/modern.ts";
import { program } from "../support/programs.ts";
import { type Driver, storageIn, storesIn } from "../support/storage.ts";
import type { Parts, Subject } from "./workshop.ts";

const execute = promisify(execFile);

type Make = (parts: Parts) => Promise<Subject>;

/** The machine's own buildah. */
export const machineBuildah =
  (driver: Driver = "overlay"): Make =>
  (parts) =>
    buildahWith(program("buildah"), driver, parts);

/** A buildah that knows all that this one does not. */
export const modernBuildah =
  (driver: Driver = "overlay"): Make =>
  async (parts) =>
    buildahWith((await modernEngines()).buildah, driver, parts);

export const machineDocker =
  (driver?: Driver): Make =>
  (parts) =>
    dockerWith({ docker: program("docker"), dockerd: program("dockerd") }, onDriver(driver), parts);

export const modernDocker =
  (driver?: Driver): Make =>
  async (parts) =>
    dockerWith(await modernEngines(), onDriver(driver), parts);

/** A docker that stores images in containerd, as Docker does from version 29 on where nothing was stored before. */
export const containerdDocker = (): Make => async (parts) =>
  dockerWith(await modernEngines(), { store: "containerd" }, parts);

/** All of them, by the name that a test's title begins with. */
export const subjects = {
  buildah: machineBuildah(),
  "a newer buildah": modernBuildah(),
  docker: machineDocker(),
  "a newer docker": modernDocker(),
};

async function buildahWith(command: string, driver: Driver, parts: Parts): Promise<Subject> {
  const { run, files, clock, folder } = parts;
  const env = await storageIn(folder, driver);
  const own: Parts["run"] = (name, args, options) =>
    run(name, args, { ...options, env: { ...env, ...options?.env } });
  const emptied = async () => {
    const inStore = { env: { ...process.env, ...env } };
    for (const at of storesIn(folder)) {
      await execute(command, [...at, "rm", "--all"], inStore);
      await execute(command, [...at, "rmi", "--all", "--force"], inStore);
    }
  };
  const version = parseBuildahVersion((await execute(command, ["--version"])).stdout);
  return {
    engine: buildah({
      ...{ run: own, files, clock, command },
      // As it is when it is asked for, since tests set variables.
      get env() {
        return { ...process.env, ...env };
      },
    }),
    heredocs: (version?.minor ?? 0) >= 33,
    handsOn: true,
    forget: emptied,
    stop: emptied,
  };
}

function onDriver(driver: Driver | undefined): DaemonOptions {
  const name = driver === "overlay" ? "overlay2" : driver;
  return { flags: name === undefined ? [] : [`--storage-driver=${name}`] };
}

const daemons = new Map<string, { readonly daemon: Promise<Dockerd>; users: number }>();

/** One daemon serves all subjects of a test file that have the same programs and storage. */
async function dockerWith(
  programs: { readonly docker: string; readonly dockerd: string },
  storage: DaemonOptions,
  { run, files, clock, folder }: Parts,
): Promise<Subject> {
  const command = programs.docker;
  const id = JSON.stringify([command, storage]);
  const started = () => ({ daemon: startDockerd([], { programs, ...storage }), users: 0 });
  const shared = daemons.get(id) ?? started();
  daemons.set(id, shared);
  shared.users++;
  const { host, docker: client, stop } = await shared.daemon;
  const env = { HOME: folder, DOCKER_HOST: host, BUILDX_CONFIG: join(folder, "buildx") };
  const own: Parts["run"] = (name, args, options) =>
    run(name, args, { ...options, env: { ...env, ...options?.env } });
  const version = await client("version", "--format={{.Server.Version}}");
  return {
    engine: docker({ run: own, files, clock, env, command, network: "host" }),
    heredocs: Number.parseInt(version, 10) >= 23,
    handsOn: storage.store === "containerd",
    forget: async () => {
      await client("builder", "prune", "--all", "--force");
      await client("image", "prune", "--all", "--force");
    },
    stop: async () => {
      shared.users--;
      if (shared.users > 0) return;
      daemons.delete(id);
      await stop();
    },
  };
}
