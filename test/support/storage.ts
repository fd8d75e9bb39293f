/** Storage of buildah's below a folder, so that the machine's images stay as they are. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keyVersion } from "../../src/image/key.ts";
import type { Env } from "./command.ts";

export type Driver = "overlay" | "vfs";

/** The environment of a buildah that keeps everything in the folder. */
export async function storageIn(folder: string, driver: Driver = "overlay"): Promise<Env> {
  const store = join(folder, "storage.conf");
  const lines = ["[storage]", `runroot = "${folder}/run"`, `graphroot = "${folder}/graph"`];
  await mkdir(folder, { recursive: true });
  await writeFile(store, `${lines.join("\n")}\ndriver = "${driver}"\n`);
  return { HOME: folder, XDG_RUNTIME_DIR: folder, CONTAINERS_STORAGE_CONF: store };
}

/** The flags of buildah for all stores there: of whoever calls it, of berth, and of berth's builds from scratch. */
export function storesIn(folder: string): readonly (readonly string[])[] {
  return ["", `/berth${keyVersion}`, `/berth${keyVersion}-from-scratch`].map((name) =>
    name === "" ? [] : [`--root=${folder}/graph${name}`, `--runroot=${folder}/run${name}`],
  );
}
