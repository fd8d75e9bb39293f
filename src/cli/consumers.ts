/** Looks for jobs that name an image which the project does not have, before any of them runs. */
import type { Tree } from "../context/tree.ts";
import { BerthError, type Problem, printProblem } from "../errors.ts";
import type { World } from "../host/world.ts";
import { gatherFiles } from "../pipelines/gather.ts";
import { knownImages, mayNameUnknown } from "../pipelines/uses.ts";
import type { PipelineFile } from "../pipelines/value.ts";
import type { Session } from "./session.ts";

/**
 * Ends with IMAGE_UNKNOWN in CI, warns elsewhere.
 *
 * Reads the pipeline's files from the state of the project that is planned; asks nobody else.
 */
export async function checkConsumers(
  session: Pick<Session, "world" | "project" | "situation">,
): Promise<void> {
  const { world, project, situation } = session;
  const problems = await findUnknown(session);
  if (problems.length === 0) return;
  if (!situation.ci) {
    for (const problem of problems) world.log.warn(printProblem(problem));
    return;
  }
  const places = problems.length === 1 ? "a place" : `${problems.length} places`;
  const names = project.images.map(({ name }) => name).join(", ");
  throw new BerthError(
    "IMAGE_UNKNOWN",
    `check the images that jobs name: ${places} with one that the project does not have`,
    { hint: `the images are: ${names}`, problems },
  );
}

async function findUnknown({
  world,
  project,
  situation,
}: Pick<Session, "world" | "project" | "situation">): Promise<readonly Problem[]> {
  const env = situation.ci ? world.env : {};
  const { root, files } = await pipelineFiles(project.tree, env);
  const known = knownImages(project.config, project.images, env);
  const texts = [...files.values()].map(({ text }) => text);
  if (!mayNameUnknown(texts, known)) return [];
  const { unknownImages } = await import("../pipelines/consumers.ts");
  return unknownImages(files, root, known);
}

/** The files of the pipeline's configuration, as far as the project itself holds them. */
export async function pipelineFiles(tree: Tree, env: World["env"]) {
  const root = env["CI_CONFIG_PATH"] || ".gitlab-ci.yml";
  // A configuration of another project or host.
  const isElsewhere = /@|:\/\//.test(root);
  const files = isElsewhere ? new Map() : await gatherFiles(tree, root).catch(passOver);
  return { root, files: files as ReadonlyMap<string, PipelineFile> };
}

/** GitLab has read these files already; one that cannot be read here is no reason to stop. */
function passOver(error: unknown): ReadonlyMap<string, PipelineFile> {
  if (error instanceof BerthError) return new Map();
  throw error;
}
