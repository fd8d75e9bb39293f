/** The tool images as the Dockerfile makes them, built by berth itself once per content and kept between runs. */
import { createHash } from "node:crypto";
import { readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument } from "yaml";
import { machineBuildah, type TestEngine } from "../example/engines.ts";
import { basesFolder, locked } from "./bases.ts";
import { berth, type Env, succeed } from "./command.ts";
import { startDockerRegistry } from "./docker-registry.ts";
import { nodeLayers, pushNode, pushTrixie } from "./node-base.ts";
import { program } from "./programs.ts";
import { temporaryFolder } from "./services.ts";

const top = fileURLToPath(new URL("../..", import.meta.url));

export interface ToolImage {
  /** Pushes it to a registry on loopback, such as `127.0.0.1:5123/tools/berth:1`, with a login `USER:PASSWORD`. */
  push(reference: string, login?: string): Promise<void>;
}

/** The tool images of the files as they are now; to build them takes two minutes, to find them again a second. */
export async function toolImages(): Promise<ReadonlyMap<string, ToolImage>> {
  const { images } = await keysOf();
  const layers = await nodeLayers();
  const content = [...images.map(({ key }) => key), ...layers.map(({ digest }) => digest)];
  const id = createHash("sha256").update(content.join(" ")).digest("hex").slice(0, 16);
  const kept = join(await basesFolder(), `tool-${id}`);
  await locked(kept, async () => {
    if ((await stat(kept).catch(() => undefined)) === undefined) await makeTools(kept);
  });
  const now = new Date();
  await utimes(kept, now, now);
  return new Map(images.map(({ name }) => [name, toolImage(`oci:${kept}:${name}`)]));
}

async function makeTools(kept: string): Promise<void> {
  await removeOld(dirname(kept));
  const folder = await temporaryFolder("berth-tool-");
  const registry = await startDockerRegistry();
  try {
    const place = await placeFor(registry.host, folder.path);
    const engine = await machineBuildah(join(folder.path, "engine"));
    const references = await buildTools(place, engine, "tools").finally(engine.stop);
    const draft = join(folder.path, "layout");
    for (const [name, reference] of references)
      await skopeo("--src-tls-verify=false", `docker://${reference}`, `oci:${draft}:${name}`);
    await rename(draft, kept);
  } finally {
    await registry.stop();
    await folder.remove();
  }
}

function toolImage(source: string): ToolImage {
  return {
    push: async (reference, login) => {
      const flags = login === undefined ? [] : [`--dest-creds=${login}`];
      await skopeo("--dest-tls-verify=false", ...flags, source, `docker://${reference}`);
    },
  };
}

/** Where a build of the tool images finds its bases and leaves its results. */
export interface ToolPlace {
  readonly host: string;
  /** berth.yml with the stand-ins for the bases. */
  readonly config: string;
}

/** Pushes the bases to a registry and writes a configuration that names them, less some of the images. */
export async function placeFor(
  host: string,
  folder: string,
  without: readonly string[] = [],
): Promise<ToolPlace> {
  await pushTrixie(host);
  await pushNode(host);
  const document = parseDocument(await readFile(join(top, "berth.yml"), "utf8"));
  document.setIn(["defaults", "args", "BASES"], `${host}/bases`);
  for (const name of without) document.deleteIn(["images", name]);
  const config = join(folder, "berth.yml");
  await writeFile(config, String(document));
  return { host, config };
}

async function keysOf(): Promise<Keys> {
  const { code, stdout, stderr } = await berth(["key", "--json"], here({}));
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Keys;
}

interface Keys {
  readonly images: readonly { readonly name: string; readonly key: string }[];
}

/** Builds the images with `berth ensure` from this very checkout, and gives their references by digest. */
export async function buildTools(
  { host, config }: ToolPlace,
  engine: Pick<TestEngine, "name" | "env">,
  path: string,
): Promise<ReadonlyMap<string, string>> {
  const output = `${config}-${basename(path)}`;
  const flags = ["--engine", engine.name, "--allow-dirty", "--output", output, "--json"];
  const args = ["--config", config, "--registry", `${host}/${path}`, "ensure", ...flags];
  // Nobody goes on from their layers, which to pack for a cache takes as long as all else.
  const env = { ...engine.env, BERTH_FORCE_REBUILD: "1" };
  const { code, stdout, stderr } = await berth(args, { cwd: top, env });
  if (code !== 0) throw new Error(`berth ensure ended with ${code}:\n${stderr.slice(-4000)}`);
  const { outcomes } = JSON.parse(stdout) as Ensured;
  return new Map(outcomes.map(({ name, reference }) => [name, reference]));
}

interface Ensured {
  readonly outcomes: readonly { readonly name: string; readonly reference: string }[];
}

function here(env: Env) {
  return { cwd: top, env: { PATH: process.env["PATH"] ?? "", HOME: "/root", ...env } };
}

function skopeo(...args: readonly string[]): Promise<string> {
  return succeed(program("skopeo"), ["copy", "--quiet", "--insecure-policy", ...args]);
}

/** Images of earlier contents that nobody has used for an hour. */
async function removeOld(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^tool-[0-9a-f]{16}$/.test(name));
  for (const name of names) {
    const path = join(folder, name);
    const used = (await stat(path)).mtimeMs;
    if (Date.now() - used > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}
