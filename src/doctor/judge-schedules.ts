/** Is what upstream's schedules refresh tested there, and is there one at all? */
import { type Facts, isFork, isTrouble } from "./facts.ts";
import { type Verdict, verdict } from "./finding.ts";
import { troubleText } from "./judge-rights.ts";

export function judgeSchedules({ config, situation, project, gitlab }: Facts): Verdict {
  const { refresh } = config;
  const { scheduledJobs } = project;
  const { schedules } = gitlab;
  if (isFork(situation)) return verdict("ok", "not a matter of this fork");
  if (refresh === undefined)
    return verdict("ok", "nothing is refreshed in them (`refresh: false`)");
  if (!isTrouble(schedules) && schedules.length === 0) {
    return verdict(
      "note",
      "there is none, so updates of distributions reach no image whose key stays",
      "In a pipeline schedule images are built again that are too old or whose base moved.",
      "add one: Build > Pipeline schedules, owned by somebody who may push the tags",
    );
  }
  const where = isTrouble(schedules)
    ? `Whether there is a schedule could not be read.\n${troubleText(schedules)}`
    : `They run on ${[...new Set(schedules)].join(", ")}.`;
  if (scheduledJobs === undefined)
    return verdict("note", "which jobs run in them is not known: no .gitlab-ci.yml here", where);
  if (scheduledJobs.length > 0)
    return verdict("ok", `${namesOf(scheduledJobs)} may run in them, where images are refreshed`);
  return verdict(
    "warning",
    "no job runs in them, so nothing tests the images that they refresh",
    `${where}\n\`berth promote\` refuses what no job has tested where GitLab tells it; older GitLab tells no job token of a project that is not public.`,
    "let some jobs that run in the images run in upstream's schedules (with the component rules by the flag _SCHEDULED: 1), or set `refresh: false`",
  );
}

function namesOf(jobs: readonly string[]): string {
  const [first = "", ...others] = jobs;
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
