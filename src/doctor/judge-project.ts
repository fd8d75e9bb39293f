/** Is what the project says of itself usable, do the variables say what they should, and are the overrides meant? */
import { printRepository } from "../oci/reference.ts";
import { count } from "../output/table.ts";
import { imageVariable, printDotenv } from "../plan/variables.ts";
import { few } from "../printable.ts";
import type { Pipelines } from "./evaluate.ts";
import {
  type DoctorFacts,
  failing,
  isFork,
  isTrouble,
  type Judgement,
  note,
  ok,
  troubleText,
  warning,
} from "./facts.ts";

export function judgeConfiguration({ config, project }: DoctorFacts): Judgement {
  const { configuration } = project;
  if (configuration !== undefined) {
    const todo = configuration.todo ?? "correct the file";
    return failing("the configuration cannot be used", configuration.trouble, todo);
  }
  const { file } = config;
  return ok(file === undefined ? "no file, the defaults hold" : `${file} is valid`);
}

export function judgeImages({ project }: DoctorFacts): Judgement {
  const { configuration, identified, images, warnings } = project;
  if (configuration !== undefined)
    return note("not looked for, since the configuration cannot be used");
  if (identified !== undefined) {
    return failing("their keys cannot be computed", identified.trouble, identified.todo);
  }
  if (images.length === 0) {
    const todo = "name the Dockerfiles under `images` in berth.yml";
    return warning("there is none", "", todo);
  }
  const what = `${count(images.length, "image")}, all keys computed`;
  if (warnings.length === 0) return ok(what);
  return warning(
    `${what}, with ${count(warnings.length, "warning")}`,
    warnings.join("\n"),
    "correct what they name",
  );
}

/** GitLab's limit where nobody raised it (gitlab docs: dotenv). */
const selfManagedVariables = 20;

export function judgeDotenv(facts: DoctorFacts): Judgement {
  const { config, project } = facts;
  const { reference, dotenv } = config;
  if (reference !== "digest") {
    return ok(`two variables for any number of images (\`reference: ${reference}\`)`);
  }
  const variables = promisedVariables(facts);
  const bytes = Buffer.byteLength(printDotenv(variables));
  const isBaseKnown = (facts.situation.own ?? facts.situation.upstream) !== undefined;
  const size = isBaseKnown ? `at most ${bytes} bytes` : `${bytes} bytes and the registry's name`;
  const need = `${count(project.images.length, "variable")} and ${size}`;
  const limits = `${dotenv.maxVariables} variables and ${dotenv.maxBytes} bytes`;
  const todo = "set `reference: tag` in berth.yml: two variables for any number of images";
  if (project.images.length > dotenv.maxVariables || bytes > dotenv.maxBytes) {
    return failing(`the plan job needs ${need}, more than ${limits}`, "", todo);
  }
  const isPublicHost = facts.variables.serverHost === "gitlab.com";
  if (project.images.length > selfManagedVariables && !isPublicHost) {
    const detail = `Self-managed GitLab takes ${selfManagedVariables} where nobody raised it (plan limit dotenv_variables); over the limit the plan job fails at its upload.`;
    return warning(`the plan job needs ${need}`, detail, `${todo}; or ask the admins`);
  }
  return ok(`the plan job needs ${need}, GitLab takes ${limits}`);
}

/** As long as they can become: every image by its digest, in the registry with the longer name. */
function promisedVariables({
  config,
  situation,
  project,
}: DoctorFacts): Readonly<Record<string, string>> {
  const bases = [situation.own, situation.upstream].map((base) =>
    base === undefined ? "" : printRepository(base),
  );
  const base = bases.sort((a, b) => b.length - a.length)[0] ?? "";
  return Object.fromEntries(
    project.images.map((name) => {
      const path = config.repository.replaceAll("{name}", name);
      return [imageVariable(config.prefix, name), `${base}/${path}@sha256:${"0".repeat(64)}`];
    }),
  );
}

/** Is what upstream's schedules refresh tested there, and is there one at all? */
export function judgeSchedules({ config, situation, pipelines, gitlab }: DoctorFacts): Judgement {
  const { refresh } = config;
  const { schedules } = gitlab;
  const scheduledJobs = pipelines && testsInSchedules(pipelines);
  if (isFork(situation)) return ok("not a matter of this fork");
  if (refresh === undefined) return ok("nothing is refreshed in them (`refresh: false`)");
  if (!isTrouble(schedules) && schedules.length === 0) {
    return note(
      "there is none, so updates of distributions reach no image whose key stays",
      "In a pipeline schedule images are built again that are too old or whose base moved.",
      "add one: Build > Pipeline schedules, owned by somebody who may push the tags",
    );
  }
  const where = isTrouble(schedules)
    ? `Whether there is a schedule could not be read.\n${troubleText(schedules)}`
    : `They run on ${[...new Set(schedules)].join(", ")}.`;
  if (scheduledJobs === undefined)
    return note("which jobs run in them is not known from the files here", where);
  if (scheduledJobs.length > 0)
    return ok(`${few(scheduledJobs, 1)} may run in them, where images are refreshed`);
  return warning(
    "no job runs in them, so nothing tests the images that they refresh",
    `${where}\n\`berth promote\` refuses what no job has tested where GitLab tells it; older GitLab tells no job token of a project that is not public.`,
    "let some jobs that run in the images run in upstream's schedules (with the component rules by the flag _SCHEDULED: 1), or set `refresh: false`",
  );
}

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

