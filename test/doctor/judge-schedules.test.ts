import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { but, judge, trouble } from "./cases.ts";
import { pipelinesOf } from "./ci.ts";
import { healthy, inFork } from "./healthy.ts";

const images =
  "component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0, inputs: { prefix: QEMU_CI, gate: rules }";
const rules =
  "component: $CI_SERVER_FQDN/berth-ci/berth/rules@0.1.0, inputs: { prefix: QEMU_CI, upstream: qemu-project, flags: Q }";
const inImage = "image: $QEMU_CI_IMAGE_DEBIAN, script: make";

/** The facts with these jobs, by their name and what they say, and with schedules on these branches. */
async function facts(
  jobs: Readonly<Record<string, string>>,
  schedules: DoctorFacts["gitlab"]["schedules"] = ["main"],
  includes = `[{ ${images} }, { ${rules} }]`,
): Promise<DoctorFacts> {
  const lines = Object.entries(jobs).map(([name, says]) => `${name}: { ${says} }\n`);
  const text = `include: ${includes}\n${lines.join("")}`;
  const pipelines = await pipelinesOf({ ".gitlab-ci.yml": text });
  return but(healthy, { pipelines, gitlab: { schedules } });
}

const use = `extends: [.berth-use, .berth-rules], ${inImage}`;
const flagged = `${use}, variables: { Q_SCHEDULED: 1 }`;
const elsewhere = `[{ ${images} }, { ${rules} }, { project: acme/ci, file: jobs.yml }]`;

judge("schedules", [
  [
    "a job that tests",
    await facts({ check: flagged }),
    "schedules is ok",
    /^check may run in them/,
  ],
  [
    "several",
    await facts({ a: flagged, b: flagged, c: flagged }),
    "schedules is ok",
    /^a and 2 more may run/,
  ],
  [
    "none has the flag",
    await facts({ a: use }),
    "schedules is warning",
    /nothing tests .*They run on main.*_SCHEDULED/s,
  ],
  [
    "one that is allowed to fail",
    await facts({ a: `${flagged}, allow_failure: true` }),
    "schedules is warning",
    /nothing tests/,
  ],
  [
    "one that runs in no image of the project",
    await facts({ a: "image: alpine, script: make" }),
    "schedules is warning",
    /nothing tests/,
  ],
  [
    "one that waits for a click",
    await facts({ a: `extends: .berth-use, ${inImage}, rules: [{when: manual}]` }),
    "schedules is warning",
    /nothing tests/,
  ],
  [
    "one that pushes alone have",
    await facts({
      a: `extends: .berth-use, ${inImage}, rules: [{if: $CI_PIPELINE_SOURCE == "push"}]`,
    }),
    "schedules is warning",
    /nothing tests/,
  ],
  [
    "none, whatever the schedules",
    await facts({ a: use }, trouble),
    "schedules is warning",
    /could not be read/,
  ],
  ["none here", await facts({ a: use }, ["main"], elsewhere), "schedules is note", /is not known/],
  ["no schedule", await facts({ a: use }, []), "schedules is note", /there is none/],
  ["no files", but(healthy, { pipelines: undefined }), "schedules is note", /is not known/],
  [
    "nothing to refresh",
    but(await facts({ a: use }), { config: { refresh: undefined } }),
    "schedules is ok",
    /refresh: false/,
  ],
  ["a fork", inFork, "schedules is ok", /not a matter of this fork/],
]);
