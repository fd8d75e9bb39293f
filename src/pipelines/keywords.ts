/** Keywords of jobs that are only handed on: what GitLab takes for them, and the form in which it holds them. */
import * as z from "zod";
import { seconds } from "./duration.ts";
import { isText, type Plain, type PlainMap, plain, type Value } from "./tree.ts";

type Fields = Readonly<Record<string, z.ZodType>>;

const text = z.string({ error: "should be a string" });
const flag = z.boolean({ error: "should be a boolean value" });
const texts = z.custom<readonly string[]>(
  (value) => Array.isArray(value) && value.every(isText),
  "should be an array of strings",
);
const many = z.preprocess(flat, texts);
const anything = z.custom<Plain>();

function words(list: string) {
  const all = list.split(" ");
  return z.enum(all, { error: `should be one of: ${all.join(", ")}` });
}

/** A map of these keys and no others; those that are not needed may be missing. */
function record(keys: Fields, needed: Fields = {}): z.ZodType<PlainMap, unknown> {
  const optional = Object.entries(keys).map(([key, type]) => [key, type.optional()]);
  const shape = { ...Object.fromEntries(optional), ...needed };
  return z.strictObject(shape, { error: told }) as unknown as z.ZodType<PlainMap, unknown>;
}

function told({ code, keys }: { readonly code?: string; readonly keys?: readonly string[] }) {
  return code === "unrecognized_keys"
    ? `contains unknown keys: ${keys?.join(", ")}`
    : "should be a hash";
}

/** A text that stands for a map with only this key. */
function short(key: string) {
  return (value: unknown): unknown => (isText(value) ? { [key]: value } : value);
}

const deepest = 10;

function isNested(value: unknown, levels: number): boolean {
  if (isText(value)) return true;
  return levels > 0 && Array.isArray(value) && value.every((item) => isNested(item, levels - 1));
}

function flat(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.flatMap(flat) : [value];
}

const lines = z
  .custom<Plain>(
    (value) => isNested(value, deepest),
    "should be a string or a nested array of strings up to 10 levels deep",
  )
  .transform(flat);

const month = 2_629_746;
const timeout = z
  .custom<string>(
    (value) => isText(value) && (seconds(value) ?? month) < month,
    "should be a duration of less than a month",
  )
  .transform((value) => seconds(value));
const expiry = z.custom<string>(
  (value) => isText(value) && (/^never$/i.test(value) || seconds(value) !== undefined),
  "should be a duration",
);
const whenDone = words("on_success on_failure always");

const pullPolicy = z.preprocess(
  flat,
  z.array(words("always never if-not-present")).min(1, "can't be blank"),
);
const name = text.min(1, "can't be blank");
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

const image = z.preprocess(short("name"), record(named, { name })).transform(withExecutor);
const service = z
  .preprocess(short("name"), record({ ...named, ...extras }, { name }))
  .transform(withExecutor);

const artifacts = record({
  name: text,
  untracked: flag,
  paths: texts,
  exclude: texts,
  when: whenDone,
  expire_in: expiry,
  expose_as: text.regex(/^\w[-\w ]{0,99}$/, "should be at most 100 letters, digits, '-', '_', ' '"),
  public: flag,
  access: text,
  reports: z.record(
    text,
    z.preprocess((value) => (isText(value) ? [value] : value), anything),
  ),
}).refine(
  ({ expose_as: label, paths }) =>
    label === undefined || (Array.isArray(paths) && paths.length > 0 && !/\*/.test(paths.join())),
  "needs paths without '*' when used with 'expose_as'",
);

const cache = record(
  { paths: texts, untracked: flag },
  {
    key: anything.default("default"),
    policy: text.regex(/pull-push|push|pull|\$\w+/).default("pull-push"),
    when: whenDone.default("on_success"),
    unprotect: flag.default(false),
    fallback_keys: texts.default([]),
  },
);
const mostCaches = 4;

const whole = z.int({ error: "should be an integer" });
const wholes = z.preprocess(flat, z.array(whole));
const retry = z.preprocess(
  (value) => (typeof value === "number" ? { max: value } : value),
  record({
    max: whole.min(0).max(2),
    when: many,
    exit_codes: wholes,
  }),
);

/** What jobs may take over from `default`, but for tags. */
const inheritable = {
  before_script: lines,
  after_script: lines,
  hooks: record({ pre_get_sources_script: lines }),
  cache: z
    .preprocess(flat, z.array(cache).max(mostCaches))
    .transform((all) => (all.length === 0 ? undefined : all)),
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
  z.looseObject({ name: text.regex(environmentName, "has signs that it may not have") }),
);

const mostJobs = 200;
const cell = z.union([text, whole]);
const matrix = z
  .array(
    z.record(text, z.union([cell, z.array(cell)])).refine((row) => Object.keys(row).length > 0),
  )
  .refine((rows) => rows.map(combinations).reduce((sum, size) => sum + size, 0) <= mostJobs, {
    error: `generates too many jobs (maximum is ${mostJobs})`,
  });

function combinations(row: PlainMap): number {
  const sizes = Object.values(row).map((values) => (Array.isArray(values) ? values.length : 1));
  return sizes.reduce((product, size) => product * size, 1);
}

/** Keywords with checks of their own elsewhere. */
const elsewhere = Object.fromEntries(
  "extends stage only except rules variables inherit when needs resource_group tags"
    .split(" ")
    .map((key) => [key, anything]),
);
const common = { ...elsewhere, environment, interruptible: flag };

const job = record({
  ...common,
  ...inheritable,
  script: lines,
  run: anything,
  allow_failure: z.union([flag, z.strictObject({ exit_codes: wholes })]),
  coverage: text,
  dependencies: texts,
  inputs: z.record(text, z.looseObject({ type: text.default("string") })),
  manual_confirmation: text,
  pages: anything,
  parallel: z.union([whole.min(1).max(mostJobs), z.strictObject({ matrix })]),
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
  }).refine((value) => !("artifact" in value) || "job" in value),
]);
const trigger = z.preprocess(
  short("project"),
  z.union([
    record({ branch: text, strategy, forward, inputs: anything }, { project: name }),
    record({ strategy, forward }, { include: z.union([include, z.array(include).max(3)]) }),
  ]),
);

const bridge = record(
  { ...common, allow_failure: flag, parallel: z.strictObject({ matrix }) },
  { trigger },
);

const kinds = { job, bridge, default: record({ ...inheritable, tags: anything }) };
const options = (formed: PlainMap): PlainMap =>
  Object.fromEntries(Object.entries(formed).filter(([key]) => !(key in elsewhere)));

interface Formed {
  /** In the form in which GitLab holds it. */
  readonly options: PlainMap;
  /** What GitLab does not take. */
  readonly problems: readonly string[];
}

/** Checks the keywords of a job or of `default`, and brings them into form. */
export function formKeywords(value: Value, kind: keyof typeof kinds, place = ""): Formed {
  const result = kinds[kind].safeParse(plain(value));
  if (result.success) return { options: options(result.data as PlainMap), problems: [] };
  return {
    options: {},
    problems: result.error.issues.map(({ path, message }) => {
      const keys = path.map(String).filter((key) => !/^\d+$/.test(key));
      const attribute = keys.length > 1 ? keys.pop()?.replaceAll("_", " ") : "config";
      return `${[place, ...keys].filter(Boolean).join(":")} ${attribute} ${message}`.toLowerCase();
    }),
  };
}