export function judgeRegistry({ situation, variables, gitlab }: DoctorFacts): Judgement {
  const { own, ci } = situation;
  if (variables.situation !== undefined) {
    const { trouble, todo } = variables.situation;
    return failing("the registry base cannot be read", trouble, todo);
  }
  const isDisabled = !isTrouble(gitlab.own) && gitlab.own?.registry === "disabled";
  const enable =
    "switch on the container registry: Settings > General > Visibility, project features";
  if (isDisabled) return failing("the project's container registry is off", "", enable);
  if (own !== undefined) return ok(printRepository(own));
  if (ci) {
    const detail = "CI_REGISTRY_IMAGE is not set, which GitLab sets where the registry is on.";
    return failing("none is known", detail, enable);
  }
  const todo = "give --registry host/path, or set `registry` in berth.yml, to plan against it";
  return note("none is known: keys and `explain` work, images are not looked for", "", todo);
}

export function judgeUpstream(facts: DoctorFacts): Judgement {
  const { config, situation, variables, gitlab } = facts;
  const name = `${config.prefix}_UPSTREAM`;
  if (
    situation.upstream === undefined &&
    variables.upstream !== undefined &&
    situation.role === "fork"
  ) {
    const todo = `give ${name} as a namespace, a full project path, or host/path`;
    return failing(`${name} leads to no registry`, variables.upstream, todo);
  }
  if (variables.ignored) {
    const what = `${name} names another project and is ignored`;
    const detail = "The configuration calls this project upstream, and no variable changes that.";
    return warning(what, detail, `take ${name} out of the settings or the pipeline`);
  }
  if (situation.upstream === undefined) return judgeNoUpstream(facts, name);
  const base = printRepository(situation.upstream);
  if (situation.role === "upstream")
    return ok(`this project plays upstream; ${base} is read beside it`);
  if (gitlab.upstream === undefined) {
    const detail =
      "GitLab shows no project of that path: it has another name, is private, or its registry base lies deeper.";
    return note(base, detail);
  }
  return ok(base);
}

/** Without one this project is upstream, which a fork hardly ever wants to be. */
function judgeNoUpstream({ situation, gitlab, config }: DoctorFacts, name: string): Judgement {
  if (situation.own === undefined && situation.role === "local" && config.upstream !== undefined)
    return note("not looked for: no registry is known");
  if (situation.role === "local") return note("none beside the own registry is read");
  if (isTrouble(gitlab.own) || gitlab.own === undefined)
    return ok("this project is upstream", "Whether it is a fork could not be seen.");
  const parent = gitlab.own.forkedFrom;
  if (parent === undefined) return ok("this project is upstream");
  return warning(
    `this is a fork of ${parent.path}, and plays upstream`,
    "It builds and stores every image itself.",
    `set \`upstream: ${parent.path}\` in berth.yml (the fork inherits it), or the CI variable ${name}`,
  );
}

export function judgeContainerTag({ config, variables }: DoctorFacts): Judgement {
  const name = `${config.prefix}_CONTAINER_TAG`;
  const set = variables.containerTag;
  if (set === undefined) return ok(`${name} is not set`);
  const detail = `A value in the project's settings or the pipeline's variables wins over what the plan job says. Where this job follows the plan job, it is that job's.`;
  const todo = `take ${name} out of the YAML and the settings, unless every image is meant to have this tag`;
  if (set.trouble !== undefined) {
    const { trouble } = set.trouble;
    return failing(`${name} is set and cannot be used`, `${trouble}\n${detail}`, todo);
  }
  return warning(`${name} is set to ${set.value}`, detail, todo);
}

export function judgeForce({ config, situation, project }: DoctorFacts): Judgement {
  const name = `${config.prefix}_FORCE_REBUILD`;
  const { force } = situation.wishes;
  if (force === "none") return ok(`${name} is not set`);
  const todo = `take ${name} out again once it has done its work`;
  const detail = "Every pipeline that sees it builds again and reuses nothing.";
  if (force === "all") return warning(`${name} asks for every image`, detail, todo);
  const unknown = force.filter((image) => !project.images.includes(image));
  if (unknown.length > 0 && project.configuration === undefined) {
    return failing(
      `${name} names ${unknown.join(", ")}: no such image`,
      `The images are: ${project.images.join(", ")}`,
      "give names of images with commas between them, or 1 for all",
    );
  }
  return warning(`${name} asks for ${force.join(", ")}`, detail, todo);
}
