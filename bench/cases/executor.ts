/** A job's first line in an image of its commit, with berth as the runner's executor, beside the docker executor and the image's tag. */
import { randomBytes } from "node:crypto";
import { exampleProject, openPlatform, type Platform } from "../../test/platform/coordinator/platform.ts";
import { jobsOf, passed, run, traceOf } from "../../test/platform/coordinator/ran.ts";
import { pushBusybox } from "../../test/support/bases.ts";
import { temporaryFolder } from "../../test/support/services.ts";
import { atMost, type Case } from "../case.ts";
import { inTurns } from "../measure.ts";

export const firstLine: Case = {
  name: "executor",
  async run({ quick, berth }) {
    const folder = await temporaryFolder("berth-executor-");
    const flags = [`--folder=${folder.path}`, "--build", "--host-network"];
    const runners = { berth: { berth: flags }, docker: { docker: [] } };
    const platform = await openPlatform(runners, berth);
    try {
      await pushBusybox(platform.bases.host, "library/debian", "13-slim");
      const image = `${platform.bases.host}/library/debian:13-slim`;
      const peer = await jobIn(platform, { image, tags: ["docker"] });
      const times = await inTurns(
        quick ? 3 : 15,
        peer,
        await jobIn(platform, { image: "berth://debian", tags: ["berth"] }),
      );
      return [
        {
          name: this.name,
          latencyMs: 0,
          peer: "docker executor",
          ...times,
          requests: undefined,
          goal: atMost(1.2),
          note: "from the job's start to its script's first line, by the times in its log; the image is on the host, as for all but the first job",
        },
      ];
    } finally {
      await platform.stop();
      await folder.remove();
    }
  },
};

/** Gives what runs such a job in a project of its own, and tells how long its script's first line took. */
async function jobIn(platform: Platform, job: object): Promise<() => Promise<number>> {
  const path = `acme/${randomBytes(4).toString("hex")}`;
  const actor = await exampleProject(platform, "executor", path, {});
  const config = { job: { ...job, script: "echo begun" } };
  await actor.commit("main", { ".gitlab-ci.yml": JSON.stringify(config) });
  return async () => {
    const { pipeline } = passed(await run(platform, actor.project));
    const [only] = jobsOf(pipeline);
    if (only === undefined) throw new Error("the pipeline has no job");
    const lines = traceOf(only).split("\n");
    const at = (line = "") => Date.parse(/^\S+Z/.exec(line)?.[0] ?? "");
    return at(lines.find((line) => /Z 01O[ +]begun/.test(line))) - at(lines[0]);
  };
}
