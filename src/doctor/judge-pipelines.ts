/** Does GitLab take the project's CI files, and does every job learn its image? Pure functions over what was read. */
import { count } from "../output/table.ts";
import type { Variable } from "../pipelines/variables.ts";
import { few } from "../printable.ts";
import type { Pipelines } from "./evaluate.ts";
import type { DoctorFacts } from "./facts.ts";
import { shownImage } from "./job-image.ts";
import { isPlan, type ReadCase, type SeenJob } from "./jobs.ts";
import { type Judgement, lines, say } from "./judgement.ts";
import { jobStart, placeOf, refusalPlace } from "./place.ts";

type Judge<Name extends string> = Readonly<
  Record<Name, (pipelines: Pipelines, facts: DoctorFacts) => Judgement>
>;

/** Makes checks that have nothing to say where there are no files. */
export function onPipelines<Name extends string>(checks: Judge<Name>) {
  const made = Object.entries<Judge<Name>[Name]>(checks).map(([name, judge]) => {
    const check = (facts: DoctorFacts): Judgement => {
      if (facts.pipelines !== undefined) return judge(facts.pipelines, facts);
      const isUsable = facts.project.configuration === undefined;
      const why = isUsable ? "no .gitlab-ci.yml here" : "the configuration cannot be used";
      return say.note(`not looked at: ${why}`);
    };
    return [name, check] as const;
  });
  return Object.fromEntries(made) as Readonly<Record<Name, (facts: DoctorFacts) => Judgement>>;
}

export const pipelineChecks = onPipelines({
  /** What was read, and whether that is all. */
  pipelines({ read, includes, unread }) {
    const made = read.filter(({ reading }) => "stages" in reading).length;
    const what = `${made} of ${read.length} situations have one`;
    if (unread.length > 0)
      return say.note(
        `${what}, as far as the files are here`,
        lines(...unread.map((include) => `not read: ${include}`)),
        "give a token (scope read_api) with which GitLab joins the files itself",
      );
    if (includes.length > 0) return say.ok(what);
    const todo = "`berth init --print` shows what to include";
    return say.note(`${what}, and none includes berth's component`, "", todo);
  },

  refused(pipelines) {
    const found = refusals(pipelines, (message) => !isAbsentPlan(pipelines, message));
    if (found.length === 0) return say.ok("all that files, jobs and stages name is there");
    const cases = new Set(found.flatMap((one) => one.cases));
    const isSure = pipelines.unread.length === 0;
    return say[isSure ? "error" : "note"](
      `GitLab ${isSure ? "refuses" : "may refuse"} ${count(cases.size, "pipeline")}`,
      printRefusals(pipelines, found),
      `correct what its words name${raised(found)}`,
    );
  },

  "without-plan"(pipelines) {
    const plans = pipelines.read.flatMap(({ jobs }) => jobs.filter(({ job }) => isPlan(job)));
    const names = [...new Set(plans.map(({ job }) => job.name))].join(", ");
    const fixed = flawed(pipelines, "fixed");
    const found = [...flawed(pipelines, "unfed"), ...fixed];
    if (found.length === 0) return say.ok("all jobs in images learn which these are");
    const named = fixed.length === 0 ? "" : ", and say `image:` by the plan's variables";
    return say.error(
      `${count(found.length, "job")} in an image of the project without what the plan says of it`,
      printFlawed(pipelines, found),
      `let ${found.length === 1 ? "it" : "them"} extend ${useOf(pipelines)}, or name ${names} in \`needs\`, which replace those that \`extends\` brings; without \`artifacts: false\`, and not left out of \`dependencies\`${named}`,
    );
  },

  "before-build"(pipelines) {
    const found = flawed(pipelines, "early");
    if (found.length === 0) return say.ok("all jobs in images wait for their builds");
    return say.error(
      `${count(found.length, "job")} in an image that may not be built yet`,
      printFlawed(pipelines, found),
      `let ${found.length === 1 ? "it" : "them"} extend ${useOf(pipelines)}, or name in \`needs\` beside the plan the job that starts the child pipeline, or a job that waits for it`,
    );
  },

  "beyond-plan"(pipelines) {
    const refused = refusals(pipelines, (message) => isAbsentPlan(pipelines, message));
    const found = flawed(pipelines, "unplanned");
    const cases = new Set([...refused, ...found].flatMap((one) => one.cases));
    if (cases.size === 0) return say.ok("images are planned wherever jobs run in them");
    const isDefault = [...cases].some(
      ({ event, isUpstream, occasion }) =>
        event === "push" && isUpstream && occasion.ref === pipelines.project.defaultBranch,
    );
    const hasRules = pipelines.includes.some(({ template }) => template === "rules");
    const publishing =
      isDefault && hasRules
        ? "; for publishing jobs on the default branch by the input `images_on_default_branch: true` of `rules`"
        : "";
    const what = `jobs run in images where none are planned: ${titles([...cases])}`;
    const detail = lines(printRefusals(pipelines, refused), printFlawed(pipelines, found));
    if (pipelines.includes.length === 0)
      return say.error(what, detail, "include the component: `berth init --print` shows how");
    return say.error(
      what,
      detail,
      `plan there too, by the rules of these jobs in the hidden job that \`gate\` names${publishing}; or let them extend ${useOf(pipelines)}-optional, with an image of their own variables`,
    );
  },

  "unknown-image"(pipelines, { project }) {
    const found = flawed(pipelines, "unknown");
    if (found.length === 0) return say.ok("all of the project's images that jobs name are there");
    return say.error(
      `${count(found.length, "job")} in an image that the project does not have`,
      printFlawed(pipelines, found),
      `name one of ${project.images.join(", ")}`,
    );
  },

  "other-image"(pipelines) {
    const found = otherwhere(pipelines);
    if (found.length === 0) return say.ok("no job leaves its planned image in some pipelines");
    const told = found.map(({ name, planned, image, cases }) =>
      withPlace(pipelines, name, `${name}: ${planned}, but ${image} (${titles(cases)})`),
    );
    return say.warning(
      `${count(found.length, "job")} in the planned image in some pipelines, and in another in others`,
      listed(told),
      "where the planned one is meant, take away the variables of the job or of its rules that name the other",
    );
  },
});

