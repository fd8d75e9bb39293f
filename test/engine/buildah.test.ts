import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildah } from "../../src/engine/buildah.ts";
import { parseBuildahVersion } from "../../src/engine/buildah-args.ts";
import { keyVersion } from "../../src/image/key.ts";
import { program } from "../support/programs.ts";
import { engineContract } from "./contract.ts";
import type { Parts, Subject } from "./workshop.ts";

const execute = promisify(execFile);

/** buildah with a store of its own, so that the machine's images stay as they are. */
async function subject({ run, files, clock, folder }: Parts): Promise<Subject> {
  const command = program("buildah");
  const store = join(folder, "store.conf");
  const lines = ["[storage]", `runroot = "${folder}/run"`, `graphroot = "${folder}/graph"`];
  await mkdir(folder, { recursive: true });
  await writeFile(store, `${lines.join("\n")}\ndriver = "overlay"\n`);
  const env = { HOME: folder, XDG_RUNTIME_DIR: folder, CONTAINERS_STORAGE_CONF: store };
  const own: Parts["run"] = (name, args, options) =>
    run(name, args, { ...options, env: { ...env, ...options?.env } });
  const emptied = async () => {
    const inStore = { env: { ...process.env, ...env } };
    for (const name of [`berth${keyVersion}`, `berth${keyVersion}-from-scratch`]) {
      const own = [`--root=${folder}/graph/${name}`, `--runroot=${folder}/run/${name}`];
      await execute(command, [...own, "rm", "--all"], inStore);
      await execute(command, [...own, "rmi", "--all", "--force"], inStore);
    }
  };
  const version = parseBuildahVersion((await execute(command, ["--version"])).stdout);
  return {
    engine: buildah({ run: own, files, clock, env, command }),
    heredocs: (version?.minor ?? 0) >= 33,
    forget: emptied,
    stop: emptied,
  };
}

engineContract("buildah", subject);
