/** Which jobs the component brings into which pipelines, and what jobs that run in images wait for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readingOf } from "../support/ci-files.ts";

interface Where {
  readonly source?: string;
  /** No branch in merge requests. */
  readonly branch?: string;
}

function pipelineOf(text: string, { source = "push", branch }: Where) {
  const own = branch === undefined ? {} : { CI_COMMIT_BRANCH: branch };
  return readingOf(text, { CI_PIPELINE_SOURCE: source, CI_DEFAULT_BRANCH: "main", ...own });
}

/** The jobs of a pipeline in order, each with those that it needs. */
async function jobsOf(text: string, where: Where) {
  const reading = await pipelineOf(text, where);
  if ("none" in reading) return { none: reading.none };
  if ("errors" in reading) return reading;
  return reading.jobs.map(({ name, when, needs }) =>
    [name, ...(when === "on_success" ? [] : [when]), ...needs.map(({ job }) => `<${job}`)].join(
      " ",
    ),
  );
}

const include = (inputs = "{}") =>
  `include: [{ component: $CI_SERVER_FQDN/berth-ci/berth/images@1, inputs: ${inputs} }]\n`;
const consumer = "check: { extends: .berth-use, stage: test, script: make }\n";
const everywhere =
  "check: { extends: .berth-use, stage: test, script: make, rules: [{ when: on_success }] }\n";
const requests =
  '.berth-gate-images: { rules: [{ if: $CI_PIPELINE_SOURCE == "merge_request_event" }] }\n';
const inline = ["berth-images", "check <berth-images"];
const fanOut = [
  "berth-plan",
  "berth-images <berth-plan",
  "check <berth-plan <berth-images",
] as const;

const cases: readonly (readonly [what: string, text: string, where: Where, jobs: unknown])[] = [
  ["a branch", include() + consumer, { branch: "topic" }, inline],
  ["the default branch", include() + consumer, { branch: "main" }, [...inline, "berth-promote"]],
  [
    "a schedule",
    include() + consumer,
    { source: "schedule", branch: "main" },
    [...inline, "berth-promote", "berth-prune"],
  ],
  [
    "a schedule on another branch",
    include() + consumer,
    { source: "schedule", branch: "stable-1" },
    inline,
  ],
  ["a merge request", include() + consumer, { source: "merge_request_event" }, { none: "empty" }],
  [
    "a merge request, where the project's gate lets it in",
    include() + requests + everywhere,
    { source: "merge_request_event" },
    inline,
  ],
  ["fan-out", include("{ mode: fan-out }") + consumer, { branch: "topic" }, fanOut],
  [
    "fan-out by one click",
    `${include("{ mode: fan-out }")}${consumer}.berth-gate-images: { rules: [{ when: manual }] }
.berth-gate-images-after: { rules: [{ when: on_success }] }\n`,
    { branch: "topic" },
    ["berth-plan manual", ...fanOut.slice(1)],
  ],
  [
    "a promotion of its own branches, and no prune",
    `${include()}${consumer}berth-promote: { rules: [{ if: $CI_COMMIT_BRANCH =~ /^stable/ }] }
berth-prune: { rules: [{ when: never }] }\n`,
    { source: "schedule", branch: "stable-1" },
    [...inline, "berth-promote"],
  ],
];

for (const [what, text, where, jobs] of cases)
  test(`${what}: the jobs that are there, and what they need`, async () =>
    assert.deepEqual(await jobsOf(text, where), jobs));

/** Of the project itself: only the first two are for jobs of the component. GitLab takes the second, and gives no job any. */
const defaults = `default:
  tags: [own]
  timeout: 2h
  before_script: [dnf install make]
  after_script: [rm made]
  services: [postgres]
  cache: { paths: [cache] }
  hooks: { pre_get_sources_script: [echo] }
  id_tokens: { T: { aud: x } }
`;

test("a timeout and runner tags are those of the inputs, else the project's own, of whose defaults nothing else is taken", async () => {
  for (const [text, expected] of [
    [include(), [undefined, undefined]],
    [include("{ build_timeout: 3h, tags: [big] }"), ["3h", ["big"]]],
    [defaults + include(), [undefined, ["own"]]],
    [defaults + include("{ build_timeout: 3h, tags: [big] }"), ["3h", ["big"]]],
    [`variables: { R: own }\n${defaults.replace("own", "$R")}${include()}`, [undefined, ["own"]]],
  ] as const) {
    const reading = await pipelineOf(text + consumer, { source: "schedule", branch: "main" });
    assert.ok("jobs" in reading, JSON.stringify(reading));
    const ours = reading.jobs.filter(({ name }) => name.startsWith("berth-"));
    const stages = ours.map(({ stage }) => stage);
    assert.deepEqual(stages, [".pre", ".post", ".post"]);
    assert.deepEqual([ours[0]?.options["timeout"], ours[0]?.tags], expected);
    for (const { options, tags } of ours) {
      const taken = Object.keys(options).filter((key) => defaults.includes(`  ${key}:`));
      const others = taken.filter((key) => key !== "timeout" && key !== "tags");
      assert.deepEqual(others, []);
      assert.deepEqual(tags, expected[1]);
    }
  }
});
