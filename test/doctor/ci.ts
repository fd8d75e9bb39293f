/** A project's CI files as doctor reads them. */
import type { Config } from "../../src/config/config.ts";
import { type Pipelines, readPipelines } from "../../src/doctor/evaluate.ts";
import { sourceOf, templateText } from "../support/ci-files.ts";
import { config } from "../support/keyed.ts";

export type CiTexts = Readonly<Record<string, string>>;

interface Around {
  readonly settings?: Readonly<Record<string, string>>;
  readonly config?: Config;
  readonly images?: readonly string[];
  readonly merged?: string;
  /** Null where nothing tells which project this is. */
  readonly own?: string | null;
}

/** Reads them as qemu-project/qemu, which has the images debian and fedora where nothing else is said. */
export async function readCi(files: CiTexts, around: Around = {}): Promise<Pipelines | undefined> {
  const template = async (name: string) => templateText(name);
  const { merged, settings = {}, own = "qemu-project/qemu" } = around;
  return readPipelines(
    { root: ".gitlab-ci.yml", source: sourceOf(files), merged, template },
    {
      own: own ?? undefined,
      name: "qemu",
      defaultBranch: "main",
      server: "gitlab.example.com",
      registry: "registry.example.com",
      settings,
      config: around.config ?? config({ upstream: "qemu-project" }),
      images: around.images ?? ["debian", "fedora"],
    },
  );
}

export async function pipelinesOf(files: CiTexts, around: Around = {}): Promise<Pipelines> {
  const pipelines = await readCi(files, around);
  if (pipelines === undefined) throw new Error("no .gitlab-ci.yml");
  return pipelines;
}
