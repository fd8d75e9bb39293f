import { docker } from "../../src/engine/docker.ts";
import { type Dockerd, startDockerd } from "../support/dockerd.ts";
import { program } from "../support/programs.ts";
import { engineContract } from "./contract.ts";
import type { Parts, Subject } from "./workshop.ts";

const command = program("docker");
let daemon: Promise<Dockerd> | undefined;
let users = 0;

/** One daemon serves all subjects of this file. */
async function subject({ run, files, clock, folder }: Parts): Promise<Subject> {
  daemon ??= startDockerd();
  users++;
  const { host, docker: client, stop } = await daemon;
  const env = { HOME: folder, DOCKER_HOST: host };
  const own: Parts["run"] = (name, args, options) =>
    run(name, args, { ...options, env: { ...env, ...options?.env } });
  const version = await client("version", "--format={{.Server.Version}}");
  return {
    engine: docker({ run: own, files, clock, env, command, network: "host" }),
    heredocs: Number.parseInt(version, 10) >= 23,
    forget: async () => {
      await client("builder", "prune", "--all", "--force");
      await client("image", "prune", "--all", "--force");
    },
    stop: async () => {
      users--;
      if (users === 0) await stop();
    },
  };
}

engineContract("docker", subject);
