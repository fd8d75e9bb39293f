/** Where the proof for adopted images comes from: GitLab's API, git, and what jobs keep. */
import { BerthError } from "../errors.ts";
import type { KeyedImage } from "../image/key.ts";
import { withAdoptions } from "../plan/adoption.ts";
import type { Observation } from "../plan/observe.ts";
import { ownBase } from "../plan/situation.ts";
import { sameFiles } from "./ancestry.ts";
import { gitlabOf } from "./login.ts";
import type { Session } from "./session.ts";

/** Adds adopted images to what was seen; `revision` is the commit that is built now. */
export function adopt(
  images: readonly KeyedImage[],
  observation: Observation,
  session: Session,
  revision: string,
  output: string,
): Promise<Observation> {
  const { project, situation, login } = session;
  const isSame = sameFiles(project.git);
  return withAdoptions(images, observation, ownBase(situation), project.config.repository, {
    registry: login.registry,
    gitlab: () => openOwn(session),
    hasSameFiles: async (commit) => commit === revision || isSame(commit, revision),
    outcomes: `${output}/outcome`,
  });
}

async function openOwn({ world, project }: Session) {
  const port = await gitlabOf(world, project.config.prefix);
  const number = Number(world.env["CI_PROJECT_ID"]);
  if (port === undefined || !Number.isSafeInteger(number) || number <= 0) {
    throw new BerthError(
      "GITLAB_ANSWER",
      "ask GitLab for the job that built it: it is not known here",
      {
        hint: "CI_SERVER_URL and CI_PROJECT_ID must be set, as they are in every job",
      },
    );
  }
  return { port, project: number };
}
