/** 25 images that exist in the benchmark's registry, and the project that they belong to. */
import { execFileSync } from "node:child_process";
import { ownTags } from "../src/image/key.ts";
import { type BenchRegistry, jobEnvironment, startBenchRegistry } from "./registry.ts";
import { type BenchRepository, makeRepository, qemuLikeDockerfiles } from "./repository.ts";

export const upstream = "group/project";

export interface Shelf {
  readonly registry: BenchRegistry;
  readonly repository: BenchRepository;
  readonly images: readonly { readonly name: string; readonly key: string }[];
  close(): Promise<void>;
}

export interface ShelfImages {
  readonly layers: number;
  /** So many of the images have layers of `layerBytes`, for a peer that reads those. */
  readonly large?: number;
  readonly layerBytes?: number;
}

export async function openShelf(
  berth: string,
  latencyMs: number,
  { layers, large = 0, layerBytes = 0 }: ShelfImages,
  configuration?: string,
): Promise<Shelf> {
  const files = configuration === undefined ? [] : [["berth.yml", configuration] as const];
  const repository = makeRepository([...files, ...qemuLikeDockerfiles(25)]);
  const registry = await startBenchRegistry(latencyMs);
  const output = execFileSync(process.execPath, [berth, "key", "--json"], { cwd: repository.path });
  const { images } = JSON.parse(output.toString()) as Pick<Shelf, "images">;
  await registry.send({
    kind: "seed",
    images: images.map(({ name, key }, number) => ({
      path: `${upstream}/${name}`,
      tag: ownTags.key(key),
      layers,
      layerBytes: number < large ? layerBytes : 0,
    })),
  });
  const close = async () => {
    await registry.stop();
    repository.remove();
  };
  return { registry, repository, images, close };
}

/** `berth ensure` as a job of a project; further variables win. */
export function ensure(
  berth: string,
  { registry, repository }: Shelf,
  project: string,
  more: Record<string, string> = {},
) {
  return {
    command: process.execPath,
    args: [berth, "ensure"],
    cwd: repository.path,
    env: { ...jobEnvironment(registry, project), ...more },
  };
}
