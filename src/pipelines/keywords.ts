/** What GitLab takes for the keywords of jobs, and the form in which it holds those that are only handed on. */
import * as z from "../zod.ts";
import {
  anything,
  checkAt,
  flag,
  flat,
  isTexts,
  lines,
  many,
  name,
  record,
  seconds,
  short,
  text,
  texts,
  when,
  worded,
  words,
} from "./checks.ts";
import { needs, policy, rules, tags, variables } from "./rule-words.ts";
import { isText, type PlainMap, type Value } from "./tree.ts";

const month = 2_629_746;
const timeout = z.mapped(
  z.custom<string>(
    (value) => isText(value) && (seconds(value) ?? month) < month,
    "should be a duration of less than a month",
  ),
  (value) => seconds(value),
);
const expiry = z.custom<string>(
  (value) => isText(value) && (/^never$/i.test(value) || seconds(value) !== undefined),
  "should be a duration",
);
const whenDone = words("on_success on_failure always");

const pullPolicy = z.preprocess(
  flat,
  z.array(words("always never if-not-present")).check(z.minLength(1, "can't be blank")),
);
const named = {
  entrypoint: texts,
  docker: anything,
  kubernetes: anything,
  pull_policy: pullPolicy,
};
const extras = { alias: text, command: lines, variables: z.record(text, z.coerce.string()) };

/** GitLab keeps together what only some executors know. */
function withExecutor({ docker, kubernetes, ...image }: PlainMap): PlainMap {
  const known = { ...(docker && { docker }), ...(kubernetes && { kubernetes }) };
  return Object.keys(known).length === 0 ? image : { ...image, executor_opts: known };
}

const image = z.mapped(z.preprocess(short("name"), record(named, { name })), withExecutor);
const service = z.mapped(
  z.preprocess(short("name"), record({ ...named, ...extras }, { name })),
  withExecutor,
);

const artifacts = record({
  name: text,
  untracked: flag,
  paths: texts,
  exclude: texts,
  when: whenDone,
  expire_in: expiry,
  expose_as: text.check(
    z.regex(/^\w[-\w ]{0,99}$/, "should be at most 100 letters, digits, '-', '_', ' '"),
  ),
  public: flag,
  access: text,
  reports: z.record(
    text,
    z.preprocess((value) => (isText(value) ? [value] : value), anything),
  ),
}).check(
  z.refine(
    ({ expose_as: label, paths }) =>
      label === undefined || (Array.isArray(paths) && paths.length > 0 && !/\*/.test(paths.join())),
    "needs paths without '*' when used with 'expose_as'",
  ),
);

const cache = record(
  { paths: texts, untracked: flag },
  {
    key: z.preset(anything, "default"),
    policy: z.preset(text.check(z.regex(/pull-push|push|pull|\$\w+/)), "pull-push"),
    when: z.preset(whenDone, "on_success"),
    unprotect: z.preset(flag, false),
    fallback_keys: z.preset(texts, []),
  },
);
const mostCaches = 4;

const whole = z.int({ error: "should be an integer" });
const wholes = z.preprocess(flat, z.array(whole));
const retry = z.preprocess(
  (value) => (typeof value === "number" ? { max: value } : value),
  record({
    max: whole.check(z.minimum(0), z.maximum(2)),
    when: many,
    exit_codes: wholes,
  }),
);

/** What jobs may take over from `default`, but for tags. */
const inheritable = {
  before_script: lines,
  after_script: lines,
  hooks: record({ pre_get_sources_script: lines }),
  cache: z.mapped(z.preprocess(flat, z.array(cache).check(z.maxLength(mostCaches))), (all) =>
    all.length === 0 ? undefined : all,
  ),
  image,
  services: z.preprocess(
    (value) => (Array.isArray(value) ? flat(value) : value),
    z.array(service, { error: "should be an array" }),
  ),
  interruptible: flag,
  timeout,
  retry,
  artifacts,
  id_tokens: z.record(text, z.strictObject({ aud: z.union([text, texts]) })),
};
export const inheritableKeys = [...Object.keys(inheritable), "tags"];

const environmentName = /^[\w\-.$\s{}](?:[\w\-./$\s{}]*[\w\-.$\s{}])?$/;
const environment = z.preprocess(
  (value) => (isText(value) ? { name: value, action: "start" } : value),
  z.looseObject({ name: text.check(z.regex(environmentName, "has signs that it may not have")) }),
);

const mostJobs = 200;
const cell = z.union([text, z.mapped(whole, String)]);
const row = z
  .record(text, z.preprocess(flat, z.array(cell)))
  .check(z.refine((values) => Object.keys(values).length > 0));
const matrix = z.array(row).check(
  z.refine((rows) => rows.map(combinations).reduce((sum, size) => sum + size, 0) <= mostJobs, {
    error: `generates too many jobs (maximum is ${mostJobs})`,
  }),
);

function combinations(row: PlainMap): number {
  const sizes = Object.values(row).map((values) => (Array.isArray(values) ? values.length : 1));
  return sizes.reduce((product, size) => product * size, 1);
}

/** What GitLab has words for: `extends`, `when` and names are looked at with the whole job. */
const common = {
  extends: anything,
  when: anything,
  resource_group: anything,
  stage: z.string({ error: "~config should be a string" }),
  only: policy,
  except: policy,
  rules: rules(
    "on_success on_failure always never manual delayed",
    "if changes exists when start_in allow_failure variables needs interruptible",
  ),
  variables: variables("value expand"),
  inherit: record({
    default: inheritance(inheritableKeys),
    variables: inheritance(),
  }),
  tags,
  environment,
  interruptible: flag,
};

function inheritance(names?: readonly string[]) {
  return worded((value) => {
    if (typeof value === "boolean") return [];
    if (!isTexts(value)) return ["should be a bool or array of strings"];
    const unknown = value.filter((key) => names?.includes(key) === false);
    return when(unknown.length > 0, `config contains unknown values: ${unknown.join(", ")}`);
  });
}

const job = record({
  ...common,
  ...inheritable,
  needs: needs("job", "cross_dependency"),
  script: lines,
  run: anything,
  allow_failure: z.union([flag, z.strictObject({ exit_codes: wholes })]),
  coverage: text,
  dependencies: texts,
  inputs: z.record(text, z.looseObject({ type: z.preset(text, "string") })),
  manual_confirmation: text,
  pages: anything,
  parallel: z.union([whole.check(z.minimum(1), z.maximum(mostJobs)), z.strictObject({ matrix })]),
  publish: text,
  release: anything,
  start_in: text,
});

const strategy = words("depend mirror");
const forward = record({ yaml_variables: flag, pipeline_variables: flag });
const include = z.union([
  text,
  record({
    ...{ local: text, project: text, file: many, ref: text, template: text, remote: text },
    ...{ component: text, artifact: text, job: text, inputs: anything },
  }).check(z.refine((value) => !("artifact" in value) || "job" in value)),
]);
const trigger = z.preprocess(
  short("project"),
  z.union([
    record({ branch: text, strategy, forward, inputs: anything }, { project: name }),
    record(
      { strategy, forward },
      { include: z.union([include, z.array(include).check(z.maxLength(3))]) },
    ),
  ]),
);

const bridge = record(
  { ...common, needs: needs("job"), allow_failure: flag, parallel: z.strictObject({ matrix }) },
  { trigger },
);

const kinds = { job, bridge, default: record({ ...inheritable, tags }) };

/** Checks the keywords of a job or of `default`, and brings them into form. */
export function checkKeywords(value: Value, kind: keyof typeof kinds, place: string) {
  return checkAt(kinds[kind], value, place);
}
