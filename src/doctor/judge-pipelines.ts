/** Does GitLab take the project's CI files, and does every job learn its image? Pure functions over what was read. */

import { count } from "../output/table.ts";
import type { Variable } from "../pipelines/variables.ts";
import { few } from "../printable.ts";
import type { Pipelines } from "./evaluate.ts";
import {
  type DoctorFacts,
  failing,
  type Judgement,
  judgement,
  note,
  ok,
  warning,
} from "./facts.ts";
import { isPlan, type ReadCase, type SeenJob } from "./jobs.ts";
import { jobStart } from "./place.ts";

type Judge = (pipelines: Pipelines, facts: DoctorFacts) => Judgement;

/** Makes a check that has nothing to say where there are no files. */
export function onPipelines(judge: Judge): (facts: DoctorFacts) => Judgement {
  return (facts) => {
    const { pipelines, project } = facts;
    if (pipelines === undefined) {
      const isUsable = project.configuration === undefined;
      const why = isUsable ? "no .gitlab-ci.yml here" : "the configuration cannot be used";
      return note(`not looked at: ${why}`);
    }
    return judge(pipelines, facts);
  };
}

/** What was read, and whether that is all. */
export function judgeFiles({ read, includes, unread }: Pipelines): Judgement {
  const made = read.filter(({ reading }) => "stages" in reading).length;
  const what = `${made} of ${read.length} situations have one`;
  const missing = unread.map((include) => `not read: ${include}`).join("\n");
  if (unread.length > 0) {
    const todo = "give a token (scope read_api) with which GitLab joins the files itself";
    return note(`${what}, as far as the files are here`, missing, todo);
  }
  if (includes.length === 0) {
    const todo = "`berth init --print` shows what to include";
    return note(`${what}, and none includes berth's component`, "", todo);
  }
  return ok(what);
}

const mostLines = 6;

