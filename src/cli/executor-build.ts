/** Builds an image of a job's commit on a runner's host, once for all jobs that wait for it. */
import { createHash } from "node:crypto";
import type { Engine } from "../build/engine.ts";
import type { Here } from "../build/here.ts";
import { BerthError, errorCodes, exitCodes } from "../errors.ts";
import type { JobHere } from "../executor/host.ts";
import { inTurn } from "../host/turn.ts";
import { imageOf } from "../image/image.ts";
import { type KeyedImage, ownTags } from "../image/key.ts";
import { readObject } from "../json.ts";
import { printReference, withTag } from "../oci/reference.ts";
import type { Located } from "../run/locate.ts";
import { engineHere } from "./carry-out.ts";
import { buildAlone, builtHere } from "./local.ts";
import type { Session } from "./session.ts";

/** `why` tells in the job's log where it is not. Who waits while another job's build fails, fails as that does. */
export async function built(
  image: KeyedImage,
  why: string,
  here: JobHere,
  session: Session,
): Promise<Located> {
  const { name, key } = image;
  const { log, clock, files } = here.world;
  const { root } = session.project.git;
  const began = clock.now().getTime();
  const failed = `${root}.failed/${name}.json`;
  const build = async (): Promise<string> => {
    const engine = engineHere(session, here.host.tool.name);
    const known = placeOf(here, "trusted").nameOf(image);
    if (await engine.here.has(known)) return printReference(known);
    const { at, of, message } = readObject((await files.read(failed)) ?? "") ?? {};
    if (of === key && Number(at) > began)
      throw new BerthError("BUILD_FAILED", `another job has just built it: ${message}`);
    log.info(`${name} is built here, for ${why}`);
    try {
      return await buildNow(name, here, session, engine);
    } catch (error) {
      if (error instanceof BerthError && errorCodes[error.code] !== exitCodes.unavailable) {
        const note = { at: clock.now().getTime(), of: key, message: error.message };
        await files.write(failed, JSON.stringify(note), 0o600);
      }
      throw error;
    }
  };
  const waits = () => log.info(`${name} is being built by another job, which this one waits for`);
  return builtHere(name, image, await inTurn(`${root}.locks/${name}`, build, waits));
}

function buildNow(name: string, here: JobHere, session: Session, engine: Engine): Promise<string> {
  return buildAlone(name, session, { rev: here.job.git_info.sha }, ({ situation }, images) => {
    const secret = images.find(({ secrets }) => secrets.length > 0);
    if (secret !== undefined) throw noSecrets(secret.name);
    const trust = situation.untrusted === undefined ? "trusted" : "untrusted";
    return { ...placeOf(here, trust), engine };
  });
}

/** Files and variables that secrets are read from would be the host's. */
function noSecrets(name: string): BerthError {
  return new BerthError(
    "SECRET_MISSING",
    `build ${name}: it wants secrets, and a runner's host has none for it`,
    {
      hint: "let a job of the pipeline build it, which has the project's variables",
    },
  );
}

/**
 * Images that this host has built are apart by project, and by whether anybody may believe them. Every layer is made anew,
 * for an engine has one cache for all. Each key has a repository of its own, so that a build takes nothing from jobs.
 */
function placeOf({ host, job }: JobHere, trust: "trusted" | "untrusted"): Here {
  const id = createHash("sha256").update(host.folder).digest("hex").slice(0, 8);
  const base = `berth-executor/${job.job_info.project_id}-${id}/${trust}`;
  const nameOf: Here["nameOf"] = ({ name, key }) =>
    withTag(
      { host: "localhost", path: `${base}/${imageOf(name)}/${key.slice(0, 12)}` },
      ownTags.key(key),
    );
  return { layers: "none", nameOf };
}
