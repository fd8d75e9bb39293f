/** Layouts of projects that build by freedesktop's ci-templates, rewritten small. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BerthError } from "../../src/errors.ts";
import { freedesktop } from "./layouts.ts";
import { proposed } from "./proposed.ts";

interface Layout {
  /** Below the include of the templates. */
  readonly ci: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly dockerfiles: Readonly<Record<string, string>>;
  readonly gaps?: readonly RegExp[];
  readonly settings?: object;
  /** Jobs by the image that they are told to run in. */
  readonly uses?: readonly string[];
}

const include = `include:
  - project: freedesktop/ci-templates
    ref: 0123456789abcdef
    file: [/templates/debian.yml, /templates/fedora.yml, /templates/ci-fairy.yml]
`;

const layouts: Readonly<Record<string, Layout>> = {
  "several releases, each an image, with a script that is named in the variables of all": {
    ci: `variables: { FEDORA_EXEC: bash ci/fedora.sh, LEVEL: 3 }
.prep: { stage: build, extends: .fdo.container-build@fedora }
old: { extends: .prep, variables: { FDO_DISTRIBUTION_VERSION: 43, FDO_DISTRIBUTION_TAG: a, FDO_DISTRIBUTION_EXEC: $FEDORA_EXEC } }
new:
  extends: .prep
  variables: { FDO_DISTRIBUTION_VERSION: 44, FDO_DISTRIBUTION_TAG: a, FDO_DISTRIBUTION_EXEC: $FEDORA_EXEC }
  allow_failure: true
again: { extends: new }
debian: { extends: .fdo.container-build@debian, variables: { FDO_DISTRIBUTION_VERSION: sid, FDO_DISTRIBUTION_TAG: b } }
check: { extends: .fdo.distribution-image@fedora, variables: { FDO_DISTRIBUTION_VERSION: 44, FDO_DISTRIBUTION_TAG: a }, script: make }
other: { extends: .fdo.distribution-image@fedora, variables: { FDO_DISTRIBUTION_VERSION: 40, FDO_DISTRIBUTION_TAG: a }, script: make }
`,
    files: {
      "ci/fedora.sh": `#!/bin/bash\n# docs/note.md says why\ncat packages/list | install $LEVEL \${HOME} \${FDO_CI_CONCURRENT:-4}\n`,
      "docs/note.md": "text\n",
      "packages/list": "gcc $CI_JOB_ID\n",
    },
    dockerfiles: Object.fromEntries(
      [43, 44]
        .map((version) => [
          `ci/fedora-${version}.docker`,
          `FROM registry.fedoraproject.org/fedora:${version}
ARG LEVEL=3
RUN --mount=type=bind,source=ci/fedora.sh,target=/src/ci/fedora.sh \\
    --mount=type=bind,source=packages/list,target=/src/packages/list \\
    cd /src && bash ci/fedora.sh
`,
        ])
        .concat([["ci/debian.docker", "FROM docker.io/library/debian:sid\n"]]),
    ),
    settings: { images: ["ci/*.docker", { dockerfile: "ci/fedora-44.docker", optional: true }] },
    uses: ["$BERTH_IMAGE_FEDORA_44: check", "an image that was not recognised: other"],
  },
  "suffixes, references and an image from another of the project": {
    ci: `variables: { SUFFIX: amd64/fedora, TAG: "1" }
.base:
  variables:
    FDO_DISTRIBUTION_VERSION: "43"
    FDO_REPO_SUFFIX: $SUFFIX
    FDO_DISTRIBUTION_TAG: $TAG-$BRANCH
    FDO_DISTRIBUTION_PACKAGES: >-
      gcc
      meson
base image: { extends: [.base, .fdo.container-build@fedora] }
checks:
  extends: .fdo.container-build@fedora
  needs: [base image]
  variables:
    FDO_DISTRIBUTION_VERSION: !reference [.base, variables, FDO_DISTRIBUTION_VERSION]
    FDO_REPO_SUFFIX: !reference [.base, variables, FDO_REPO_SUFFIX]
    FDO_BASE_IMAGE: $CI_REGISTRY_IMAGE/$FDO_REPO_SUFFIX:$TAG-$BRANCH
    FDO_DISTRIBUTION_TAG: checks-$TAG
    FDO_DISTRIBUTION_EXEC: pip install 'a b'
    FDO_DISTRIBUTION_WORKINGDIR: /work
    FDO_DISTRIBUTION_POST_EXEC: bash push.sh
lint: { extends: [.base, .fdo.suffixed-image@fedora], script: make }
`,
    dockerfiles: {
      "ci/base-image.docker":
        "FROM registry.fedoraproject.org/fedora:43\nRUN dnf -y install gcc meson\n",
      "ci/checks.docker":
        "FROM ci/base-image\nRUN pip install 'a b'\nWORKDIR /work\n# FIXME: after the build the job ran bash push.sh\n",
    },
    settings: { parents: "ci/{name}" },
    uses: ["$BERTH_IMAGE_BASE_IMAGE: lint"],
  },
  "commands on several lines, and what no file sets": {
    ci: `setup:
  extends: .fdo.container-build@debian
  variables:
    FDO_DISTRIBUTION_VERSION: trixie
    FDO_DISTRIBUTION_PACKAGES: $PACKAGES
    FDO_DISTRIBUTION_EXEC: |
      alternatives --set python /usr/bin/python3
      ./ci/setup.sh one \\
        $$two
`,
    files: { "ci/setup.sh": "echo $1 $CI_COMMIT_SHA\n" },
    dockerfiles: {
      "ci/debian.docker": `FROM docker.io/library/debian:trixie
# FIXME: no file sets $PACKAGES
# RUN apt-get update && apt-get install -y --no-install-recommends \${PACKAGES}
RUN --mount=type=bind,source=ci/setup.sh,target=/src/ci/setup.sh \\
    <<'EXEC'
set -e
cd /src
alternatives --set python /usr/bin/python3
./ci/setup.sh one \\
  $two
EXEC
# FIXME: a build does not have $CI_COMMIT_SHA
`,
    },
    gaps: [/^ci\/debian.docker needs \$PACKAGES, \$CI_COMMIT_SHA, which no file here sets/],
  },
  "a script by the job's name, two architectures, and a Dockerfile beside them": {
    ci: `.build:
  extends: .fdo.container-ifnot-exists@debian
  variables:
    FDO_DISTRIBUTION_VERSION: bookworm
    FDO_REPO_SUFFIX: debian/$CI_JOB_NAME
    FDO_DISTRIBUTION_EXEC: env LEVEL="\${LEVEL}" bash ci/container/\${CI_JOB_NAME}.sh
    LEVEL: a "b"
x86_64: { extends: .build }
arm64: { extends: .build, tags: [aarch64] }
`,
    files: {
      "ci/container/x86_64.sh": "make\n",
      "ci/container/arm64.sh": "make\n",
      "windows/Dockerfile": "FROM scratch\n",
    },
    dockerfiles: Object.fromEntries(
      ["x86_64", "arm64"].map((job) => [
        `ci/debian-${job.replace("_", "-")}.docker`,
        `FROM docker.io/library/debian:bookworm
RUN --mount=type=bind,source=ci/container/${job}.sh,target=/src/ci/container/${job}.sh \\
    cd /src && env LEVEL="a "b"" bash ci/container/${job}.sh
`,
      ]),
    ),
    gaps: [/no job was seen that builds windows\/Dockerfile/],
    settings: {
      images: ["ci/*.docker", { dockerfile: "ci/debian-arm64.docker", platforms: ["linux/arm64"] }],
    },
  },
  "two sets of names for what is the same but for its architecture": {
    ci: `.base:
  variables: { FDO_DISTRIBUTION_VERSION: trixie, FDO_DISTRIBUTION_TAG: a, FDO_DISTRIBUTION_PACKAGES: gcc }
.test:
  extends: .fdo.container-build@debian
  variables: { FDO_DISTRIBUTION_VERSION: trixie, FDO_DISTRIBUTION_TAG: b, FDO_DISTRIBUTION_PACKAGES: gdb }
debian/x86_64_base:
  extends: [.base, .fdo.container-build@debian]
  variables: { FDO_REPO_SUFFIX: debian/x86_64_base }
debian/arm64_base:
  extends: [.base, .fdo.container-build@debian]
  variables: { FDO_REPO_SUFFIX: debian/arm64_base }
  tags: [aarch64]
debian/x86_64_test:
  extends: .test
  variables: { FDO_REPO_SUFFIX: debian/x86_64_test, FDO_BASE_IMAGE: $CI_REGISTRY_IMAGE/debian/x86_64_base:a }
debian/arm64_test:
  extends: .test
  variables: { FDO_REPO_SUFFIX: debian/arm64_test, FDO_BASE_IMAGE: $CI_REGISTRY_IMAGE/debian/arm64_base:a }
  tags: [aarch64]
check:
  extends: .fdo.distribution-image@debian
  variables: { FDO_REPO_SUFFIX: debian/arm64_test, FDO_DISTRIBUTION_TAG: b }
  tags: [aarch64]
  script: make
`,
    dockerfiles: {
      "ci/debian-base.docker":
        "FROM docker.io/library/debian:trixie\nRUN apt-get update && apt-get install -y --no-install-recommends gcc\n",
      "ci/debian-test.docker":
        "FROM ci/debian-base\nRUN apt-get update && apt-get install -y --no-install-recommends gdb\n",
    },
    settings: { parents: "ci/{name}", defaults: { platforms: ["linux/amd64", "linux/arm64"] } },
    uses: ["$BERTH_IMAGE_DEBIAN_TEST: check"],
  },
  "templates for an architecture each, and a job that says more of its image": {
    ci: `.fedora: { variables: { FDO_DISTRIBUTION_VERSION: 44, FDO_DISTRIBUTION_PACKAGES: gcc } }
build@x86_64: { extends: [.fdo.container-build@fedora@x86_64, .fedora], variables: { FDO_DISTRIBUTION_TAG: x86_64-1 } }
build@aarch64: { extends: [.fdo.container-build@fedora@aarch64, .fedora], variables: { FDO_DISTRIBUTION_TAG: aarch64-1 } }
check:
  extends: [.fdo.distribution-image@fedora, .fedora]
  variables: { FDO_DISTRIBUTION_TAG: x86_64-1 }
  image: { name: "\${FDO_DISTRIBUTION_IMAGE}", entrypoint: [runuser] }
  script: make
`,
    dockerfiles: {
      "ci/fedora.docker": "FROM registry.fedoraproject.org/fedora:44\nRUN dnf -y install gcc\n",
    },
    settings: {
      images: [{ dockerfile: "ci/fedora.docker", platforms: ["linux/amd64", "linux/arm64"] }],
    },
    uses: ["$BERTH_IMAGE_FEDORA: check"],
  },
  "virtual machines, a distribution that is not known, and a job that deletes images": {
    ci: `vm: { extends: .fdo.qemu-build@fedora, variables: { FDO_DISTRIBUTION_VERSION: 44 } }
container: { extends: .fdo.container-build@fedora, variables: { FDO_DISTRIBUTION_VERSION: 44 } }
clean: { extends: .fdo.ci-fairy, script: [ci-fairy -v delete-image --all] }
`,
    dockerfiles: { "ci/fedora.docker": "FROM registry.fedoraproject.org/fedora:44\n" },
    gaps: [/^vm extend/, /^clean deletes all tags/],
  },
};

