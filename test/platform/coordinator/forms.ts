/** The form in which GitLab holds the keywords of a job that it hands on to a runner. */
import { ownMember } from "../../../src/json.ts";
import type { PipelineJob } from "../../../src/pipelines/job.ts";
import { flatten, isHash, isText, type Plain, type PlainMap } from "../../../src/pipelines/tree.ts";

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

const containerForm = record({
  pull_policy: flatten,
  command: flatten,
  variables: members(String),
});
const cacheDefaults = {
  key: "default",
  policy: "pull-push",
  when: "on_success",
  unprotect: false,
  fallback_keys: [],
};
const retry = record({ when: flatten, exit_codes: flatten });

const form = record({
  script: flatten,
  before_script: flatten,
  after_script: flatten,
  hooks: members(flatten),
  image: container,
  services: (all) => flatten(all).map(container),
  cache: (all) =>
    flatten(all).length === 0
      ? null
      : flatten(all).map((one) => ({ ...cacheDefaults, ...(isHash(one) && one) })),
  timeout: (value) => seconds(String(value)) ?? null,
  retry: (value) => retry(typeof value === "number" ? { max: value } : value),
  artifacts: record({ reports: members((value) => (isText(value) ? [value] : value)) }),
  allow_failure: record({ exit_codes: flatten }),
  environment: (value) => (isText(value) ? { name: value, action: "start" } : value),
  parallel: record({
    matrix: (rows) => flatten(rows).map(members((values) => flatten(values).map(String))),
  }),
  inputs: members((value) => (isHash(value) ? { type: "string", ...value } : value)),
  trigger: (value) => (isText(value) ? { project: value } : value),
});

const units: readonly (readonly [names: string, seconds: number])[] = [
  ["seconds second secs sec s", 1],
  ["minutes minute mins min m", 60],
  ["hours hour hrs hr h", 3600],
  ["days day dy d", 86_400],
  ["weeks week wks wk w", 604_800],
  ["months month mos mo", 2_592_000],
  ["years year yrs yr y", 31_557_600],
];

/**
 * What a time such as `1 hour 30 mins`, `2w` or `3600` means; `undefined` where it is none at all. A number without a
 * unit that GitLab knows counts seconds.
 */
function seconds(text: string): number | undefined {
  const parts = [...text.toLowerCase().matchAll(/([\d.]+)\s*([a-z]*)/g)];
  const amounts = parts.map(([, amount, unit = ""]) => {
    const known = units.find(([names]) => names.split(" ").includes(unit));
    return Number(amount) * (known?.[1] ?? 1);
  });
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  return sum > 0 ? Math.floor(sum) : undefined;
}

/** All keywords of a job in GitLab's form, with its number where it is one of several. */
export function formOf({ options, place }: Pick<PipelineJob, "options" | "place">): PlainMap {
  const made = form(options) as PlainMap;
  if (place === undefined) return made;
  const { parallel = null } = made;
  const rows = isHash(parallel) ? parallel : { number: parallel };
  return { ...made, parallel: { ...rows, total: place.total }, instance: place.index };
}
