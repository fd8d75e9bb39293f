/** What an engine is asked for: context, logins and secrets in files, nothing of value in arguments. */

import { resolve } from "node:path/posix";
import type { Recipe } from "../dockerfile/recipe.ts";
import { BerthError } from "../errors.ts";
import type { Material } from "../image/identify.ts";
import { ownMember } from "../json.ts";
import {
  isLoopbackHost,
  parseReference,
  printRepository,
  type Reference,
  type Repository,
} from "../oci/reference.ts";
import type { PlannedImage } from "../plan/plan.ts";
import type { BuildRequest } from "./engine.ts";
import { hiding } from "./hide.ts";
import type { LayerCache } from "./layers.ts";
import type { Pinned } from "./pin.ts";
import { materialOf, type Tools } from "./tools.ts";

/** One build: the image, what it is made from, the layers that it may take, and the name of what comes of it. */
export interface Build {
  readonly image: PlannedImage;
  /** References by digest of the images of the set that it is built from, by name. */
  readonly parents: ReadonlyMap<string, string>;
  readonly pinned: Pinned;
  readonly layers: LayerCache;
  readonly destination: Reference;
}

/** Hands a request to an engine: its files lie in a private folder meanwhile, its lines in a section of the log. */
export async function withRequest<T>(
  build: Build,
  title: string,
  tools: Tools,
  work: (request: BuildRequest) => Promise<T>,
): Promise<T> {
  const scratch = await tools.machine.files.temporary("berth-build-");
  const section = tools.log.section(build.image.name, title);
  let isFailed = false;
  try {
    return await work({ ...(await layOut(build, scratch.path, tools)), onLine: section.line });
  } catch (error) {
    // What an engine said before it was ended is of no use to whoever ended it.
    isFailed = !(error instanceof BerthError && error.code === "INTERRUPTED");
    throw error;
  } finally {
    section.end(isFailed);
    await scratch.remove();
  }
}

/** Lays out what the engine reads of a build in a private folder, and says what to do with it. */
async function layOut(
  { image, parents, pinned: { dockerfile, notes }, layers, destination }: Build,
  scratch: string,
  tools: Tools,
): Promise<Omit<BuildRequest, "onLine">> {
  const { recipe, contextTar } = materialOf(tools, image.name);
  // BuildKit takes a folder's name for what it is and sends only what seems to differ from the last one of that name.
  const contextFolder = `${scratch}/context-${image.key.slice(0, 16)}`;
  await tools.machine.unpack(contextTar, contextFolder);
  const hosts = hostsOf([destination, ...layers.cacheFrom], parents, recipe, tools);
  const authFile = `${scratch}/auth/config.json`;
  await tools.machine.files.write(authFile, await tools.logins.authFile(hosts), 0o600);
  return {
    name: image.name,
    dockerfile: dockerfile.text,
    source: { file: image.dockerfile, lines: dockerfile.lines, stages: recipe.stages },
    traits: traitsOf(image, recipe, tools),
    notes,
    mounted: mountedBy(recipe),
    contextFolder,
    scratchFolder: scratch,
    args: recipe.args,
    target: recipe.target,
    platform: image.platform,
    destination,
    ...layers,
    ...(await hiddenIn({ image, recipe, destination }, scratch, tools)),
    authFile,
    // Docker too pulls a base on this machine without TLS.
    insecureHosts: [...tools.logins.insecureHosts, ...hosts.filter(isLoopbackHost)],
  };
}

/** The hosts that an engine may ask: for parents and bases, for layers, and to push. */
function hostsOf(
  repositories: readonly Repository[],
  parents: Build["parents"],
  { uses }: Recipe,
  { situation }: Tools,
) {
  const bases = uses.flatMap(({ parent, reference }) => (parent === undefined ? [reference] : []));
  const named = [...bases, ...parents.values()].map(parseReference);
  const all = [...repositories, ...named, situation.upstream ?? []].flat();
  return [...new Set(all.map(({ host }) => host))];
}

/** Triggers that a base brings are instructions like others, and unread. */
function traitsOf({ onbuild }: PlannedImage, { uses, traits }: Recipe, tools: Tools) {
  const parents = uses.flatMap(({ kind, parent }) => (kind === "from" && parent ? [parent] : []));
  const hasTriggers = onbuild || parents.some((name) => materialOf(tools, name).recipe.onbuild);
  return hasTriggers ? { ...traits, expandsArgs: true } : traits;
}

function mountedBy({ sources, stages }: Recipe): BuildRequest["mounted"] {
  const runs = stages.flatMap(({ steps }) => steps.filter(({ keyword }) => keyword === "run"));
  return sources.flatMap((source) => {
    const { line } = source;
    const isMount = runs.some((run) => run.line <= line && line <= run.last);
    return isMount && source.kind === "path" ? [{ path: source.pattern, line }] : [];
  });
}

/** The secrets, each in a file, and what of them and of the args nobody is to read in a log. */
async function hiddenIn(
  { image, recipe, destination }: Pick<Build, "image" | "destination"> & Pick<Material, "recipe">,
  scratch: string,
  { machine }: Tools,
): Promise<Pick<BuildRequest, "secrets" | "hide">> {
  const values = await secretsOf(image, machine);
  const secrets = values.map(async ({ id, value }) => {
    const file = `${scratch}/secrets/${id}`;
    await machine.files.write(file, value, 0o600);
    return { id, file };
  });
  const told = [recipe.hashed, image.name, image.dockerfile, image.platform];
  const hide = hiding(
    values.map(({ value }) => value.toString()),
    recipe.args,
    [...told, printRepository(destination)],
  );
  return { secrets: await Promise.all(secrets), hide };
}

async function secretsOf(image: PlannedImage, machine: Tools["machine"]) {
  return Promise.all(
    image.secrets.map(async (secret) => {
      const [value, what] =
        "env" in secret
          ? [ownMember(machine.env, secret.env), `variable ${secret.env} is not set`]
          : [
              await machine.files.read(resolve(machine.root, secret.file)),
              `file ${secret.file} is not there`,
            ];
      if (value !== undefined) return { id: secret.id, value };
      const doing = `build ${image.name}: ${what}, which one of its secrets is read from`;
      throw new BerthError("SECRET_MISSING", doing, {
        hint: "in CI set it in the project's variables, of which protected ones reach jobs of protected branches and tags alone; or take the secret out of berth.yml",
      });
    }),
  );
}
