/** The machine that buildah, or podman in its place, works on: its version, and where its images lie. */
import { BerthError } from "../errors.ts";
import { keyVersion } from "../image/key.ts";
import type { Env, RunOptions, RunResult } from "../world.ts";
import { buildahProgram, machineError } from "./buildah-failure.ts";
import { type BuildahVersion, parseBuildahVersion } from "./buildah-input.ts";
import { type BuildRequest, type EngineOptions, unkeyed } from "./engine.ts";
import { neverEnded, withoutSecrets } from "./failure.ts";

export interface BuildahMachine {
  readonly version: BuildahVersion;
  readonly driver: string;
  /** Runs the program with what makes the machine's storage work. */
  readonly run: (args: readonly string[], more?: RunOptions) => Promise<RunResult>;
  /** Where the machine's own images lie; berth's stores lie inside. */
  readonly graphRoot: string;
  readonly runRoot: string;
  /** Stores of others, which the machine adds to its own. */
  readonly added: readonly string[];
  /** The template that lists images by name. */
  readonly names: string;
}

export async function lookAtMachine({
  run,
  env,
  command = "buildah",
}: EngineOptions): Promise<BuildahMachine> {
  const isPodman = command.endsWith("podman");
  const starting = `start ${isPodman ? "podman" : "buildah"}`;
  const runOn =
    (storage: Env): BuildahMachine["run"] =>
    (args, more = {}) =>
      run(command, args, { ...more, env: { ...unkeyed, ...storage, ...more.env } });
  const ask = (storage: Env) => runOn(storage)(isPodman ? ["info", "--format=json"] : ["info"]);
  const answer = isPodman ? await ask({}) : await runOn({})(["--version"]);
  const missing = neverEnded(answer, "look for an engine", buildahProgram);
  if (missing !== undefined) throw missing;
  const version = parseBuildahVersion(answer.stdout);
  const names = `{{.${isPodman ? "Repository" : "Name"}}}:{{.Tag}}`;
  let info = await ask({});
  // A try at overlay may leave a folder that makes every later call fail, so what ends at vfs is asked again.
  if (storeOf(info.stdout)?.driver === "vfs") info = await ask({});
  const store = storeOf(info.stdout);
  if (version !== undefined && info.exitCode === 0 && store !== undefined)
    return { ...store, version, names, run: runOn({ STORAGE_DRIVER: store.driver }) };
  // A configured overlay driver fails on a container's own overlay file system; vfs works everywhere.
  const vfs: Env = { CONTAINERS_STORAGE_CONF: "/dev/null", STORAGE_DRIVER: "vfs" };
  if (version !== undefined && env["STORAGE_DRIVER"] === undefined) {
    const found = storeOf((await ask(vfs)).stdout);
    if (found !== undefined) return { ...found, version, names, run: runOn(vfs) };
  }
  const said = withoutSecrets(buildahProgram.lineOf(info));
  throw (
    machineError(starting, info) ??
    new BerthError("ENGINE_UNAVAILABLE", `${starting}: ${said}`, {
      hint: "check STORAGE_DRIVER and storage.conf (vfs works on every file system), or use the docker engine",
    })
  );
}

/** The storage that `info` tells of; `undefined` where it tells of none. */
function storeOf(
  info: string,
): Pick<BuildahMachine, "graphRoot" | "runRoot" | "driver" | "added"> | undefined {
  const field = (name: string): string | undefined =>
    new RegExp(`"${name}": "([^"]+)"`, "i").exec(info)?.[1];
  const [graphRoot, runRoot, driver] = ["GraphRoot", "RunRoot", "GraphDriverName"].map(field);
  if (graphRoot === undefined || runRoot === undefined || driver === undefined) return undefined;
  // An item of a list for buildah, a field for podman.
  const added = [...info.matchAll(/\.imagestore(?:=|": ")([^"]+)"/g)].map(([, path = ""]) => path);
  return { graphRoot, runRoot, driver, added };
}

/**
 * The store of a build, beside the machine's own images: layers that other programs or other versions of berth made
 * from other contexts do not serve berth's, and what is built from scratch serves nobody.
 */
export function storeFlags(
  { graphRoot, runRoot }: BuildahMachine,
  { noCache }: Pick<BuildRequest, "noCache">,
): readonly string[] {
  const name = `berth${keyVersion}${noCache ? "-from-scratch" : ""}`;
  return [`--root=${graphRoot}/${name}`, `--runroot=${runRoot}/${name}`];
}
