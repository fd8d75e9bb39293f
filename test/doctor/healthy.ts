/** DoctorFacts with which nothing is wrong, for tests that change one thing. */
import type { DoctorFacts } from "../../src/doctor/facts.ts";
import { protectedPaths, tagPatterns } from "../../src/doctor/protect.ts";
import type { ProjectSettings } from "../../src/gitlab/answers.ts";
import { situationOf } from "../../src/plan/situation.ts";
import { config, jobEnv } from "../support/keyed.ts";
import { pipelinesOf } from "./ci.ts";

export const project: ProjectSettings = {
  id: 1,
  path: "qemu-project/qemu",
  defaultBranch: "main",
  visibility: "public",
  forkedFrom: undefined,
  registry: "enabled",
  forkPipelines: false,
  cleanup: {
    ...{ enabled: false, keepNewest: undefined, olderThan: undefined },
    ...{ deletes: undefined, keeps: undefined },
  },
};

const images = ["debian", "fedora"];
const settings = config({ file: "berth.yml", upstream: "qemu-project" });
const env = jobEnv("qemu-project/qemu", { CI_DEFAULT_BRANCH: "main" });
const rule = tagPatterns(settings, "main").protect ?? "";

/** A pipeline that tests in an image, also what schedules refresh. */
const tested = `include: { component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0, inputs: { prefix: QEMU_CI } }
check: { extends: .berth-use, image: $QEMU_CI_IMAGE_DEBIAN, script: make }
`;

export const healthy: DoctorFacts = {
  config: settings,
  situation: situationOf(env, settings, undefined),
  project: { configuration: undefined, images, identified: undefined, warnings: [] },
  pipelines: await pipelinesOf({ ".gitlab-ci.yml": tested }),
  variables: {
    containerTag: undefined,
    upstream: undefined,
    ignored: false,
    situation: undefined,
    tokenVariable: "QEMU_CI_GITLAB_TOKEN",
  },
  registry: {
    own: {
      repository: "registry.example.com/qemu-project/qemu/berth",
      refused: { push: undefined, delete: undefined },
    },
    upstream: undefined,
  },
  gitlab: {
    own: project,
    upstream: undefined,
    pathRules: [
      ...protectedPaths("qemu-project/qemu", settings, images),
      ...protectedPaths("qemu-project/qemu", { repository: "qemu/{name}" }, images),
    ].map((pattern) => ({ pattern, push: "maintainer" })),
    tagRules: [{ id: 1, pattern: rule, push: "maintainer", delete: "maintainer" }],
    jobTokens: { limited: true, projects: [], groups: [] },
    schedules: ["main"],
  },
  machine: {
    engines: [{ name: "buildah", version: "1.43.1" }],
    restrictsNamespaces: false,
    foreign: [],
  },
};

/** The same in a fork of it. */
export const inFork: DoctorFacts = {
  ...healthy,
  situation: situationOf(jobEnv("jane/qemu", { CI_DEFAULT_BRANCH: "main" }), settings, undefined),
  registry: {
    ...healthy.registry,
    upstream: true,
  },
  gitlab: {
    ...healthy.gitlab,
    own: { ...project, id: 2, path: "jane/qemu", forkedFrom: { id: 1, path: project.path } },
    upstream: project,
    pathRules: { trouble: "not asked", todo: undefined },
    tagRules: { trouble: "not asked", todo: undefined },
  },
};
