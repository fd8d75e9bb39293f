/** Do the CI files say what hinders images or pipelines? Pure functions over what was read. */
import { givenVariables } from "../config/config.ts";
import { promotedPattern } from "../config/promoted.ts";
import { count } from "../output/table.ts";
import { type Variable, valuesOf } from "../pipelines/variables.ts";
import { few } from "../printable.ts";
import type { Pipelines } from "./evaluate.ts";
import { type DoctorFacts, isFork } from "./facts.ts";
import { isPlan, promotes, type ReadCase, type SeenJob } from "./jobs.ts";
import { listed, onPipelines, withPlace } from "./judge-pipelines.ts";
import { type Checks, isTrouble, lines, say, troubleText } from "./judgement.ts";
import { keyStart, placeOf, quotedIn } from "./place.ts";

/** Variables of the YAML that berth's jobs have and should not have. */
function givenToOurs(
  read: Pipelines["read"],
  isWanted: (job: SeenJob["job"], key: string) => boolean,
): readonly Variable[] {
  const ours = read.flatMap(({ jobs }) => jobs.filter(({ isOurs }) => isOurs));
  return ours.flatMap(({ job }) => job.variables.filter(({ key }) => isWanted(job, key)));
}

export const fileChecks = onPipelines({
  "left-tag"({ project, texts, read }, { config }) {
    const [found] = givenToOurs(read, (job, key) => {
      const prefix = valuesOf(job.variables).get(givenVariables.prefix) || project.prefix;
      return isPlan(job) && key === `${prefix}_CONTAINER_TAG`;
    });
    if (found === undefined) return say.ok("no tag is given to the images in the files");
    const { key, value } = found;
    const isMoved = promotedPattern(config, project.defaultBranch)(value);
    return say[isMoved ? "error" : "warning"](
      `${key}: ${value} reaches the plan as if a user had asked for this tag`,
      lines(
        placeOf(texts, keyStart(key)),
        isMoved ? "It ends there: `publish` moves that tag." : "",
      ),
      "take it out of `variables`: jobs learn their tag from the plan. A job that also runs where nothing is planned may have it under its own `variables`",
    );
  },

  "registry-image"({ read, texts }) {
    const names = ["CI_REGISTRY_IMAGE", "CI_REGISTRY"];
    const [found] = givenToOurs(read, (_, key) => names.includes(key));
    if (found === undefined) return say.ok("images have their place where GitLab says");
    const { key, value } = found;
    return say.warning(
      `${key} is set to ${value} in the files, so images are looked for and written there`,
      placeOf(texts, keyStart(key)),
      "give your variable another name; whose images are read besides is said by `upstream` in berth.yml",
    );
  },

  "two-pipelines"({ read }) {
    const of = (event: ReadCase["event"]): readonly string[] => {
      const found = read.find((each) => each.isUpstream && each.event === event);
      if (found === undefined || !("stages" in found.reading)) return [];
      return found.jobs.filter(({ does }) => does === "runs").map(({ job }) => job.name);
    };
    const requested = of("request");
    const twice = of("push with request").filter((name) => requested.includes(name));
    if (twice.length === 0) return say.ok("a push makes one pipeline, also with a merge request");
    return say.warning(
      "a push to a branch with a merge request makes two pipelines",
      `in both: ${listed(twice)}`,
      "say by `workflow: rules` which of them is made: `berth help recipes`, merge request pipelines",
    );
  },

  "included-twice"({ read, texts }) {
    const [found] = read.flatMap(({ title, included }) => {
      const all = Map.groupBy(
        included,
        (one) => `${one.template} with job_prefix ${one.jobPrefix}`,
      );
      return [...all].flatMap(([what, [one, again]]) =>
        one === undefined || again === undefined ? [] : [{ what, one, title }],
      );
    });
    if (found === undefined) return say.ok("each component is included once");
    return say.warning(
      `a component is included twice: ${found.what}`,
      lines(
        placeOf(texts, quotedIn(found.one.location.split("/").at(-1) ?? "")),
        `For ${found.title} GitLab makes one of both without a word, with the inputs of the second.`,
      ),
      "take one of them out, or give it another `job_prefix`",
    );
  },

  /** Pipelines of upstream that GitLab does not make although they would have promoted, or makes for berth alone. */
  "empty-pipeline"({ read }) {
    const found = read.filter(
      ({ reading, jobs, isUpstream }) =>
        isUpstream &&
        "none" in reading &&
        reading.none === "empty" &&
        jobs.some(({ job }) => promotes(job)),
    );
    if (found.length > 0)
      return say.warning(
        "no pipeline where images should be refreshed or promoted",
        `${listed(found.map(({ title }) => title))}\nGitLab makes none of nothing but jobs of the stages .pre and .post.`,
        "give the include a `stage` of yours, such as that of the jobs that built images before",
      );
    const alone = read.filter(
      ({ reading, jobs, event }) =>
        "stages" in reading && event !== "schedule" && jobs.every(({ isOurs }) => isOurs),
    );
    if (alone.length === 0) return say.ok("berth's jobs are alone in none");
    return say.warning(
      `berth's jobs are alone in ${count(alone.length, "pipeline")}`,
      listed(alone.map(({ title }) => title)),
      "give the hidden job that `gate` names the rules of the jobs that run in images",
    );
  },

  /** A variable that nobody defined stands there as it is written. */
  "runner-tags"(pipelines) {
    const jobs = pipelines.read.flatMap((each) => each.jobs.map(({ job }) => job));
    const found = Map.groupBy(
      jobs.filter(({ tags = [] }) => tags.join().includes("$")),
      ({ name, tags = [] }) => `${name}: ${tags.join(", ")}`,
    );
    if (found.size === 0) return say.ok("no tag is a variable that nobody defined");
    return say.warning(
      `${count(found.size, "job")} with a tag that no runner has`,
      listed([...found].map(([text, [first]]) => withPlace(pipelines, first?.name ?? "", text))),
      "define the variable in the files, if only as empty, for GitLab leaves others as they stand; or give a tag of a runner",
    );
  },
});

