import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Check, checks } from "../../src/doctor/diagnose.ts";
import type { Pipelines } from "../../src/doctor/evaluate.ts";
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { samplesOf } from "../../src/doctor/occasions.ts";
import { pipelinesJson, printPipelines } from "../../src/doctor/table.ts";
import { isPipeline, readPage } from "../docs/pages.ts";
import { jobIn, mergeRequest } from "../plan/pipelines.ts";
import { config } from "../support/keyed.ts";
import { screen } from "../support/screen.ts";
import { assertFound, but, type Found, findingOf, trouble, unwell } from "./cases.ts";
import { type CiTexts, pipelinesOf, readCi } from "./ci.ts";
import { healthy } from "./healthy.ts";
import { changed, qemuFiles } from "./qemu.ts";

const ownTag = {
  prefix: "QEMU_CI",
  upstream: "qemu-project",
  repository: "qemu/{name}",
  reference: "own-tag",
} as const;
const settings = config({
  ...ownTag,
  file: "berth.yml",
  publish: [
    { branch: "staging", tag: "latest" },
    { branch: "{default}", tag: "latest" },
    { branch: "staging-*", tag: "{slug}" },
  ],
});

async function qemu(files: CiTexts, more = {}): Promise<Pipelines> {
  return pipelinesOf(files, { config: settings, ...more });
}

/** All else is well: the rule for protected tags is one for `latest` alone. */
function factsOf(pipelines: Pipelines | undefined): DoctorFacts {
  return { ...healthy, config: { ...settings, publish: healthy.config.publish }, pipelines };
}

test("finds nothing in QEMU as it is moved by the guide", async () =>
  assert.deepEqual(unwell(factsOf(await qemu(qemuFiles))), []));

const top = join(import.meta.dirname, "../..");

/** Projects whose pipelines are right, and their images. */
const sound: readonly (readonly [folder: string, images: readonly string[], change: object])[] = [
  [".", ["tool"], {}],
  ["component/single", ["tools"], { repository: "{name}" }],
  ["component/own-tag", ["debian", "debian-arm64-cross"], ownTag],
  ["component/platforms", ["base", "docs", "tools"], { prefix: "PLATFORMS_CI" }],
  ["component/qemu", ["alpine", "debian", "debian-riscv64-cross", "fedora-rust-nightly"], ownTag],
];

for (const [folder, images, change] of sound)
  test(`finds nothing in ${folder === "." ? "berth's own pipeline" : folder}`, async () => {
    const around = { images, config: config({ prefix: "BERTH", ...change }) };
    const pipelines = await pipelinesOf(filesBelow(join(top, folder)), around);
    assert.deepEqual(unwell(factsOf(pipelines)), []);
    assert.ok(pipelines.read.some(({ jobs }) => jobs.some(({ planned }) => planned !== undefined)));
  });

for (const page of ["quick-start.md", "migrate-freedesktop.md"])
  test(`finds nothing in the pipeline of ${page}`, async () => {
    const { blocks } = readPage(page);
    const text = blocks.find((block) => isPipeline(block))?.text ?? "";
    const around = { config: config({ upstream: "acme/widget" }), own: "acme/widget" };
    const pipelines = await pipelinesOf({ ".gitlab-ci.yml": text }, around);
    assert.deepEqual(unwell(factsOf(pipelines)), []);
    assert.ok(pipelines.read.some(({ jobs }) => jobs.some(({ planned }) => planned !== undefined)));
  });

