import assert from "node:assert/strict";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { realFiles } from "../../src/host/files.ts";
import { createRunner } from "../../src/host/run.ts";
import { keyVersion } from "../../src/image/key.ts";
import { storageIn } from "../support/storage.ts";
import { engineContract } from "./contract.ts";
import { machineBuildah } from "./subjects.ts";
import { clock, openWorkshop } from "./workshop.ts";

engineContract("buildah", machineBuildah());

const workshop = openWorkshop(machineBuildah());

test("a layer of an image store that the machine adds to its own serves no build", async () => {
  const folder = join(workshop.folder(), "other");
  const { run } = createRunner(2000);
  const other = await machineBuildah()({ run, files: realFiles(), clock, folder });
  const added = `[storage.options]\nadditionalimagestores = ["${workshop.folder()}/graph/berth${keyVersion}"]\n`;
  await appendFile(join(folder, "storage.conf"), added);
  const wanted = {
    repository: "added",
    dockerfile: `FROM ${workshop.base()}\nRUN cat /proc/sys/kernel/random/uuid > /random\n`,
  };
  const made = async (engine = workshop.subject().engine) => {
    const { digest } = await workshop.build(wanted, engine);
    return (await workshop.tree(wanted.repository, digest)).get("random");
  };
  const one = await made();
  assert.deepEqual(await made(), one);
  assert.notDeepEqual(await made(other.engine), one);
  await storageIn(folder);
  await other.stop();
});
