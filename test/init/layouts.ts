/** Small projects laid out as QEMU, libvirt and freedesktop's projects are. */

type Files = Readonly<Record<string, string>>;

const from = (base: string): string => `FROM ${base}\nRUN make ready\n`;

/** Container jobs with NAME, consumers with IMAGE, a tag by variable, gating by QEMU_CI. */
export const qemu: Files = {
  ".gitlab-ci.yml": "include:\n  - local: /.gitlab-ci.d/all.yml\n",
  ".gitlab-ci.d/all.yml": `include:
  - local: /.gitlab-ci.d/containers.yml
  - local: /.gitlab-ci.d/base.yml
stages: [containers, build]
compile:
  extends: .build
  needs: [debian-container]
  variables: { IMAGE: debian }
lint:
  extends: .base
  stage: build
  image: $CI_REGISTRY_IMAGE/qemu/fedora:$QEMU_CI_CONTAINER_TAG
  script: make lint
`,
  ".gitlab-ci.d/base.yml": `variables:
  QEMU_CI_CONTAINER_TAG: latest
  QEMU_CI_UPSTREAM: qemu-project
.base:
  rules:
    - if: '$CI_PROJECT_NAMESPACE == $QEMU_CI_UPSTREAM && $CI_COMMIT_BRANCH =~ /staging-/'
      variables:
        QEMU_CI_CONTAINER_TAG: $CI_COMMIT_REF_SLUG
    - if: '$QEMU_CI != "1" && $QEMU_CI != "2"'
      when: never
    - if: '$QEMU_JOB_OPTIONAL'
      when: manual
.build:
  extends: .base
  stage: build
  image: $CI_REGISTRY_IMAGE/qemu/$IMAGE:$QEMU_CI_CONTAINER_TAG
  script: make
`,
  ".gitlab-ci.d/containers.yml": `.container:
  extends: .base
  stage: containers
  image: docker:latest
  before_script:
    - export TAG="$CI_REGISTRY_IMAGE/qemu/$NAME:$QEMU_CI_CONTAINER_TAG"
  script:
    - docker build --tag "$TAG" --cache-from "$TAG"
      --build-arg BUILDKIT_INLINE_CACHE=1 --provenance=false
      -f "tests/docker/dockerfiles/$NAME.docker" "."
    - docker push "$TAG"
debian-container: { extends: .container, variables: { NAME: debian } }
cross-container: { extends: .container, variables: { NAME: debian-cross } }
fedora-container: { extends: .container, variables: { NAME: fedora } }
nightly-container: { extends: .container, allow_failure: true, variables: { NAME: nightly } }
weekly:
  extends: .container
  script: [make verify]
`,
  "tests/docker/dockerfiles/debian.docker": from("debian:13-slim"),
  "tests/docker/dockerfiles/debian-cross.docker": from("qemu/debian"),
  "tests/docker/dockerfiles/fedora.docker": from("fedora:43"),
  "tests/docker/dockerfiles/nightly.docker": from("fedora:43"),
  "tests/docker/dockerfiles/by-hand.docker": "FROM scratch\nADD . /\n",
};

/** One folder of Dockerfiles that is its own context, `ci-NAME:latest`, rules for merge requests. */
export const lcitool: Files = {
  ".gitlab-ci.yml": "stages: [containers, builds]\ninclude: /ci/gitlab.yml\n",
  "ci/gitlab.yml": `include:
  - local: /ci/gitlab/*.yml
variables:
  RUN_UPSTREAM_NAMESPACE: libvirt
`,
  "ci/gitlab/containers.yml": `.container_job:
  stage: containers
  before_script:
    - export TAG="$CI_REGISTRY_IMAGE/ci-$NAME:latest"
  script:
    - docker build --tag "$TAG" -f "ci/containers/$NAME.Dockerfile" ci/containers ;
    - docker push "$TAG"
x86_64-debian-13-container: { extends: .container_job, allow_failure: false, variables: { NAME: debian-13 } }
x86_64-fedora-43-container: { extends: .container_job, variables: { NAME: fedora-43 } }
`,
  "ci/gitlab/builds.yml": `.build:
  stage: builds
  image: $IMAGE
  variables:
    IMAGE: $CI_REGISTRY/libvirt/widget/ci-$NAME:latest
  rules:
    - if: '$CI_PIPELINE_SOURCE == "merge_request_event"'
x86_64-debian-13: { extends: .build, variables: { NAME: debian-13 }, script: ninja }
`,
  "ci/containers/debian-13.Dockerfile": from("docker.io/library/debian:13-slim"),
  "ci/containers/fedora-43.Dockerfile": from("registry.fedoraproject.org/fedora:43"),
};

/** No Dockerfile at all: packages and a script in variables. */
export const freedesktop: Files = {
  ".gitlab-ci.yml": `variables:
  FDO_UPSTREAM_REPO: acme/widget
include:
  - project: freedesktop/ci-templates
    ref: 0123456789abcdef
    file: /templates/debian.yml
.debian:
  variables:
    FDO_DISTRIBUTION_VERSION: trixie
    FDO_DISTRIBUTION_PACKAGES: 'gcc meson'
    FDO_DISTRIBUTION_EXEC: bash ci/install.sh
    FDO_DISTRIBUTION_TAG: "2026-11-02.0"
prepare:
  extends: [.debian, .fdo.container-build@debian]
build:
  extends: [.debian, .fdo.distribution-image@debian]
  script: ninja
`,
  "ci/install.sh": "make install\n",
};
