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
const ruled = (rule: string) =>
  facts({ a: `extends: .berth-use, ${inImage}, rules: [{ ${rule} }]` });
const elsewhere = `[{ ${images} }, { ${rules} }, { project: acme/ci, file: jobs.yml }]`;

judge("schedules", [
  ["ok", /^check may run in them/, await facts({ check: flagged })],
  ["ok", /^a and 2 more may run/, await facts({ a: flagged, b: flagged, c: flagged })],
  ["warning", /nothing tests .*They run on main.*_SCHEDULED/s, await facts({ a: use })],
  ["warning", /nothing tests/, await facts({ a: `${flagged}, allow_failure: true` })],
  ["warning", /nothing tests/, await facts({ a: "image: alpine, script: make" })],
  ["warning", /nothing tests/, await ruled("when: manual")],
  ["warning", /nothing tests/, await ruled('if: $CI_PIPELINE_SOURCE == "push"')],
  ["warning", /could not be read/, await facts({ a: use }, trouble)],
  ["note", /is not known/, await facts({ a: use }, ["main"], elsewhere)],
  ["note", /there is none/, await facts({ a: use }, [])],
  ["note", /is not known/, { pipelines: undefined }],
  ["ok", /refresh: false/, but(await facts({ a: use }), { config: { refresh: undefined } })],
  ["ok", /not a matter of this fork/, inFork],
]);