export function listed(lines: readonly string[]): string {
  const more = lines.length - mostLines;
  return [...lines.slice(0, mostLines), ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}

/** Titles of cases, in few words. */
function where(cases: readonly ReadCase[]): string {
  return few(
    cases.map(({ title }) => title),
    1,
  );
}

/** What GitLab says, each message once with the cases in which it does. */
function refusals({ read }: Pipelines, isWanted: (message: string) => boolean) {
  const all = read.flatMap((each) =>
    "errors" in each.reading
      ? each.reading.errors.filter(isWanted).map((message) => ({ message, each }))
      : [],
  );
  const groups = Map.groupBy(all, ({ message }) => message);
  return [...groups].map(([message, group]) => ({ message, cases: group.map(({ each }) => each) }));
}

/** A job that needs one of berth's which is not there: GitLab's words have both names. */
function isAbsentPlan({ includes }: Pipelines, message: string): boolean {
  const needed = /job needs '(.+?)' job, but/.exec(message)?.[1];
  return includes.some(({ jobPrefix }) =>
    ["plan", "images"].some((name) => needed === `${jobPrefix}${name}`),
  );
}

/** The first of each place: others there tell the same of other names. */
function printRefusals(pipelines: Pipelines, found: ReturnType<typeof refusals>): string {
  const placed = found.map((one) => ({ ...one, place: pipelines.refusalPlace(one.message) }));
  const groups = [...Map.groupBy(placed, ({ place, message }) => place ?? message).values()];
  return listed(
    groups.flatMap(([first, ...others]) => {
      if (first === undefined) return [];
      const more = others.length === 0 ? "" : `; and ${others.length} more such`;
      const text = `${first.message} (${where(first.cases)}${more})`;
      return first.place === undefined ? text : `${first.place}: ${text}`;
    }),
  );
}

export function judgeRefused(pipelines: Pipelines): Judgement {
  const found = refusals(pipelines, (message) => !isAbsentPlan(pipelines, message));
  if (found.length === 0) return ok("GitLab would refuse no pipeline");
  const cases = new Set(found.flatMap((one) => one.cases));
  const isSure = pipelines.unread.length === 0;
  return judgement(
    isSure ? "error" : "note",
    `GitLab ${isSure ? "refuses" : "may refuse"} ${count(cases.size, "pipeline")}`,
    printRefusals(pipelines, found),
    "correct what its words name",
  );
}

/** Jobs with a flaw, by name, each with the cases in which it has it. */
function flawed({ read }: Pipelines, flaw: SeenJob["flaw"]) {
  const all = read.flatMap((each) =>
    each.jobs.filter((seen) => seen.flaw === flaw).map((seen) => ({ seen, each })),
  );
  return [...Map.groupBy(all, ({ seen }) => seen.job.name)].map(([name, group]) => ({
    name,
    image: group[0]?.seen.image ?? "",
    cases: group.map(({ each }) => each),
  }));
}

function printFlawed(pipelines: Pipelines, found: ReturnType<typeof flawed>): string {
  return listed(
    found.map(({ name, image, cases }) =>
      withPlace(pipelines, name, `${name}: image ${image || "empty"} (${where(cases)})`),
    ),
  );
}

/** A text about a job, with its file and line before it where it stands in a file here. */
export function withPlace({ placeOf }: Pipelines, job: string, text: string): string {
  const place = placeOf(jobStart(job));
  return place === undefined ? text : `${place}: ${text}`;
}

export function judgeWithoutPlan(pipelines: Pipelines): Judgement {
  const found = flawed(pipelines, "unfed");
  if (found.length === 0) return ok("all jobs in images learn which these are");
  return failing(
    `${count(found.length, "job")} in an image of the project without what the plan says of it`,
    printFlawed(pipelines, found),
    `let ${found.length === 1 ? "it" : "them"} extend ${useOf(pipelines)}, or name ${planNames(pipelines)} in \`needs\`, which replace those that \`extends\` brings; without \`artifacts: false\`, and not left out of \`dependencies\``,
  );
}

function useOf({ includes }: Pipelines): string {
  return `.${includes[0]?.jobPrefix ?? "berth-"}use`;
}

function planNames({ read }: Pipelines): string {
  const plans = read.flatMap(({ jobs }) => jobs.filter(({ job }) => isPlan(job)));
  return [...new Set(plans.map(({ job }) => job.name))].join(", ");
}

export function judgeBeforeBuild(pipelines: Pipelines): Judgement {
  const found = flawed(pipelines, "early");
  if (found.length === 0) return ok("all jobs in images wait for their builds");
  return failing(
    `${count(found.length, "job")} in an image that may not be built yet`,
    printFlawed(pipelines, found),
    `let ${found.length === 1 ? "it" : "them"} extend ${useOf(pipelines)}, or name in \`needs\` beside the plan the job that starts the child pipeline, or a job that waits for it`,
  );
}

export function judgeBeyondPlan(pipelines: Pipelines): Judgement {
  const refused = refusals(pipelines, (message) => isAbsentPlan(pipelines, message));
  const found = flawed(pipelines, "unplanned");
  if (refused.length + found.length === 0)
    return ok("images are planned wherever jobs run in them");
  const cases = [...refused, ...found].flatMap((one) => one.cases);
  const isDefault = cases.some(
    ({ event, isUpstream, occasion }) =>
      event === "push" && isUpstream && occasion.ref === pipelines.project.defaultBranch,
  );
  const hasRules = pipelines.includes.some(({ template }) => template === "rules");
  const publishing =
    isDefault && hasRules
      ? "; for publishing jobs on the default branch by the input `images_on_default_branch: true` of `rules`"
      : "";
  return failing(
    `jobs run in images where none are planned: ${where([...new Set(cases)])}`,
    [printRefusals(pipelines, refused), printFlawed(pipelines, found)].filter(Boolean).join("\n"),
    `plan there too, by the rules of these jobs in the hidden job that \`gate\` names${publishing}; or let them extend ${useOf(pipelines)}-optional, with an image of their own variables`,
  );
}

export function judgeUnknownImage(pipelines: Pipelines, { project }: DoctorFacts): Judgement {
  const found = flawed(pipelines, "unknown");
  if (found.length === 0) return ok("all of the project's images that jobs name are there");
  return failing(
    `${count(found.length, "job")} in an image that the project does not have`,
    printFlawed(pipelines, found),
    `name one of ${project.images.join(", ")}`,
  );
}

/** Jobs that run as planned in some situations, and in an image of no registry of the project in others. */
function otherwhere({ read }: Pipelines) {
  const all = read.flatMap((each) => each.jobs.map((seen) => ({ seen, each })));
  const given = [
    ...read.map(({ occasion }) => occasion.predefined),
    ...all.map(({ seen }) => seen.job.variables),
  ];
  const isRegistry = ({ key }: Variable): boolean => key === "CI_REGISTRY_IMAGE";
  const bases = [...new Set(given.flatMap((some) => some.findLast(isRegistry)?.value ?? []))];
  const isOthers = ({ image = "", planned, flaw }: SeenJob): boolean =>
    planned === undefined && flaw === undefined && !bases.some((base) => image.startsWith(base));
  return [...Map.groupBy(all, ({ seen }) => seen.job.name)].flatMap(([name, group]) => {
    const planned = group.map(({ seen }) => seen.planned).find((one) => one !== undefined);
    const others = group.filter(({ seen }) => isOthers(seen));
    if (planned === undefined || others.length === 0) return [];
    const [other] = others;
    const cases = others.map(({ each }) => each);
    return { name, planned, image: other?.seen.image ?? "the runner's", cases };
  });
}

export function judgeOtherImage(pipelines: Pipelines): Judgement {
  const found = otherwhere(pipelines);
  if (found.length === 0) return ok("no job leaves its planned image in some pipelines");
  const lines = found.map(({ name, planned, image, cases }) =>
    withPlace(pipelines, name, `${name}: ${planned}, but ${image} (${where(cases)})`),
  );
  return warning(
    `${count(found.length, "job")} in the planned image in some pipelines, and in another in others`,
    listed(lines),
    "where the planned one is meant, take away the variables of the job or of its rules that name the other",
  );
}
