/** The keywords of jobs, and the form in which GitLab holds those that are only handed on. */
import { ownMember } from "../json.ts";
import { found, isTexts, map, seconds, should, strict, type ValueCheck } from "./checks.ts";
import { flat, isHash, type Plain, type PlainMap } from "./plain.ts";
import { needs, policy, rules, tags, variables, workflow } from "./rule-words.ts";
import { isText } from "./tree.ts";

/** What jobs may take over from `default`. */
export const inheritable =
  "before_script after_script hooks cache image services interruptible timeout retry artifacts id_tokens tags";
const common =
  "extends when resource_group stage only except rules variables inherit tags environment interruptible needs allow_failure parallel";
const ofJobs =
  "script run coverage dependencies inputs manual_confirmation pages publish release start_in";
// Of GitLab's EE code, which all but few servers run.
const ofEnterprise = "dast_configuration identity pages_path_prefix secrets";

/** Levels of lists in lists. */
export const deepest = 10;

function isNested(value: Plain, levels = deepest): boolean {
  if (isText(value)) return true;
  return levels > 0 && Array.isArray(value) && value.every((item) => isNested(item, levels - 1));
}

const nested = `a nested array of strings up to ${deepest} levels deep`;
const lines = should(isNested, `a string or ${nested}`);

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

const inJobs = {
  before_script: lines,
  script: lines,
  after_script: lines,
  image,
  allow_failure: should((value) => isHash(value) || isFlag(value), "a boolean value"),
  stage: should(isText, "a string"),
  interruptible: should(isFlag, "a boolean value"),
  only: policy,
  except: policy,
  rules: rules("job"),
  variables: variables("value expand"),
  inherit: strict("default variables", { default: flagOrTexts, variables: flagOrTexts }),
  tags,
  needs: needs(true),
};

/** What is wrong with the keywords of a job. */
export const keywords = {
  job: strict(`${common} ${inheritable} ${ofJobs} ${ofEnterprise}`, inJobs),
  bridge: strict(`${common} trigger`, { ...inJobs, needs: needs(false) }),
};

/** What is wrong with what stands beside the jobs. */
export const beside: ValueCheck = map({
  before_script: lines,
  after_script: lines,
  image,
  default: strict(inheritable, inJobs),
  stages: should(
    (value) => Array.isArray(value) && isNested(value),
    `an array of strings or ${nested}`,
  ),
  variables: variables("value description expand options"),
  workflow,
});

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
