/** What GitLab takes as a configuration: the keywords of jobs, and what stands beside them. */
import { apart, at, found, isTexts, map, mistyped, should, strict } from "./checks.ts";
import { refuse } from "./refusal.ts";
import { jobRules, needs, policy, tags, variables, workflow } from "./rule-words.ts";
import {
  flatten,
  isBlank,
  isHash,
  isText,
  type Plain,
  type PlainMap,
  plain,
  textOf,
  type Value,
  type YamlMap,
} from "./tree.ts";
import { inheritable, type WrittenJob, writtenJobs } from "./written-jobs.ts";

const common =
  "extends when resource_group stage only except rules variables inherit tags environment interruptible needs allow_failure parallel";
const ofJobs =
  "script run coverage dependencies inputs manual_confirmation pages publish release start_in";
// Of GitLab's EE code, which all but few servers run.
const ofEnterprise = "dast_configuration identity pages_path_prefix secrets";

function isNested(value: Plain): boolean {
  return Array.isArray(value) && isTexts(flatten<Plain>(value));
}

const nested = "a nested array of strings up to 10 levels deep";
const lines = should((value) => isText(value) || isNested(value), `a string or ${nested}`);

function isFlag(value: Plain): boolean {
  return typeof value === "boolean";
}

function flagOrTexts(value: Plain): readonly string[] {
  return found({ "should be a bool or array of strings": !isFlag(value) && !isTexts(value) });
}

function image(value: Plain): readonly string[] {
  const name = isHash(value) ? (value["name"] ?? null) : value;
  return found({
    "name should be a string": !isText(name),
    "name can't be blank": name === null || String(name).trim() === "",
  });
}

const mostIncluded = 3;

function trigger(value: Plain): readonly string[] {
  const include = isHash(value) ? flatten(value["include"]) : [];
  const told = `:include config is too long (maximum is ${mostIncluded})`;
  return found({ [told]: include.length > mostIncluded });
}

/** Of what is only handed on nothing is looked at: it decides neither jobs nor images. */
const inJobs = {
  before_script: lines,
  script: lines,
  after_script: lines,
  image,
  allow_failure: should((value) => isHash(value) || isFlag(value), "a boolean value"),
  stage: should(isText, "a string"),
  only: policy,
  except: policy,
  rules: jobRules,
  variables: variables("value expand"),
  inherit: strict("default variables", { default: flagOrTexts, variables: flagOrTexts }),
  tags,
  needs: needs(true),
};

/** What is wrong with the keywords of a job. */
const keywords = {
  job: strict(`${common} ${inheritable} ${ofJobs} ${ofEnterprise}`, inJobs),
  bridge: strict(`${common} trigger`, { ...inJobs, needs: needs(false), trigger }),
};

/** What is wrong with what stands beside the jobs. */
const beside = map({
  before_script: lines,
  after_script: lines,
  image,
  default: strict(inheritable, inJobs),
  stages: should(isNested, `an array of strings or ${nested}`),
  variables: variables("value description expand options"),
  workflow,
});

/** What is wrong with a name, and with keywords that are looked at together or before all others. */
function firstProblems(name: Value, job: PlainMap, isBridge: boolean): readonly string[] {
  const { extends: bases = "", rules = [], script, run, trigger, when = "on_success" } = job;
  const others = ["only", "except", "start_in"].filter((key) => key in job && "rules" in job);
  const areRules = Array.isArray(rules) && flatten<Plain>(rules).every(isHash);
  const isIdle = !isBridge && run === undefined && flatten(script).join("").trim() === "";
  const starts = `on_success, on_failure, always, manual${isBridge ? "" : ", delayed"}`;
  const label = textOf(name);
  return [
    ...found({
      "name can't be blank": label.trim() === "",
      "name should be a symbol": !isText(name),
    }),
    ...apart(job, "script trigger run"),
    ...found({
      [`config key may not be used with \`rules\`: ${others.join(", ")}`]: others.length > 0,
      "extends should be an array of strings or a string": !isText(bases) && !isTexts(bases),
      "rules should be an array containing hashes and arrays of hashes": !areRules,
    }),
    ...mistyped(job, "string", "resource_group when"),
    ...found({
      "script can't be blank": isIdle,
      [`when should be one of: ${starts}`]: !starts.split(", ").includes(flatten(when).join()),
      "config should contain either a trigger or a needs:pipeline":
        isBridge && trigger === undefined,
    }),
  ];
}

/** The jobs of a configuration whose files, extends and references are in place, as far as GitLab takes it. */
export function checkConfig(config: YamlMap): readonly WrittenJob[] {
  const jobs = writtenJobs(config);
  const names = jobs.map(({ name }) => name);
  const others = plain(new Map([...config].filter(([key]) => !names.includes(key))));
  const unfit = jobs
    .filter(({ kind }) => kind === undefined)
    .map(({ name }) => {
      const shown = textOf(name).replace(/^[a-zA-Z\s]+$/, (plain) => plain.replace(/\s/g, "_"));
      return `${shown} config should implement the script:, run:, or trigger: keyword`;
    });
  if (jobs.every(({ kind }) => kind === undefined || kind === "hidden"))
    unfit.push("config should contain at least one visible job");
  const problems = unfit.length > 0 ? unfit : jobs.flatMap(jobProblems);
  const told = [...beside(others), ...at("jobs", problems)];
  if (told.length > 0) refuse(...told.map((each) => each.toLowerCase().replace(/^:/, "")));
  return jobs;
}

function jobProblems({ name, written, kind, data }: WrittenJob): readonly string[] {
  const form = kind === "bridge" ? "bridge" : "job";
  const label = textOf(name);
  const place = `:${label.trim() === "" ? form : label}`;
  if (kind === "hidden") return at(place, found({ "config can't be blank": isBlank(written) }));
  const first = firstProblems(name, data, form === "bridge");
  return at(place, first.length > 0 ? first : keywords[form](data));
}