for (const [what, layout] of Object.entries(layouts))
  test(what, async () => {
    const { ci, files = {}, dockerfiles, gaps = [], settings = {}, uses } = layout;
    const found = await proposed({ ".gitlab-ci.yml": `${include}${ci}`, ...files });
    assert.deepEqual(found.dockerfiles, dockerfiles);
    assert.equal(found.gaps.length, gaps.length, found.gaps.join("\n"));
    for (const [at, gap] of gaps.entries()) assert.match(found.gaps[at] ?? "", gap);
    assert.deepEqual(found.settings, settings);
    const steps = found.steps.join("\n");
    assert.match(steps, /migrate-freedesktop/);
    assert.doesNotMatch(steps, /and say$(?!\n {3})/m);
    for (const use of uses ?? []) assert.ok(steps.includes(use), steps);
  });

test("a release that no file sets gives no key", async () => {
  const job = "container: { extends: .fdo.container-build@fedora }\n";
  await assert.rejects(proposed({ ".gitlab-ci.yml": include + job }), (error) => {
    assert.ok(error instanceof BerthError);
    assert.match(error.problems[0]?.message ?? "", /fedora:\$\{FDO_DISTRIBUTION_VERSION\}/);
    return error.code === "DOCKERFILE_INVALID";
  });
});

test("images that a first run has written are taken as they are", async () => {
  const { dockerfiles, settings, names, steps } = await proposed(freedesktop);
  assert.deepEqual(Object.keys(dockerfiles), ["ci/debian.docker"]);
  assert.deepEqual(settings, { upstream: "acme/widget" });
  assert.deepEqual(names, ["debian"]);
  const own = { "ci/debian.docker": "FROM debian:13\n" };
  const again = await proposed({ ...freedesktop, ...own });
  assert.deepEqual(again.dockerfiles, {});
  assert.deepEqual([again.settings, again.names], [settings, names]);
  assert.deepEqual(again.steps, steps);
});