function filesBelow(folder: string): CiTexts {
  const paths = globSync(["*.yml", "{.gitlab-ci.d,templates}/**/*.yml", ".gitlab-ci.yml"], {
    cwd: folder,
  });
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

type Mistake = readonly [
  files: CiTexts,
  found: Found,
  says: RegExp,
  /** What follows from it as well. */
  also?: Check,
];

const withVariable = (line: string) => changed("base", "variables:\n", `variables:\n  ${line}\n`);

const requests = `
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH
`;

const mistakes: Readonly<Record<string, Mistake>> = {
  "a job in an image without the plan among its needs": [
    changed("buildtest", "    - berth-plan\n    - job: build-system", "    - job: build-system"),
    "without-plan is error",
    /buildtest\.yml:16: check-system-debian: image \S+\/debian: \(push to staging.*berth-plan/s,
  ],
  "a plan without its artifacts": [
    changed(
      "buildtest",
      "[berth-plan, build-tools-and-docs-debian]",
      "[{job: berth-plan, artifacts: false}, build-tools-and-docs-debian]",
    ),
    "without-plan is error",
    /buildtest\.yml:\d+: pages: .*push to main/s,
  ],
  "a job in an image of the project by a tag that branches share": [
    changed(
      "buildtest",
      "functional-system-fedora:\n",
      "functional-system-fedora:\n  image: $CI_REGISTRY_IMAGE/qemu/fedora:latest\n",
    ),
    "without-plan is error",
    /buildtest\.yml:\d+: functional-system-fedora: image \S+\/fedora:latest \(.*by the plan's variables/s,
  ],
  "a job in upstream's by such a tag, in forks": [
    changed(
      "buildtest",
      "functional-system-fedora:\n",
      "functional-system-fedora:\n  image: $CI_REGISTRY/qemu-project/qemu/qemu/fedora:latest\n",
    ),
    "without-plan is error",
    /functional-system-fedora: image \S+\/fedora:latest/,
  ],
  "a service in an image of the project by such a tag": [
    changed(
      "buildtest",
      "check-dco:\n",
      'check-dco:\n  services: [{ name: "$CI_REGISTRY_IMAGE/qemu/fedora:latest", alias: db }]\n',
    ),
    "without-plan is error",
    /check-dco: image \S+\/fedora:latest/,
  ],
  "a job that does not wait for the builds": [
    changed("buildtest", "[berth-plan, berth-images]", "[berth-plan]"),
    "before-build is error",
    /buildtest\.yml:\d+: build-system-debian: image \S+\/debian \(/s,
  ],
  "an image that the project does not have": [
    changed("buildtest", "IMAGE: fedora", "IMAGE: fedroa"),
    "unknown-image is error",
    /buildtest\.yml:\d+: functional-system-fedora: image \S+\/fedroa \(.*debian, fedora/s,
  ],
  "a job whose rule swaps in an image of elsewhere": [
    changed(
      "buildtest",
      "    IMAGE: fedora\n    QEMU_JOB_FUNCTIONAL: 1\n",
      `    QEMU_JOB_FUNCTIONAL: 1
    IMAGE: $CI_REGISTRY_IMAGE/qemu/fedora:$QEMU_CI_CONTAINER_TAG
  image: $IMAGE
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule" && $CI_PROJECT_NAMESPACE == $QEMU_CI_UPSTREAM
      variables: { IMAGE: docker.io/library/fedora:44 }
    - !reference [.berth-rules, rules]
`,
    ),
    "other-image is warning",
    /buildtest\.yml:\d+: functional-system-fedora: fedora, but docker\.io\/library\/fedora:44 \(schedule on main/s,
  ],
  "a tag of before": [
    withVariable("QEMU_CI_CONTAINER_TAG: latest"),
    "left-tag is error",
    /base\.yml:2\n.*`publish` moves that tag/s,
  ],
  "one's own": [
    withVariable("QEMU_CI_CONTAINER_TAG: mine"),
    "left-tag is warning",
    /base\.yml:2\n/,
  ],
  "a job that runs where nothing is planned, with the plan optional": [
    changed("buildtest", "    QEMU_CI_CONTAINER_TAG: latest\n", "    OTHER: 1\n"),
    "beyond-plan is error",
    /fork: schedule on main\n.*: coverity: image .*-optional/s,
  ],
  "a publishing job's images on the default branch": [
    changed("containers", "      images_on_default_branch: true\n", ""),
    "beyond-plan is error",
    /push to main.*'build-tools-and-docs-debian' job needs 'berth-plan' job, but.*images_on_default_branch: true/s,
  ],
  "the registry's variable set": [
    withVariable("CI_REGISTRY_IMAGE: registry.example.com/mesa/ci"),
    "registry-image is warning",
    /registry\.example\.com\/mesa\/ci.*base\.yml:2/s,
  ],
  "a refresh that nothing tests": [
    changed("buildtest", "    QEMU_JOB_SCHEDULED: 1\n", ""),
    "schedules is warning",
    /They run on main/s,
  ],
  "a job in pipelines of branches and of merge requests": [
    changed("buildtest", "\n  needs: []\n", `\n  needs: []${requests}`),
    "two-pipelines is warning",
    /in both: check-dco/s,
  ],
  "a component included twice": [
    changed(
      "containers",
      "include:\n",
      "include:\n  - { component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0, inputs: { mode: fan-out } }\n",
    ),
    "included-twice is warning",
    /images with job_prefix berth-.*containers\.yml:2\n/s,
  ],
  "a tag that is a variable of nobody": [
    changed("containers", "[$RUNNER_TAG]", "[$RUNER_TAG]"),
    "runner-tags is warning",
    /berth-plan: \$RUNER_TAG/s,
  ],
  "nothing but jobs of the outermost stages": [
    {
      ...changed("containers", "      stage: containers\n", ""),
      ".gitlab-ci.d/buildtest.yml":
        "check: { extends: [.berth-rules], script: make }\nunit: { stage: test, extends: .berth-rules, script: make }\n",
    },
    "empty-pipeline is warning",
    /schedule on main/s,
    "schedules",
  ],
  "a gate that is wider than the rules of all other jobs": [
    changed("containers", "      gate: rules\n", ""),
    "empty-pipeline is warning",
    /push to another branch/s,
  ],
  "a need of a job that is gone": [
    changed("buildtest", "[berth-plan, berth-images]", "[amd64-debian-container]"),
    "refused is error",
    /buildtest\.yml:10: build-system-debian job: undefined need: amd64-debian-container/s,
  ],
  "an input that does not exist": [
    changed("containers", "mode: fan-out", "modus: fan-out"),
    "refused is error",
    /containers\.yml:\d+: .*unknown input arguments: modus/s,
  ],
  "a file that is no YAML": [
    changed("base", "variables:\n", "variables: [\n"),
    "refused is error",
    /base\.yml:\d+: /s,
  ],
};

describe("a mistake in QEMU's pipeline", () => {
  for (const [what, [files, expected, says, also]] of Object.entries(mistakes)) {
    test(`${what}: ${expected}`, async () => {
      const [found, ...others] = unwell(factsOf(await qemu(files))).filter(
        // What schedules test is not known where GitLab refuses them.
        ({ id, level }) => !(id === "schedules" && level === "note"),
      );
      assertFound(found, expected, says);
      const ids = others.map(({ id }) => id);
      assert.deepEqual(ids, also === undefined ? [] : [also]);
    });
  }
});

describe("the situations", () => {
  const title = ({ read }: Pipelines, index: number) => read[index]?.title;
  const jobsIn = ({ read }: Pipelines, situation: string) =>
    read.find((each) => each.title === situation)?.jobs.map(({ job }) => job.name);

  test("are those that QEMU's rules tell apart, upstream and in forks", async () => {
    const { read } = await qemu(qemuFiles);
    assert.deepEqual(
      read.map((each) => each.title),
      [
        ...["push to main", "push to another branch", "the same with a merge request"],
        ...["push to staging", "push to staging-9.2", "push to stable-9.2", "push of a tag"],
        ...["schedule on main", "merge request of a branch", "merge request of a fork"],
        ...["fork: push", "fork: push, QEMU_CI=1", "fork: push, QEMU_CI=2"],
        ...["fork: schedule on main", "fork: push to staging, QEMU_CI_UPSTREAM=somebody"],
      ],
    );
  });

  test("without rules are only those of every project", async () => {
    const files = { ".gitlab-ci.yml": "check: { script: make }\n" };
    const pipelines = await pipelinesOf(files, { config: config() });
    assert.equal(pipelines.read.length, 9);
    assert.equal(title(pipelines, 0), "push to main");
    assert.deepEqual(jobsIn(pipelines, "push of a tag"), ["check"]);
    assert.deepEqual(jobsIn(pipelines, "merge request of a branch"), []);
  });

  test("take this project for the fork where it is not upstream", async () => {
    const pipelines = await qemu(qemuFiles, { own: "jane/qemu" });
    assert.equal(pipelines.project.upstream, "qemu-project/qemu");
    assert.equal(pipelines.project.fork, "jane/qemu");
  });

  test("have all variables of a merge request that GitLab documents", async () => {
    const rule = (condition: string) =>
      `rules: [{ if: "${condition}", when: never }, { when: on_success }]`;
    const own = rule("$CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID");
    const files = {
      ".gitlab-ci.yml": `check: { script: make, ${rule("$CI_MERGE_REQUEST_ID")} }\nown: { script: make, ${own} }\n`,
    };
    const pipelines = await pipelinesOf(files);
    assert.deepEqual(jobsIn(pipelines, "merge request of a branch"), ["own"]);
    assert.deepEqual(jobsIn(pipelines, "merge request of a fork"), []);
    const isOfRequests = (name: string) => name.startsWith("CI_MERGE_REQUEST_");
    const documented = Object.keys(jobIn("fork", mergeRequest("fork"))).filter(isOfRequests);
    const request = pipelines.read.find(({ event }) => event === "request");
    const names = request?.occasion.predefined.map(({ key }) => key).filter(isOfRequests);
    assert.deepEqual(names?.toSorted(), documented.toSorted());
    const [path, namespace, name] = ["PATH", "NAMESPACE", "NAME"].map(
      (part) => request?.occasion.predefined.find(({ key }) => key === `CI_PROJECT_${part}`)?.value,
    );
    assert.equal(path, `${namespace}/${name}`);
  });

  test("know upstream by what the rules compare with, where nothing else tells", async () => {
    const rule = "rules: [{ if: '$CI_PROJECT_NAMESPACE == \"libvirt\"' }]";
    const files = { ".gitlab-ci.yml": `check: { script: make, ${rule} }\n` };
    const pipelines = await pipelinesOf(files, { config: config(), own: null });
    assert.deepEqual(jobsIn(pipelines, "push to main"), ["check"]);
    assert.deepEqual(jobsIn(pipelines, "fork: push"), []);
  });

  test("have the variables of the settings that are given", async () => {
    const rule = "rules: [{ if: $COVERITY_TOKEN }]";
    const files = { ".gitlab-ci.yml": `scan: { script: make, ${rule} }\n` };
    const jobs = async (settings: Readonly<Record<string, string>>) =>
      jobsIn(await pipelinesOf(files, { settings }), "push to main");
    assert.deepEqual([await jobs({}), await jobs({ COVERITY_TOKEN: "x" })], [[], ["scan"]]);
  });

  const samples: readonly (readonly [condition: string, sample: string])[] = [
    ["$CI_COMMIT_BRANCH =~ /^staging(-.+)?$/", "staging"],
    ["$CI_COMMIT_BRANCH !~ /^stable-/", "stable-9.2"],
    ["$CI_COMMIT_BRANCH =~ /^release\\/\\d+\\.\\d+$/", "release/9.2"],
    ["$CI_COMMIT_BRANCH =~ /^(main|devel)$/", "main"],
    ["$CI_COMMIT_BRANCH == 'next'", "next"],
    ['$A && $CI_COMMIT_BRANCH != "old"', "old"],
  ];
  for (const [condition, sample] of samples)
    test(`${condition} is asked with ${sample}`, () =>
      assert.deepEqual(samplesOf("COMMIT_BRANCH", [condition]), [sample]));
});

describe("files that are not here", () => {
  const inputs = "inputs: { stage: test, strict: true, count: 3, only: [a] }";
  const include = `include: [{ project: acme/ci, file: jobs.yml, ${inputs} }]\n`;
  const files = {
    ".gitlab-ci.yml": `${include}check: { extends: .theirs, rules: [!reference [.their-rules, rules]], tags: [!reference [.their-tag]] }\ntheirs: { allow_failure: true }\n`,
  };

  test("are named, and what they may say is no mistake", async () => {
    const pipelines = await pipelinesOf(files);
    assert.deepEqual(pipelines.unread, ["acme/ci, jobs.yml"]);
    const found = unwell(factsOf(pipelines)).map(({ id, level }) => `${id}: ${level}`);
    assert.deepEqual(found, ["pipelines: note", "schedules: note"]);
  });

  test("may give a job its image, which is not taken for the runner's", async () => {
    const own = "check: { extends: .theirs }\nours: { extends: .theirs, image: alpine }\n";
    const by = "by: { script: make, variables: { I: !reference [.v, variables, I] }, image: $I }\n";
    const { read } = await pipelinesOf({ ".gitlab-ci.yml": include + own + by });
    const images = read[0]?.jobs.map(({ job, image }) => `${job.name} ${image}`);
    assert.deepEqual(images, ["check (not read)", "ours alpine", "by (not read)"]);
  });

  test("are all there in what GitLab joined", async () => {
    const merged = ".theirs: { script: make }\ncheck: { extends: .theirs, stage: nowhere }\n";
    const pipelines = await pipelinesOf(files, { merged });
    assert.deepEqual(pipelines.unread, []);
    const { detail } = findingOf(factsOf(pipelines), "refused");
    assert.match(detail, /^\.gitlab-ci\.yml:2: check job: chosen stage nowhere/);
  });

  test("are no pipeline where there is no first file", async () =>
    assert.equal(await readCi({}), undefined));
});

const names = Array.from({ length: 51 }, (_, index) => `part${index}`);
const parts = names.map((name) => `${name}: { script: make }\n`).join("");
const large = `check: { script: ${"x".repeat(1024 * 1024)} }\n`;
const limits: readonly (readonly [setting: string, files: CiTexts])[] = [
  ["ci_needs_size_limit", { "a.yml": `${parts}whole: { script: make, needs: [${names}] }\n` }],
  ["ci_max_includes", { "a.yml": `include: [${Array(150).fill("b.yml")}]\n`, "b.yml": parts }],
  ["max_yaml_size_bytes", { "a.yml": `.a: &a ${"x".repeat(2 ** 20)}\ncheck: { script: *a }\n` }],
];

for (const [setting, files] of limits)
  test(`an administrator may have raised ${setting}, which is named with a refusal`, async () => {
    const pipelines = await pipelinesOf({ ".gitlab-ci.yml": "include: a.yml\n", ...files });
    const { todo } = findingOf(factsOf(pipelines), "refused");
    assert.match(todo ?? "", new RegExp(`may have raised the limit \\(\`${setting}\`\\)$`));
  });

test("what GitLab has joined may be larger than it takes of one file", async () => {
  const merged = large + large.replace("check", "test");
  const { read } = await pipelinesOf({ ".gitlab-ci.yml": "include: [a.yml, b.yml]" }, { merged });
  assert.ok(read.every(({ reading }) => !("errors" in reading)));
});

test("a component that rules include in one way or another is known, and not included twice", async () => {
  const component = "component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0";
  const one = (rule: string, mode: string): string =>
    `  - { ${component}, inputs: { prefix: ACME, mode: ${mode} }, rules: [{ if: '${rule}' }] }\n`;
  const ways = one('$CI_COMMIT_BRANCH == "main"', "inline") + one("$CI_COMMIT_TAG", "fan-out");
  const job = "check: { script: make, image: alpine }\n";
  const pipelines = await pipelinesOf({ ".gitlab-ci.yml": `include:\n${ways}${job}` });
  assert.equal(pipelines.project.prefix, "ACME");
  assert.equal(findingOf(factsOf(pipelines), "included-twice").level, "ok");
  const both =
    one("$CI_COMMIT_BRANCH", "inline") + one("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH", "fan-out");
  const overlapping = await pipelinesOf({ ".gitlab-ci.yml": `include:\n${both}${job}` });
  const { detail } = findingOf(factsOf(overlapping), "included-twice");
  assert.match(detail, /For push to main GitLab makes one/);
});

test("a project whose jobs ask for images, and that includes nothing of berth's, is told to", async () => {
  const job = "check: { script: make, image: $BERTH_IMAGE_DEBIAN }\n";
  const facts = factsOf(
    await pipelinesOf({ ".gitlab-ci.yml": job }, { config: config({ prefix: "BERTH" }) }),
  );
  assert.match(findingOf(facts, "beyond-plan").todo ?? "", /^include .*`berth init --print`/);
});

test("jobs that need each other in a circle, which GitLab refuses, are looked at all the same", async () => {
  const files = {
    ".gitlab-ci.yml": `include: { component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0, inputs: { mode: fan-out } }
stages: [build, test]
one: { script: make, image: $BERTH_IMAGE_DEBIAN, needs: [berth-plan, two] }
two: { script: make, needs: [one] }
`,
  };
  const facts = factsOf(await pipelinesOf(files, { config: config() }));
  assert.equal(findingOf(facts, "before-build").level, "error");
});

for (const image of ["$BERTH_IMAGE_DEBAIN", "$BERTH_IMAGE_$NAME"])
  test(`${image} names no image, although the plan reaches its job`, async () => {
    const include = "include: { component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0 }\n";
    const job = `extends: .berth-use, script: make, variables: { NAME: DEBIAN }, image: ${image}`;
    const files = { ".gitlab-ci.yml": `${include}stages: [build, test]\ncheck: { ${job} }\n` };
    const pipelines = await pipelinesOf(files, { config: config() });
    const [found] = unwell({ ...factsOf(pipelines), config: config() });
    assertFound(found, "unknown-image is error", /check: image \$\{BERTH_IMAGE_\w*\}.*debian/s);
  });

test("the table has every job with its image in every situation", async () => {
  const lines = printPipelines(await qemu(qemuFiles), screen()).split("\n");
  const row = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.split(/ {2,}/);
  const cells = (name: string) => row(name)?.slice(2).join("");
  assert.equal(row("check-system-debian")?.[1], "debian");
  assert.equal(cells("check-system-debian"), "...RR......MR.R");
  assert.equal(cells("berth-plan"), "R..RR..R...MR.R");
  assert.equal(cells("berth-images"), "R..RR..R...MR.R");
  assert.equal(cells("functional-system-fedora"), "...RR......mm.R");
  assert.equal(row("check-dco")?.[1], "python:3.13-alpine");
  assert.equal(row("coverity")?.[1], "fedora or $CI_REGISTRY_IMAGE/qemu/fedora:latest");
  const line = lines.find((line) => line.startsWith("14 ")) ?? "";
  assert.match(line, /^14 {2}fork: schedule on main +2 jobs$/);
});

test("the table has a job that needs one which nobody has started as one that waits too", async () => {
  const files = {
    ".gitlab-ci.yml":
      "build: { script: make, when: manual }\nunit: { script: make, needs: [build] }\nmore: { script: make, needs: [unit] }\nlint: { script: make, needs: [] }\n",
  };
  const { read } = await pipelinesOf(files);
  const does = read[0]?.jobs.map(({ job, does }) => `${job.name} ${does}`);
  assert.deepEqual(does, ["build may", "unit may", "more may", "lint runs"]);
});

test("the table shows registries by their variables, with or without a path below the project's", async () => {
  const files = {
    ".gitlab-ci.yml":
      "a: { script: make, image: '$CI_REGISTRY_IMAGE:old' }\nb: { script: make, image: $CI_REGISTRY_IMAGE/b }\nc: { script: make, image: $CI_REGISTRY_IMAGE-other/b }\n",
  };
  const text = printPipelines(await pipelinesOf(files), screen());
  assert.match(text, /^a +\$CI_REGISTRY_IMAGE:old /m);
  assert.match(text, /^b +\$CI_REGISTRY_IMAGE\/b /m);
  assert.match(text, /^c +\$CI_REGISTRY\/qemu-project\/qemu-other\/b /m);
});

test("the table says what GitLab refuses", async () => {
  const files = changed("buildtest", "[berth-plan, berth-images]", "[gone]");
  const text = printPipelines(await qemu(files), screen());
  assert.match(
    text,
    /^ 1 {2}push to main +refused: build-system-debian job: undefined need: gone$/m,
  );
});

test("why there is nothing to look at is told", async () => {
  const said = (project: Partial<DoctorFacts["project"]>) =>
    findingOf(but(factsOf(undefined), { project }), "refused").what;
  assert.equal(said({}), "not looked at: no .gitlab-ci.yml here");
  const unusable = { configuration: trouble };
  assert.equal(said(unusable), "not looked at: the configuration cannot be used");
});

test("JSON has the same", async () => {
  const json = JSON.parse(JSON.stringify(pipelinesJson(await qemu(qemuFiles))));
  const [first] = json.situations;
  const { jobs, ...situation } = first;
  const own = { project: "qemu-project/qemu", errors: [] };
  assert.deepEqual(situation, { title: "push to main", source: "push", ref: "main", ...own });
  assert.deepEqual(jobs.at(-2), {
    name: "pages",
    stage: "test",
    does: "runs",
    image: "registry.example.com/qemu-project/qemu/qemu/debian",
    planned: "debian",
  });
});

test("what to do about each finding is in docs/messages.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/messages.md"), "utf8");
  const [, section = ""] =
    /^## What `berth doctor` finds in pipelines\n(.*?)^## /ms.exec(page) ?? [];
  const rows = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]);
  const first = checks.indexOf("refused");
  assert.deepEqual(rows, checks.slice(first, checks.indexOf("schedules") + 1));
});
