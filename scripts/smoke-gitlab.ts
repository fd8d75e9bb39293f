/** berth's component on a real GitLab: makes two projects and a fork, waits for their pipelines, says what passed, removes them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryFolder } from "../test/support/services.ts";
import {
  ask,
  copySources,
  type Files,
  forkOf,
  letIn,
  makeProject,
  openRequest,
  type Project,
  passed,
  push,
  remove,
  type Trial,
} from "./smoke-projects.ts";

const usage = `usage: GITLAB_TOKEN=TOKEN scripts/smoke-gitlab.sh URL GROUP [options]

Makes the projects GROUP/NAME-component, GROUP/NAME-tools and GROUP/NAME-fork, pushes berth's component and
an example of one image, waits for their pipelines and prints what passed. Ends with 1 where something failed.

  URL            such as https://gitlab.example.com
  GROUP          a group's path; TOKEN is of a maintainer there, with the scopes api and write_repository
  --image REF    a tool image with buildah that the group's runners may pull; it is built in the first project where not given
  --base REF     the base of the example's image (default: docker.io/library/debian:13-slim)
  --name NAME    begins the projects' names (default: berth-smoke)
  --every N      seconds between two looks at a pipeline (default: 5)
  --keep         leaves the projects there
`;

const top = join(import.meta.dirname, "..");

interface Smoke extends Trial {
  readonly base: string;
  readonly image: string | undefined;
}

async function smoke(all: Smoke): Promise<boolean> {
  const rows: (readonly [string, string])[] = [];
  /** One row of the table; what comes after a failure is tried all the same, where there is a tool image. */
  const check = async (what: string, does: () => Promise<void>): Promise<boolean> => {
    const problem = await does().then(
      () => undefined,
      (error: Error) => error.message,
    );
    rows.push([what, problem ?? ""]);
    console.log(
      `${problem === undefined ? "pass" : "FAIL"}  ${what}${problem ? `\n      ${problem}` : ""}`,
    );
    return problem === undefined;
  };

  const component = await makeProject(all, "component");
  const tools = await makeProject(all, "tools");
  await letIn(all, component, tools);
  const { image, files } = await componentFiles(all, component);
  const released = await push(all, component, "main", files);
  if (all.image === undefined) {
    const isBuilt = await check("the tool image is built", async () => {
      await passed(all, component, released);
    });
    if (!isBuilt) return false;
  }
  await check("a runner is there", () => hasRunner(all, tools));

  const first = await push(all, tools, "main", exampleFiles(all, component, image, tools));
  await check("GitLab accepts the include", () => isValid(all, tools));
  await check("the first pipeline builds, tests and promotes", async () => {
    const traces = await passed(all, tools, first);
    says(traces, "berth-images", /^.*tools +build +built/m);
    says(traces, "test", /smoke 1/);
    says(traces, "berth-promote", /latest: moved on 1 image/);
  });
  const second = await push(all, tools, "main", { "README.md": "nothing of an image\n" });
  await check("a commit that changes no image builds nothing", async () => {
    const traces = await passed(all, tools, second);
    says(traces, "berth-images", /nothing to do/);
    says(traces, "test", /smoke 1/);
  });
  const inUpstreams = (traces: ReadonlyMap<string, string>) => {
    says(traces, "berth-images", /^.*tools +reuse|nothing to do/m);
    says(traces, "test", /smoke 1/);
  };
  const fork = await forkOf(all, tools);
  await letIn(all, component, fork);
  await letIn(all, tools, fork);
  const topic = await push(all, fork, "topic", { "README.md": "a contribution\n" });
  await check("a fork runs in upstream's image", async () => {
    inUpstreams(await passed(all, fork, topic));
  });
  await check("its merge request runs in upstream's image", async () => {
    await openRequest(all, fork, "topic", tools);
    inUpstreams(await passed(all, fork, topic, "merge_request_event"));
  });
  const third = await push(all, tools, "main", { "ci/tools.docker": dockerfile(all, 2) });
  await check("a changed Dockerfile is built, and the test runs in it", async () => {
    const traces = await passed(all, tools, third);
    says(traces, "berth-images", /^.*tools +build +built/m);
    says(traces, "test", /smoke 2/);
  });
  const failures = rows.filter(([, problem]) => problem !== "").length;
  console.log(`${rows.length - failures} of ${rows.length} passed`);
  return failures === 0;
}