export const scheduleChecks = {
  /** Is what upstream's schedules refresh tested there, and is there one at all? */
  schedules({ config, situation, pipelines, gitlab: { schedules } }) {
    if (isFork(situation)) return say.ok("not a matter of this fork");
    if (config.refresh === undefined)
      return say.ok("nothing is refreshed in them (`refresh: false`)");
    if (!isTrouble(schedules) && schedules.length === 0)
      return say.note(
        "there is none, so updates of distributions reach no image whose key stays",
        "In a pipeline schedule images are built again that are too old or whose base moved.",
        "add one: Build > Pipeline schedules, owned by somebody who may push the tags",
      );
    const where = isTrouble(schedules)
      ? `Whether there is a schedule could not be read.\n${troubleText(schedules)}`
      : `They run on ${[...new Set(schedules)].join(", ")}.`;
    const tests = pipelines && testsInSchedules(pipelines);
    if (tests === undefined)
      return say.note("which jobs run in them is not known from the files here", where);
    if (tests.length > 0)
      return say.ok(`${few(tests, 1)} may run in them, where images are refreshed`);
    return say.warning(
      "no job runs in them, so nothing tests the images that they refresh",
      `${where}\n\`berth promote\` refuses what no job has tested where GitLab tells it; older GitLab tells no job token of a project that is not public.`,
      "let some jobs that run in the images run in upstream's schedules (with the component rules by the flag _SCHEDULED: 1), or set `refresh: false`",
    );
  },
} satisfies Checks<DoctorFacts>;

/** Jobs that run in images there and hold promotion back where they fail; `undefined` where others may that the files at hand do not tell. */
function testsInSchedules({ read, includes, unread }: Pipelines): readonly string[] | undefined {
  const schedule = read.find(({ event, isUpstream }) => event === "schedule" && isUpstream);
  const tests = (schedule?.jobs ?? []).filter(
    ({ does, planned, isOurs, job }) =>
      does === "runs" && planned !== undefined && !isOurs && !job.allowFailure,
  );
  const isRefused = schedule !== undefined && "errors" in schedule.reading;
  const isUnsure = isRefused || unread.length > 0 || includes.length === 0;
  return tests.length === 0 && isUnsure ? undefined : tests.map(({ job }) => job.name);
}