/** Limits that only GitLab.com and servers that were left as they came have for certain, and the settings that raise them. */
const limits: readonly (readonly [words: RegExp, setting: string])[] = [
  [/^\S+: one job can only need \d+ others/, "ci_needs_size_limit"],
  [/^Maximum of \d+ nested includes/, "ci_max_includes"],
  [/The parsed YAML is too big$/, "max_yaml_size_bytes"],
];

function raised(found: ReturnType<typeof refusals>): string {
  const met = limits.filter(([words]) => found.some(({ message }) => words.test(message)));
  const settings = met.map(([, setting]) => `\`${setting}\``).join(", ");
  return met.length > 0 ? `; an administrator may have raised the limit (${settings})` : "";
}

const mostLines = 6;

export function listed(all: readonly string[]): string {
  const more = all.length - mostLines;
  return lines(...all.slice(0, mostLines), more > 0 ? `and ${more} more` : "");
}

/** Titles of cases, in few words. */
function titles(cases: readonly ReadCase[]): string {
  return few(
    cases.map(({ title }) => title),
    1,
  );
}

/** A text about a job, with its file and line before it where it stands in a file here. */
export function withPlace({ texts }: Pipelines, job: string, text: string): string {
  const place = placeOf(texts, jobStart(job));
  return place === undefined ? text : `${place}: ${text}`;
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
function printRefusals({ texts }: Pipelines, found: ReturnType<typeof refusals>): string {
  const placed = found.map((one) => ({ ...one, place: refusalPlace(texts, one.message) }));
  const groups = Map.groupBy(placed, ({ place, message }) => place ?? message);
  return listed(
    [...groups.values()].flatMap(([first, ...others]) => {
      if (first === undefined) return [];
      const more = others.length === 0 ? "" : `; and ${others.length} more such`;
      const text = `${first.message} (${titles(first.cases)}${more})`;
      return first.place === undefined ? text : `${first.place}: ${text}`;
    }),
  );
}

/** Jobs with a flaw, by name, each with the cases in which it has it. */
function flawed({ read }: Pipelines, flaw: SeenJob["flaw"]) {
  const all = read.flatMap((each) =>
    each.jobs.filter((seen) => seen.flaw === flaw).map((seen) => ({ seen, each })),
  );
  return [...Map.groupBy(all, ({ seen }) => seen.job.name)].map(([name, group]) => {
    const { seen, each } = group[0]!;
    const image = shownImage(seen.image ?? "", each.occasion);
    return { name, image, cases: group.map((one) => one.each) };
  });
}

function printFlawed(pipelines: Pipelines, found: ReturnType<typeof flawed>): string {
  return listed(
    found.map(({ name, image, cases }) =>
      withPlace(pipelines, name, `${name}: image ${image || "empty"} (${titles(cases)})`),
    ),
  );
}

function useOf({ includes }: Pipelines): string {
  return `.${includes[0]?.jobPrefix ?? "berth-"}use`;
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
    const cases = others.map(({ each }) => each);
    return { name, planned, image: others[0]?.seen.image ?? "the runner's", cases };
  });
}
