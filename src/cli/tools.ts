/** Puts together what carrying out a plan needs. */

import type { Engine } from "../engine/engine.ts";
import { chooseEngine } from "../engine/select.ts";
import { type BaseFacts, lookUpBase } from "../execute/bases.ts";
import type { Tools } from "../execute/tools.ts";
import type { Material } from "../image/identify.ts";
import type { Manifest } from "../oci/manifest.ts";
import type { Plan } from "../plan/plan.ts";
import type { Session, SessionOptions } from "./session.ts";

/** Tools whose engine, logins and base facts are found when they are first needed, and then kept. */
export function makeTools(
  session: Session,
  options: SessionOptions,
  plan: Plan,
  materials: ReadonlyMap<string, Material>,
  keep: (name: string, manifest: Manifest) => void,
): Tools {
  const { world, login } = session;
  // A job of the child pipeline has another pipeline's number than the plan.
  const situation = { ...session.situation, pipeline: plan.pipeline ?? session.situation.pipeline };
  const bases = new Map<string, Promise<BaseFacts>>();
  let engine: Promise<Engine> | undefined;
  return {
    registry: login.registry,
    engine: () => {
      engine ??= findEngine(session, options);
      return engine;
    },
    files: world.files,
    root: session.project.git.root,
    clock: world.clock,
    log: world.log,
    situation,
    revision: plan.revision,
    planned: plan.images,
    material: (name) => {
      const material = materials.get(name);
      if (material === undefined) throw new TypeError(`no material for ${name}`);
      return material;
    },
    unpack: async (tar, folder) => {
      const { makeFolder, unpackTar } = await import("../host/unpack.ts");
      await makeFolder(folder);
      if (tar !== undefined) await unpackTar(tar, folder);
    },
    authFile: async (hosts) => (await login.credentials()).authFileFor(hosts),
    insecureHosts: login.insecureHosts,
    env: world.env,
    base: (name, platform) => {
      const id = `${platform} ${name}`;
      const known = bases.get(id) ?? lookUpBase(name, platform, login.registry);
      bases.set(id, known);
      return known;
    },
    keep,
  };
}

async function findEngine({ world, project }: Session, options: SessionOptions): Promise<Engine> {
  const [{ buildah }, { docker }] = await Promise.all([
    import("../engine/buildah.ts"),
    import("../engine/docker.ts"),
  ]);
  const { run, files, clock, env } = world;
  // A signal must end the programs that a build starts.
  world.guard();
  const network = env["BERTH_BUILD_NETWORK"];
  const shared = { run, files, clock, env, ...(network ? { network } : {}) };
  return chooseEngine(options.engine ?? project.config.engine, {
    buildah: buildah(shared),
    docker: docker(shared),
  });
}
