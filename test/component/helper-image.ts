/** The image in which gitlab-ci-local copies files, in place of one that would have to be pulled from outside. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pushDebian } from "../support/bases.ts";
import type { Dockerd } from "../support/dockerd.ts";
import { temporaryFolder } from "../support/services.ts";

/** Builds it in the daemon, Debian with rsync, pushes it and gives its reference. */
export async function pushHelper(dockerd: Dockerd, bases: string): Promise<string> {
  const reference = `${bases}/helper/helper:1`;
  await pushDebian(bases, "bases/debian", "helper");
  const folder = await temporaryFolder("berth-helper-");
  await mkdir(join(folder.path, "context"));
  await writeFile(
    join(folder.path, "context/Dockerfile"),
    `FROM ${bases}/bases/debian:helper\nRUN apt-get -q update && apt-get -q -y --no-install-recommends install rsync\n`,
  );
  await dockerd.docker(
    "build",
    "--quiet",
    "--network=host",
    `--tag=${reference}`,
    join(folder.path, "context"),
  );
  await folder.remove();
  await dockerd.docker("push", "--quiet", reference);
  return reference;
}
