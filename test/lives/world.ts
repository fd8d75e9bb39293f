/** Where lives are lived: a GitLab with a real registry, bases beside it, buildah, berth as a program, bare repositories. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { machineBuildah } from "../example/engines.ts";
import { pushBusybox } from "../support/bases.ts";
import { type Env, entry, gitEnv } from "../support/command.ts";
import { startGitLab, type TestGitLab } from "../support/gitlab-server.ts";
import { startMemoryRegistry } from "../support/memory-registry.ts";
import { opened } from "../support/services.ts";

export interface World {
  readonly folder: string;
  readonly gitlab: TestGitLab;
  /** The host of the registry that holds base images. */
  readonly bases: string;
  /** For programs in jobs: berth, buildah with a store of its own, git that finds projects on disk. */
  readonly env: Env;
  stop(): Promise<void>;
}

export const startWorld = (): Promise<World> =>
  opened("berth-lives-", async (folder, ends) => {
    const gitlab = await startGitLab({ registry: "distribution" });
    ends.push(gitlab.stop);
    const bases = await startMemoryRegistry();
    ends.push(bases.stop);
    const at = (name: string) => join(folder, name);
    const [engine] = await Promise.all([
      machineBuildah(at("engine")),
      pushBusybox(bases.host, "bases/busybox", "1"),
      pushBusybox(bases.host, "bases/busybox", "old"),
      mkdir(at("git")),
    ]);
    ends.push(engine.stop);
    const bin = await berthProgram(at("bin"));
    const env = {
      ...engine.env,
      ...gitEnv,
      PATH: `${bin}:${engine.env["PATH"]}`,
      NODE_COMPILE_CACHE: at("compiled"),
      // The addresses of GitLab's projects lead to the bare repositories.
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.file://${at("git")}/.insteadOf`,
      GIT_CONFIG_VALUE_0: `${gitlab.url}/`,
    };
    return { gitlab, bases: bases.host, env };
  });

/** The same world for a job on another machine: its buildah has seen nothing yet. */
export async function withEmptyStore(world: World, machine: string): Promise<World> {
  const folder = join(world.folder, "machines", machine);
  const engine = await machineBuildah(folder);
  const { CONTAINERS_STORAGE_CONF = "" } = engine.env;
  return { ...world, env: { ...world.env, CONTAINERS_STORAGE_CONF } };
}

/** A folder with the command `berth`, as the tool image has it. */
async function berthProgram(folder: string): Promise<string> {
  await mkdir(folder);
  await writeFile(join(folder, "berth"), `#!/bin/sh\nexec '${process.execPath}' '${entry}' "$@"\n`);
  await chmod(join(folder, "berth"), 0o755);
  return folder;
}
