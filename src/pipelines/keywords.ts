/** The keywords of jobs, and of what stands beside them. */
import { found, isTexts, map, should, strict, type ValueCheck } from "./checks.ts";
import { isHash, type Plain } from "./plain.ts";
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
