/** Which engine builds. */
import { BerthError } from "../errors.ts";
import type { Engine } from "./engine.ts";

export type EngineSetting = "auto" | Engine["name"];

/**
 * The engine that the setting names, or for `auto` buildah where it works and else docker; checked, so it can be
 * used at once.
 */
export async function chooseEngine(
  setting: EngineSetting,
  engines: Readonly<Record<Engine["name"], Engine>>,
): Promise<Engine> {
  if (setting !== "auto") {
    await engines[setting].check();
    return engines[setting];
  }
  const buildah = await problemOf(engines.buildah);
  if (buildah === undefined) return engines.buildah;
  const docker = await problemOf(engines.docker);
  if (docker === undefined) return engines.docker;
  if (buildah.code !== "ENGINE_MISSING") throw buildah;
  if (docker.code !== "ENGINE_MISSING") throw docker;
  throw new BerthError(
    "ENGINE_MISSING",
    "look for an engine: neither buildah nor docker is installed",
    {
      hint: "install one: apt-get install buildah netavark, or apk add buildah",
    },
  );
}

async function problemOf(engine: Engine): Promise<BerthError | undefined> {
  try {
    await engine.check();
    return undefined;
  } catch (error) {
    if (error instanceof BerthError) return error;
    throw error;
  }
}
