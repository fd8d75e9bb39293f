/** The keywords of jobs, and the form in which GitLab holds those that are only handed on. */
import { ownMember } from "../json.ts";
import { isNested, isTexts, seconds, strangeKeys, told } from "./checks.ts";
import {
  needsProblems,
  policyProblems,
  rulesProblems,
  tagsProblems,
  variablesProblems,
  workflowProblems,
} from "./rule-words.ts";
import { flat, isHash, isText, type Plain, type PlainMap } from "./tree.ts";

/** What jobs may take over from `default`. */
export const inheritable =
  "before_script after_script hooks cache image services interruptible timeout retry artifacts id_tokens tags";
const common =
  "extends when resource_group stage only except rules variables inherit tags environment interruptible needs allow_failure parallel";
const ofJobs =
  "script run coverage dependencies inputs manual_confirmation pages publish release start_in";

// Of GitLab's EE code, which all but few servers run.
const ofEnterprise = "dast_configuration identity pages_path_prefix secrets";

const known = {
  default: inheritable,
  job: `${common} ${inheritable} ${ofJobs} ${ofEnterprise}`,
  bridge: `${common} trigger`,
};
type Kind = keyof typeof known;

type Check = (value: Plain, place: string, kind: Kind) => readonly string[];

function config(isFit: (value: Plain) => boolean, words: string): Check {
  return (value, place) => told(place, { [`config should be ${words}`]: !isFit(value) });
}

const nested = "a nested array of strings up to 10 levels deep";
const lines = config((value) => isNested(value), `a string or ${nested}`);

const flagOrTexts = "should be a bool or array of strings";

function isFlag(value: Plain): boolean {
  return typeof value === "boolean";
}

const checks: Readonly<Record<string, Check>> = {
  before_script: lines,
  script: lines,
  after_script: lines,
  image: (value, place) => {
    const name = isHash(value) ? (value["name"] ?? null) : value;
    const isBlank = name === null || String(name).trim() === "";
    return told(`${place} name`, {
      "should be a string": !isText(name),
      "can't be blank": isBlank,
    });
  },
  allow_failure: config((value) => isHash(value) || isFlag(value), "a boolean value"),
  stage: config(isText, "a string"),
  interruptible: config(isFlag, "a boolean value"),
  only: policyProblems,
  except: policyProblems,
  rules: (value, place) => rulesProblems(value, place, "job"),
  variables: (value, place) => variablesProblems(value, place, "value expand"),
  inherit: (value, place) => [
    ...strangeKeys(value, place, "default variables"),
    ...Object.entries(isHash(value) ? value : {}).flatMap(([key, each]) =>
      told(`${place}:${key}`, { [flagOrTexts]: !isFlag(each) && !isTexts(each) }),
    ),
  ],
  tags: tagsProblems,
  needs: (value, place, kind) =>
    kind === "job"
      ? needsProblems(value, place, "job", "cross_dependency")
      : needsProblems(value, place, "job"),
};

/** What is wrong with the keywords of a job or of `default`. */
export function keywordProblems(value: Plain, place: string, kind: Kind): readonly string[] {
  const own = Object.entries(isHash(value) ? value : {});
  return [
    ...strangeKeys(value, place, known[kind]),
    ...own.flatMap(([key, each]) => ownMember(checks, key)?.(each, `${place}:${key}`, kind) ?? []),
  ];
}

const topChecks: Readonly<Record<string, Check>> = {
  ...checks,
  default: keywordProblems,
  stages: config(
    (value) => Array.isArray(value) && isNested(value),
    `an array of strings or ${nested}`,
  ),
  variables: (value, place) => variablesProblems(value, place, "value description expand options"),
  workflow: workflowProblems,
};

/** What is wrong with what stands beside the jobs. */
export function topProblems(config: PlainMap): readonly string[] {
  return Object.entries(config).flatMap(
    ([key, value]) => ownMember(topChecks, key)?.(value, key, "default") ?? [],
  );
}

type Form = (value: Plain) => Plain;

/** A map with its members in other forms, but for those that become nothing; anything else stays as it is. */
function members(form: (value: Plain, key: string) => Plain): Form {
  return (value) => {
    if (!isHash(value)) return value;
    const made = Object.entries(value).map(([key, each]) => [key, form(each, key)] as const);
    return Object.fromEntries(made.filter(([, each]) => each !== null));
  };
}

function record(forms: Readonly<Record<string, Form>>): Form {
  return members((value, key) => {
    const form = ownMember(forms, key);
    return form === undefined ? value : form(value);
  });
}

/** GitLab keeps together what only some executors know. */
function container(value: Plain): Plain {
  const { docker, kubernetes, ...image } = isHash(value) ? value : { name: value };
  const options = { ...(docker && { docker }), ...(kubernetes && { kubernetes }) };
  const isMore = Object.keys(options).length > 0;
  return containerForm({ ...image, ...(isMore && { executor_opts: options }) });
}

const containerForm = record({ pull_policy: flat, command: flat, variables: members(String) });
const cacheDefaults = {
  key: "default",
  policy: "pull-push",
  when: "on_success",
  unprotect: false,
  fallback_keys: [],
};
const retry = record({ when: flat, exit_codes: flat });

const form = record({
  script: flat,
  before_script: flat,
  after_script: flat,
  hooks: members(flat),
  image: container,
  services: (all) => flat(all).map(container),
  cache: (all) =>
    flat(all).length === 0
      ? null
      : flat(all).map((one) => ({ ...cacheDefaults, ...(isHash(one) && one) })),
  timeout: (value) => seconds(String(value)) ?? null,
  retry: (value) => retry(typeof value === "number" ? { max: value } : value),
  artifacts: record({ reports: members((value) => (isText(value) ? [value] : value)) }),
  allow_failure: record({ exit_codes: flat }),
  environment: (value) => (isText(value) ? { name: value, action: "start" } : value),
  parallel: record({
    matrix: (rows) => flat(rows).map(members((values) => flat(values).map(String))),
  }),
  inputs: members((value) => (isHash(value) ? { type: "string", ...value } : value)),
  trigger: (value) => (isText(value) ? { project: value } : value),
});

/** The keywords of a job in the form in which GitLab holds them. */
export function formOf(job: PlainMap): PlainMap {
  return form(job) as PlainMap;
}
