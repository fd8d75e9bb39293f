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
  test(`${what}: the jobs that are there, and what they need`, async () => {
    assert.deepEqual(await jobsOf(text, where), jobs);
  });

test("a timeout and runner tags are those of the inputs, or nobody's", async () => {
  for (const [text, expected] of [
    [include(), [undefined, undefined]],
    [include("{ build_timeout: 3h, tags: [big] }"), [10_800, ["big"]]],
  ] as const) {
    const reading = await pipelineOf(text + consumer, { branch: "topic" });
    assert.ok("jobs" in reading, JSON.stringify(reading));
    const job = reading.jobs.find(({ name }) => name === "berth-images");
    assert.deepEqual([job?.options["timeout"], job?.tags], expected);
  }
});
