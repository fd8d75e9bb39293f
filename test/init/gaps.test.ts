/** Layouts of real projects, rewritten small: what `init` reads of their builds, and what it leaves to a person. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { propose } from "../../src/init/propose.ts";
import { surveyTree } from "../../src/init/survey.ts";
import { memoryTree } from "../support/tree.ts";

interface Case {
  readonly what: string;
  /** The script of the job `build`, a line each, or all of its file. */
  readonly script?: readonly string[];
  readonly ci?: string;
  readonly files?: readonly string[];
  /** Dockerfile and context of each image that is built. */
  readonly builds?: readonly (readonly [dockerfile: string, context: string])[];
  readonly gaps?: readonly RegExp[];
  readonly config?: RegExp;
  readonly steps?: RegExp;
  readonly found?: RegExp;
}

const nested = ["ci/base/Dockerfile"];

const cases: readonly Case[] = [
  {
    what: "a build in the folder that an earlier line went to",
    script: ["cd ci/base", "if docker pull X; then :; else docker build -t X .; docker push X; fi"],
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
  },
  {
    what: "a build in a subshell, and one after it",
    script: ["(cd ci/base && docker build -t x .) && docker build -f other.docker ."],
    files: [...nested, "other.docker"],
    builds: [
      ["ci/base/Dockerfile", "ci/base"],
      ["other.docker", ""],
    ],
  },
  {
    what: "pushd, popd and the project's own folder",
    script: [
      "pushd ci",
      "docker build base",
      "popd",
      "cd $CI_PROJECT_DIR/ci/base",
      "podman build .",
    ],
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
  },
  {
    what: "kaniko's spelling of a folder",
    script: ['/kaniko/executor --context "dir://${CI_PROJECT_DIR}/ci/base" --destination x'],
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
  },
  {
    what: "the own registry by host and path",
    script: ["docker build -t $CI_REGISTRY/$CI_PROJECT_PATH/tools/base:1 ci/base"],
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
    config: /^repository: tools\/\{name\}$/m,
  },
  {
    what: "the own registry by host and path in a job that runs in an image",
    ci: `build: { script: 'docker build -t $CI_REGISTRY/$CI_PROJECT_PATH/base:1 ci/base' }
test: { image: '$CI_REGISTRY/$CI_PROJECT_NAMESPACE/$CI_PROJECT_NAME/base:1', script: make }
`,
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
    config: /^reference: own-tag$/m,
  },
  {
    what: "images that only their tags tell apart",
    ci: `build: { script: 'docker build -t $CI_REGISTRY_IMAGE:base-1 ci/base' }
test: { image: '$CI_REGISTRY_IMAGE:base-1', script: make }
`,
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
    found: /a job runs in \$CI_REGISTRY_IMAGE:base-1, where tags tell images apart/,
  },
  {
    what: "flags that change the image",
    script: [
      "docker buildx build --build-context proto=proto --secret id=tok,env=TOK --ssh default --platform linux/arm64 --build-arg REV --build-arg A=1 ci/base",
    ],
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
    gaps: [
      /builds with --platform linux\/arm64, .*`platforms`/,
      /--build-context proto=proto, .*named contexts/,
      /--secret id=tok,env=TOK, .*`secrets`/,
      /--ssh default, /,
      /--build-arg REV, .*`args`/,
    ],
    config: /args:\n\s+A: "?1"?$/m,
  },
  {
    what: "runners of another architecture",
    ci: "base: { tags: [aarch64], script: docker build ci/base }\narm64-cross: { script: docker build ci/base }\n",
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
    gaps: [/the job base builds for aarch64: .*linux\/amd64 unless `platforms`/],
  },
  {
    what: "a release's job",
    ci: "release: { script: 'docker build -t $CI_REGISTRY_IMAGE/base:$CI_COMMIT_TAG ci/base' }\n",
    files: nested,
    builds: [["ci/base/Dockerfile", "ci/base"]],
    steps: /keep the jobs that publish what they build \(release\)/,
  },
  {
    what: "tools' and others' Dockerfiles",
    ci: "a: { script: make }\n",
    files: ["Dockerfile", ".devcontainer/Dockerfile", "x/vendor/y/Dockerfile"],
    builds: [],
    config: /exclude:.*\.devcontainer\/\*\*.*x\/vendor\/\*\*/s,
  },
  {
    what: "a Dockerfile that no job builds, and one that is not there",
    script: ["docker build ci/base", "docker build ci/gone"],
    files: [...nested, "other.docker"],
    builds: [["ci/base/Dockerfile", "ci/base"]],
    gaps: [
      /builds from ci\/gone\/Dockerfile, which is not there/,
      /no job was seen that builds other.docker, so it is no image/,
    ],
  },
  {
    what: "builders that are not read, and files from elsewhere",
    ci: "include: [{ project: a/b, file: /x.yml }, { remote: 'https://h.test/y.yml' }]\nbuild: { script: [docker buildx bake all, docker-compose build, make images] }\n",
    files: ["Dockerfile"],
    builds: [],
    gaps: [
      /elsewhere.*project .*x\.yml.*remote https:\/\/h\.test\/y\.yml/,
      /`docker buildx bake`/,
      /`docker-compose build`/,
      /`make images`/,
    ],
  },
  {
    what: "generated files",
    ci: "# THIS FILE WAS AUTO-GENERATED\n#\n#  $ lcitool manifest ci/manifest.yml\na: { script: make }\n",
    files: ["Dockerfile"],
    builds: [],
    gaps: [/^\.gitlab-ci\.yml is written by `lcitool manifest`, which/],
  },
  {
    what: "no pipeline",
    ci: "",
    files: ["Dockerfile"],
    builds: [],
    gaps: [/there is no \.gitlab-ci\.yml/],
  },
  {
    what: "a pipeline that is no YAML",
    ci: "a: [\n",
    files: ["Dockerfile"],
    builds: [],
    gaps: [/GitLab would refuse \.gitlab-ci\.yml.*`berth doctor --pipelines`/],
  },
  {
    what: "a branch is no upstream, a repository is",
    ci: "variables: { GST_UPSTREAM_BRANCH: main, FDO_UPSTREAM_REPO: gstreamer/gstreamer }\na: { script: make }\n",
    files: ["Dockerfile"],
    builds: [],
    config: /^upstream: gstreamer\/gstreamer$/m,
  },
];

for (const { what, script, ci, files = [], builds, gaps = [], config, steps, found } of cases) {
  test(what, async () => {
    const text = ci ?? `build: ${JSON.stringify({ script })}\n`;
    const dockerfiles = Object.fromEntries(files.map((path) => [path, "FROM scratch\n"]));
    const tree = memoryTree({ ...dockerfiles, ...(text === "" ? {} : { ".gitlab-ci.yml": text }) });
    const survey = await surveyTree(tree);
    const built = survey.built.map(({ dockerfile, context }) => [dockerfile, context]);
    assert.deepEqual([...new Map(built.map((one) => [one.join(), one])).values()], builds);
    const proposal = propose(survey, { remotes: {}, version: "1.2.3" });
    assert.equal(proposal.gaps.length, gaps.length, proposal.gaps.join("\n"));
    for (const [at, gap] of gaps.entries()) assert.match(proposal.gaps[at] ?? "", gap);
    if (config !== undefined) assert.match(proposal.config ?? "", config);
    if (found !== undefined)
      assert.match(proposal.findings.map((one) => one.found).join("\n"), found);
    if (steps !== undefined) assert.match(proposal.steps.join("\n"), steps);
    if (steps !== undefined) assert.doesNotMatch(proposal.steps.join("\n"), /delete the jobs/);
  });
}
