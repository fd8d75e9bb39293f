/** Do the CI files say what hinders images or pipelines? Pure functions over what was read. */
import { givenVariables } from "../config/given.ts";
import { promotedPattern } from "../config/promoted.ts";
import { count } from "../output/table.ts";
import { type Variable, valuesOf } from "../pipelines/variables.ts";
import type { Pipelines } from "./evaluate.ts";
import {
  type DoctorFacts,
  isTrouble,
  type Judgement,
  judgement,
  ok,
  unread,
  warning,
} from "./facts.ts";
import { isPlan, promotes, type ReadCase, type SeenJob, tagsOf } from "./jobs.ts";
import { listed, withPlace } from "./judge-pipelines.ts";
import { keyStart, quotedIn } from "./place.ts";

/** Variables of the YAML that berth's jobs have and should not have. */
function givenToOurs(
  { read }: Pipelines,
  isWanted: (job: SeenJob["job"], key: string) => boolean,
): readonly Variable[] {
  const ours = read.flatMap(({ jobs }) => jobs.filter(({ isOurs }) => isOurs));
  return ours.flatMap(({ job }) => job.variables.filter(({ key }) => isWanted(job, key)));
}

export function judgeLeftTag(pipelines: Pipelines, { config }: DoctorFacts): Judgement {
  const [found] = givenToOurs(pipelines, (job, key) => {
    const prefix = valuesOf(job.variables).get(givenVariables.prefix) || pipelines.project.prefix;
    return isPlan(job) && key === `${prefix}_CONTAINER_TAG`;
  });
  if (found === undefined) return ok("no tag is given to the images in the files");
  const { key, value } = found;
  const isMoved = promotedPattern(config, pipelines.project.defaultBranch)(value);
  return judgement(
    isMoved ? "error" : "warning",
    `${key}: ${value} reaches the plan as if a user had asked for this tag`,
    [pipelines.placeOf(keyStart(key)), isMoved ? "It ends there: `publish` moves that tag." : ""]
      .filter(Boolean)
      .join("\n"),
    "take it out of `variables`: jobs learn their tag from the plan. A job that also runs where nothing is planned may have it under its own `variables`",
  );
}

export function judgeRegistryImage(pipelines: Pipelines): Judgement {
  const names = ["CI_REGISTRY_IMAGE", "CI_REGISTRY"];
  const [found] = givenToOurs(pipelines, (_, key) => names.includes(key));
  if (found === undefined) return ok("images have their place where GitLab says");
  const { key, value } = found;
  return warning(
    `${key} is set to ${value} in the files, so images are looked for and written there`,
    pipelines.placeOf(keyStart(key)) ?? "",
    `give your variable another name; whose images are read besides is said by \`upstream\` in berth.yml`,
  );
}

export function judgeTwoPipelines({ read }: Pipelines): Judgement {
  const of = (event: ReadCase["event"]): readonly string[] => {
    const found = read.find((each) => each.isUpstream && each.event === event);
    if (found === undefined || !("stages" in found.reading)) return [];
    return found.jobs.filter(({ does }) => does === "runs").map(({ job }) => job.name);
  };
  const twice = of("push with request").filter((name) => of("request").includes(name));
  if (twice.length === 0) return ok("a push makes one pipeline, also with a merge request");
  return warning(
    "a push to a branch with a merge request makes two pipelines",
    `in both: ${listed(twice)}`,
    "say by `workflow: rules` which of them is made: `berth help recipes`, merge request pipelines",
  );
}

export function judgeIncludedTwice(pipelines: Pipelines): Judgement {
  const groups = Map.groupBy(
    pipelines.includes,
    ({ template, jobPrefix }) => `${template} with job_prefix ${jobPrefix}`,
  );
  const twice = [...groups].filter(([, group]) => group.length > 1);
  if (twice.length === 0) return ok("each component is included once");
  const [, group = []] = twice[0] ?? [];
  const place = pipelines.placeOf(quotedIn(group[0]?.location.split("/").at(-1) ?? ""));
  return warning(
    `a component is included twice: ${twice.map(([what]) => what).join(", ")}`,
    `${place === undefined ? "" : `${place}\n`}GitLab makes one of both without a word, with the inputs of the second.`,
    "take one of them out, or give it another `job_prefix`",
  );
}

/** Pipelines of upstream that GitLab does not make although they would have promoted, or makes for berth alone. */
export function judgeEmpty({ read }: Pipelines): Judgement {
  const found = read.filter(
    ({ reading, jobs, isUpstream }) =>
      isUpstream &&
      "none" in reading &&
      reading.none === "empty" &&
      jobs.some(({ job }) => promotes(job)),
  );
  const alone = read.filter(
    ({ reading, jobs, event }) =>
      "stages" in reading && event !== "schedule" && jobs.every(({ isOurs }) => isOurs),
  );
  if (found.length + alone.length === 0) return ok("berth's jobs are alone in none");
  if (found.length === 0)
    return warning(
      `berth's jobs are alone in ${count(alone.length, "pipeline")}`,
      listed(alone.map(({ title }) => title)),
      "give the hidden job that `gate` names the rules of the jobs that run in images",
    );
  return warning(
    "no pipeline where images should be refreshed or promoted",
    `${listed(found.map(({ title }) => title))}\nGitLab makes none of nothing but jobs of the stages .pre and .post.`,
    "give the include a `stage` of yours, such as that of the jobs that built images before",
  );
}

export function judgeRunnerTags(pipelines: Pipelines, { gitlab }: DoctorFacts): Judgement {
  const { idleTags } = gitlab;
  const idle = isTrouble(idleTags) ? [] : idleTags;
  const tagged = pipelines.read
    .flatMap(({ jobs }) => jobs.map(({ job }) => ({ name: job.name, tags: tagsOf(job) })))
    .filter(({ tags }) => tags.length > 0);
  const found = Map.groupBy(
    // A variable that nobody defined stands there as it is written.
    tagged.filter(({ tags }) => tags.join().includes("$") || idle.includes(tags.join(","))),
    ({ name, tags }) => `${name}: ${tags.join(", ")}`,
  );
  if (found.size > 0)
    return warning(
      `${count(found.size, "job")} with a tag that no runner has`,
      listed([...found].map(([text, [first]]) => withPlace(pipelines, first?.name ?? "", text))),
      "give a tag of a runner; a variable in `tags` must be defined in the files, if only as empty, for GitLab leaves others as they stand",
    );
  if (tagged.length === 0) return ok("no job asks for one");
  if (!isTrouble(idleTags)) return ok("there are runners with the jobs' tags");
  return unread("whether runners have the jobs' tags", idleTags);
}