function says(traces: ReadonlyMap<string, string>, job: string, expected: RegExp): void {
  const trace = traces.get(job) ?? "";
  if (!expected.test(trace))
    throw new Error(`${job} does not say ${expected}:\n${trace.slice(-2000)}`);
}

/** Whether the project's own runners, its groups' or the instance's take its jobs. */
async function hasRunner(all: Smoke, { id }: Project): Promise<void> {
  const path = `projects/${id}/runners?status=online`;
  const runners = await ask<readonly object[]>(all, "GET", path);
  if (runners.length === 0) throw new Error("no runner of this project is online");
}

async function isValid(all: Smoke, { id }: Project): Promise<void> {
  const { valid, errors } = await ask<{ valid: boolean; errors: readonly string[] }>(
    all,
    "GET",
    `projects/${id}/ci/lint`,
  );
  if (!valid) throw new Error(errors.join("\n"));
}

/** The component; with what builds the tool image in the project itself where none is given. */
async function componentFiles(all: Smoke, { path_with_namespace: path }: Project) {
  const templates = ["images", "rules"].map((name) => `templates/${name}/template.yml`);
  const texts = templates.map(async (name) => [name, await readFile(join(top, name), "utf8")]);
  const files: Files = Object.fromEntries(await Promise.all(texts));
  if (all.image !== undefined) return { image: all.image, files };
  const build = {
    image: "node:24-trixie",
    script: [
      "apt-get -q update",
      "apt-get -q -y --no-install-recommends install buildah netavark git",
      "npm ci --no-audit --no-fund",
      "npm run --silent berth -- ensure --engine buildah",
      "npm run --silent berth -- promote --tag smoke",
    ],
  };
  await copySources(join(all.folder, path));
  const ci = { ".gitlab-ci.yml": JSON.stringify({ "tool-image": build }) };
  return { image: `$CI_REGISTRY/${path}/tool-buildah:smoke`, files: { ...files, ...ci } };
}

function exampleFiles(all: Smoke, component: Project, image: string, tools: Project): Files {
  const include = {
    component: `$CI_SERVER_FQDN/${component.path_with_namespace}/images@main`,
    inputs: { image, upstream: tools.path_with_namespace },
  };
  const rules = [
    { if: '$CI_PIPELINE_SOURCE == "merge_request_event"' },
    { if: "$CI_COMMIT_BRANCH" },
  ];
  const use = { extends: ".berth-use", image: "$BERTH_IMAGE_TOOLS", script: "cat /etc/ci-image" };
  const gate = { ".berth-gate-images": { rules } };
  return {
    ".gitlab-ci.yml": JSON.stringify({ include: [include], ...gate, test: { ...use, rules } }),
    "ci/tools.docker": dockerfile(all, 1),
  };
}

function dockerfile({ base }: Smoke, number: number): string {
  return `FROM ${base}\nRUN echo "smoke ${number}" > /etc/ci-image\n`;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    image: { type: "string" },
    base: { type: "string", default: "docker.io/library/debian:13-slim" },
    name: { type: "string", default: "berth-smoke" },
    every: { type: "string", default: "5" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
const [url, group] = positionals;
const token = process.env["GITLAB_TOKEN"] ?? "";
if (values.help || url === undefined || group === undefined || token === "") {
  console.log(usage);
  process.exitCode = values.help ? 0 : 64;
} else {
  const { path: folder, remove: removeFolder } = await temporaryFolder("berth-smoke-");
  const { image, base, name } = values;
  const made: Project[] = [];
  const who = { url: url.replace(/\/+$/, ""), group, token, name };
  const all = { ...who, image, base, folder, made, everyMs: Number(values.every) * 1000 };
  try {
    process.exitCode = (await smoke(all)) ? 0 : 1;
  } finally {
    if (!values.keep) for (const project of made.reverse()) await remove(all, project);
    await removeFolder();
  }
}
