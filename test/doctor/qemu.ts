/** QEMU's pipeline in small, moved as docs/migrate-qemu.md says: each of its kinds of jobs once. */
import type { CiTexts } from "./ci.ts";

const containers = `include:
  - component: $CI_SERVER_FQDN/berth-ci/berth/rules@0.1.0
    inputs:
      prefix: QEMU_CI
      upstream: qemu-project
      flags: QEMU_JOB
      images_on_default_branch: true
  - component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0
    inputs:
      prefix: QEMU_CI
      reference: own-tag
      mode: fan-out
      stage: containers
      gate: rules
      tags: [$RUNNER_TAG]
`;

const base = `variables:
  QEMU_CI_UPSTREAM: qemu-project
.base_job_template:
  extends: .berth-rules
  variables:
    DOCKER_V: 1
`;

const buildtest = `.native_build_job_template:
  extends: .base_job_template
  stage: build
  image: $CI_REGISTRY_IMAGE/qemu/$IMAGE:$QEMU_CI_CONTAINER_TAG
  script: [make]
.native_test_job_template:
  extends: .native_build_job_template
  stage: test
  script: [make check]
build-system-debian:
  extends: .native_build_job_template
  needs: [berth-plan, berth-images]
  variables:
    IMAGE: debian
    QEMU_JOB_SCHEDULED: 1
check-system-debian:
  extends: .native_test_job_template
  needs:
    - berth-plan
    - job: build-system-debian
      artifacts: true
  variables:
    IMAGE: debian
functional-system-fedora:
  extends: .native_test_job_template
  needs: [berth-plan, berth-images]
  variables:
    IMAGE: fedora
    QEMU_JOB_FUNCTIONAL: 1
check-dco:
  extends: .base_job_template
  stage: build
  image: python:3.13-alpine
  needs: []
  script: [.gitlab-ci.d/check-dco.py]
build-tools-and-docs-debian:
  extends: .native_build_job_template
  needs: [berth-plan, berth-images]
  variables:
    IMAGE: debian
    QEMU_JOB_PUBLISH: 1
pages:
  extends: .base_job_template
  stage: test
  image: $CI_REGISTRY_IMAGE/qemu/debian:$QEMU_CI_CONTAINER_TAG
  needs: [berth-plan, build-tools-and-docs-debian]
  script: [make html]
  variables:
    QEMU_JOB_PUBLISH: 1
coverity:
  stage: build
  allow_failure: true
  image: $CI_REGISTRY_IMAGE/qemu/fedora:$QEMU_CI_CONTAINER_TAG
  needs:
    - job: berth-plan
      optional: true
    - job: berth-images
      optional: true
  script: [scripts/coverity-scan/run-coverity-scan]
  variables:
    QEMU_CI_CONTAINER_TAG: latest
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
    - if: $CI_PROJECT_NAMESPACE == $QEMU_CI_UPSTREAM
      when: never
    - if: $QEMU_CI != "1" && $QEMU_CI != "2"
      when: never
    - when: manual
`;

/** The whole; `latest` for `coverity` in a fork's schedule is what the guide's fourth trap says. */
export const qemuFiles: CiTexts = {
  ".gitlab-ci.yml": `include:
  - local: /.gitlab-ci.d/qemu-project.yml
`,
  ".gitlab-ci.d/qemu-project.yml": `variables:
  RUNNER_TAG: ""
default:
  tags: [$RUNNER_TAG]
stages: [containers, build, test]
include:
  - local: /.gitlab-ci.d/base.yml
  - local: /.gitlab-ci.d/containers.yml
  - local: /.gitlab-ci.d/buildtest.yml
`,
  ".gitlab-ci.d/base.yml": base,
  ".gitlab-ci.d/containers.yml": containers,
  ".gitlab-ci.d/buildtest.yml": buildtest,
};

/** The same with a text in one file replaced. */
export function changed(file: string, from: string, to: string): CiTexts {
  const path = `.gitlab-ci.d/${file}.yml`;
  const text = qemuFiles[path] ?? "";
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`);
  return { ...qemuFiles, [path]: text.replace(from, to) };
}
