/** Layouts of real projects, rewritten small: what `init` reads of their builds, and what it leaves to a person. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { proposed } from "./proposed.ts";

interface Case {
  /** The script of the job `build`, a line each, or all of its file. */
  readonly script?: readonly string[];
  readonly ci?: string;
  /** One Dockerfile in a folder where they are not said. */
  readonly files?: readonly string[];
  /** Of files that are more than a FROM. */
  readonly texts?: Readonly<Record<string, string>>;
  readonly origin?: readonly [host: string, path: string];
  /** The Dockerfiles that are built, each with its own folder as context; unset where that is all of `files`. */
  readonly builds?: readonly string[];
  readonly gaps?: readonly RegExp[];
  readonly config?: RegExp;
  readonly steps?: RegExp;
  readonly found?: RegExp;
  readonly include?: RegExp;
}

const nested: readonly string[] = ["ci/base/Dockerfile"];

const cases: Readonly<Record<string, Case>> = {
  "a build in the folder that an earlier line went to": {
    script: ["cd ci/base", "if docker pull X; then :; else docker build -t X .; docker push X; fi"],
  },
  "a build in a subshell, and one after it": {
    script: ["(cd ci/base && docker build -t x .) && docker build -f other.docker ."],
    files: [...nested, "other.docker"],
  },
  "pushd, popd and the project's own folder": {
    script: ["pushd ci", "docker build base", "popd", "cd $CI_PROJECT_DIR/ci/base; podman build ."],
  },
  "kaniko's spelling of a folder": {
    script: ['/kaniko/executor --context "dir://${CI_PROJECT_DIR}/ci/base" --destination x'],
  },
  "the own registry by host and path": {
    script: ["docker build -t $CI_REGISTRY/$CI_PROJECT_PATH/tools/base:1 ci/base"],
    config: /^repository: tools\/\{name\}$/m,
  },
  "the own registry by host and path in a job that runs in an image": {
    ci: `build: { script: 'docker build -t $CI_REGISTRY/$CI_PROJECT_PATH/base:1 ci/base' }
test: { image: '$CI_REGISTRY/$CI_PROJECT_NAMESPACE/$CI_PROJECT_NAME/base:1', script: make }
`,
    config: /^reference: own-tag$/m,
  },
  "images that only their tags tell apart": {
    ci: `build: { script: 'docker build -t $CI_REGISTRY_IMAGE:base-1 ci/base' }
test: { image: '$CI_REGISTRY_IMAGE:base-1', script: make }
`,
    found: /a job runs in \$CI_REGISTRY_IMAGE:base-1, where tags tell images apart/,
  },
  "flags that change the image": {
    script: [
      "docker buildx build --build-context proto=proto --secret id=tok,env=TOK --ssh default --platform linux/arm64 --build-arg REV --build-arg URL=$URL --build-arg SHA=$CI_COMMIT_SHA --build-arg A=1 --build-arg a-b=c ci/base",
    ],
    gaps: [
      /--build-context proto=proto, .*named contexts/,
      /--secret id=tok,env=TOK, .*`secrets`/,
      /--ssh default, /,
      /--build-arg REV, --build-arg URL=\$URL, which are .*`args`/,
      /--build-arg SHA=\$CI_COMMIT_SHA, .*another image/,
      /--build-arg a-b=c, which is not taken over: berth\.yml takes no arg of that name: .*letters, digits/,
    ],
    config: /platforms:\n\s+- linux\/arm64\n\s+args:\n\s+A: "?1"?$/m,
  },
  "runners of another architecture, and a name that is a cross compiler's": {
    ci: "base: { tags: [aarch64], script: docker build ci/base }\narm64-cross: { script: docker build ci/cross }\n",
    files: [...nested, "ci/cross/Dockerfile"],
    config:
      /- ci\/cross\/Dockerfile\n +- dockerfile: ci\/base\/Dockerfile\n +platforms:\n +- linux\/arm64\n$/,
    found: /^base builds for linux\/arm64$/m,
    include: /mode: fan-out\n +platform_tags:\n +- - linux\/arm64\n +- aarch64\n/,
  },
  "a job for each architecture, whose args and names say which": {
    ci: `.base:
  script: docker build --build-arg ARCH=$ARCH --build-arg V=1 -t $CI_REGISTRY_IMAGE/ci/base-$ARCH ci/base
base-amd64: { extends: .base, variables: { ARCH: amd64 } }
base-arm64: { extends: .base, variables: { ARCH: arm64 }, tags: [saas-linux-small-arm64] }
`,
    gaps: [
      /^the job base-amd64 builds with --build-arg ARCH=amd64, .*TARGETARCH/,
      /^the job base-arm64 builds with --build-arg ARCH=arm64, .*TARGETARCH/,
    ],
    config:
      /^repository: ci\/\{name\}\n.*dockerfile: ci\/base\/Dockerfile\n +platforms:\n +- linux\/amd64\n +- linux\/arm64\n +args:\n +V: "1"\n$/ms,
    include: /- - linux\/arm64\n +- saas-linux-small-arm64\n/,
  },
  "a matrix of architectures, and flags of each engine that name them": {
    ci: `one: { parallel: { matrix: [{ ARCH: [amd64, arm64] }] }, tags: [$ARCH], script: 'docker build -t $CI_REGISTRY_IMAGE/one:$ARCH a' }
two: { script: 'docker buildx build --platform linux/arm64/v8,linux/amd64 -t $CI_REGISTRY_IMAGE/two b' }
three: { script: ['buildah bud --manifest $CI_REGISTRY_IMAGE/three --arch aarch64 c', 'buildah bud --manifest $CI_REGISTRY_IMAGE/three --arch amd64 c'] }
four: { script: '/kaniko/executor --customPlatform=linux/arm64 --context d --destination $CI_REGISTRY_IMAGE/four' }
four-amd64: { script: '/kaniko/executor --context d --destination $CI_REGISTRY_IMAGE/four' }
`,
    files: ["a", "b", "c", "d"].map((folder) => `${folder}/Dockerfile`),
    config:
      /defaults:\n +platforms:\n +- linux\/amd64\n +- linux\/arm64\nimages:\n +one: a\/Dockerfile\n +two: b\/Dockerfile\n +three: c\/Dockerfile\n +four: d\/Dockerfile\n$/,
    include: /- - linux\/amd64\n +- amd64\n +- - linux\/arm64\n +- arm64\n/,
  },
  "platforms that a variable names, and builds for two that are not the same": {
    ci: `one: { script: 'docker build --platform $PLATFORMS a' }
two: { script: 'docker build --build-arg V=1 b' }
two-arm64: { script: 'docker build --build-arg V=2 b' }
`,
    files: ["a/Dockerfile", "b/Dockerfile"],
    gaps: [
      /^two, two-arm64 build from b\/Dockerfile for linux\/amd64 and linux\/arm64, .*only the first/,
      /--platform \$PLATFORMS, .*`platforms`/,
    ],
  },
  "a release's job": {
    ci: "release: { script: 'docker build -t $CI_REGISTRY_IMAGE/base:$CI_COMMIT_TAG ci/base' }\n",
    steps: /keep the jobs that publish what they build \(release\)/,
  },
  "tools' and others' Dockerfiles": {
    ci: "a: { script: make }\n",
    files: ["Dockerfile", ".devcontainer/Dockerfile", "x/vendor/y/Dockerfile"],
    builds: [],
    config: /exclude:.*\.devcontainer\/\*\*.*x\/vendor\/\*\*/s,
  },
  "a Dockerfile that no job builds, and one that is not there": {
    script: ["docker build ci/base", "docker build ci/gone", "docker build gone"],
    files: [...nested, "other.docker"],
    builds: nested,
    gaps: [
      /builds from ci\/gone\/Dockerfile, gone\/Dockerfile, which are not there/,
      /no job was seen that builds other.docker: name under `images` what is one, now it is none/,
    ],
  },
  "a build whose folder a loop decides": {
    ci: "build: { script: 'for i in a b; do docker build -t $CI_REGISTRY_IMAGE/$i   $i; done' }\n",
    files: ["a/Dockerfile"],
    builds: [],
    gaps: [/^jobs run `docker build -t \$CI_REGISTRY_IMAGE\/\$i \$i`, which is not read: name/],
  },
  "builders that are not read, and files from elsewhere": {
    ci: `include: [{ project: a/b, file: /x.yml }, { remote: 'https://h.test/y.yml' }]
build:
  script:
    - docker buildx bake all
    - docker-compose build
    - |
      make -j2 \\
        images
    - ./ci/$CI_JOB_STAGE/image.sh debian && ./ci/lint.sh
    - cat README.md
`,
    files: ["Dockerfile"],
    texts: {
      "ci/test/image.sh": "$RUNTIME build -t x .\n",
      "ci/lint.sh": "ninja\n",
      "README.md": "docker build .\n",
    },
    builds: [],
    gaps: [
      /elsewhere.*project .*x\.yml.*remote https:\/\/h\.test\/y\.yml/,
      /`docker buildx bake`/,
      /`docker-compose build`/,
      /`make -j2 images`/,
      /`ci\/test\/image\.sh`/,
    ],
  },
  "generated files": {
    ci: "# THIS FILE WAS AUTO-GENERATED\n#\n#  $ lcitool manifest ci/manifest.yml\na: { script: make }\n",
    files: ["Dockerfile"],
    builds: [],
    gaps: [/^\.gitlab-ci\.yml is written by `lcitool manifest`, which/],
  },
  "one repository with a tag for each image, and a second architecture with a name of its own": {
    ci: `.image: { script: 'docker build -t $CI_REGISTRY_IMAGE/$NAME:$VERSION ci/debian-$VERSION' }
one: { extends: .image, variables: { NAME: debian, VERSION: stable } }
one-arm64: { extends: .image, variables: { NAME: debian-arm64, VERSION: stable } }
two: { extends: .image, variables: { NAME: debian, VERSION: unstable } }
three: { script: 'docker build -t $CI_REGISTRY_IMAGE/fedora ci/fedora-43' }
test: { image: $CI_REGISTRY/acme/widget/debian-arm64:stable, script: make }
other: { image: $CI_REGISTRY_IMAGE/debian:unstable, script: make }
`,
    files: [
      "ci/debian-stable/Dockerfile",
      "ci/debian-unstable/Dockerfile",
      "ci/fedora-43/Dockerfile",
    ],
    origin: ["gitlab.test", "acme/widget"],
    config:
      /debian-stable:\n +dockerfile: ci\/debian-stable\/Dockerfile\n +platforms:\n +- linux\/amd64\n +- linux\/arm64\n +debian-unstable: ci\/debian-unstable\/Dockerfile\n +fedora: ci\/fedora-43\/Dockerfile\n/,
    found: /runs in \$CI_REGISTRY_IMAGE\/.*, and such lines do not all name images by one pattern/,
  },
  "the own registry spelt out in a variable, files that rules include, and images that make builds":
    {
      ci: `include: [{ local: images.yml, rules: [{ if: $IMAGES }] }]
variables: { WHERE: registry.gitlab.test/acme/widget }
.test: { image: '\${WHERE}/\${IMAGE}', script: make }
one: { extends: .test, variables: { IMAGE: "debian:12-x86" } }
two: { extends: .test, variables: { IMAGE: "gone:1" } }
`,
      texts: { "images.yml": "images: { script: [apk add make, make -C ci $CONTAINER] }\n" },
      files: ["ci/debian/12-x86.dockerfile"],
      origin: ["gitlab.test", "Acme/widget"],
      builds: [],
      found: /a job runs in \$CI_REGISTRY_IMAGE\/debian:12-x86, and such lines/,
      gaps: [/^jobs run in \$CI_REGISTRY_IMAGE\/gone:1 of the project/, /`make -C ci \$CONTAINER`/],
    },
  "images that are called as their jobs, with the same args, from generated files": {
    ci: `.image: { script: 'podman build --build-arg SUM=1 ci/$CI_JOB_NAME' }
debian: { extends: .image }
fedora: { extends: .image }
`,
    texts: {
      "ci/debian/Dockerfile": "# This file is generated by 'ci/make.py --all'\nFROM debian:13\n",
    },
    files: ["ci/fedora/Dockerfile"],
    builds: ["ci/debian/Dockerfile", "ci/fedora/Dockerfile"],
    config: /^defaults:\n +args:\n +SUM: "1"\n$/m,
    gaps: [/^ci\/debian\/Dockerfile is written by `ci\/make\.py --all`/],
  },
  "an application that another job publishes, tried out for this machine before": {
    ci: `try: { script: docker buildx build -t app:try . }
app: { script: 'docker buildx build --platform linux/amd64,linux/arm64/v8 -t $CI_REGISTRY_IMAGE/app:$CI_COMMIT_REF_SLUG .' }
hub: { script: 'skopeo copy docker://\${CI_REGISTRY_IMAGE}/app:$CI_COMMIT_REF_SLUG docker://acme/app' }
`,
    files: [],
    texts: { Dockerfile: "FROM scratch\nCOPY --chown=1 . /app\n" },
    builds: ["Dockerfile"],
    config:
      /^images:\n +app:\n +dockerfile: Dockerfile\n +platforms:\n +- linux\/amd64\n +- linux\/arm64\n$/m,
    gaps: [/^commands of hub name what app builds/, /^Dockerfile copies the whole repository/],
  },
  "files that are only called like Dockerfiles, and a remote that is no GitLab": {
    ci: "a: { extends: .theirs, variables: { I: !reference [.theirs, variables, I] }, image: $I, script: make }\n",
    texts: {
      "Makefile.docker": "all:\n\tdocker build .\n",
      "etc/app.docker": "FROM {{ base }}\nRUN true\n",
      "win/Dockerfile.win": "FROM mcr.microsoft.com/windows/nanoserver:1\n",
    },
    files: ["ci/a.docker"],
    origin: ["github.com", "acme/widget"],
    builds: [],
    config: /^exclude:\n +- Makefile\.docker\n +- etc\/app\.docker\n +- win\/Dockerfile\.win\n$/m,
    found:
      /^the git remote origin is on github\.com, which is no GitLab$.*^a job runs in \$I, which does not/ms,
  },
  "an image that is called as its base, and staging branches of one name": {
    ci: "a: { rules: [{ if: '$CI_COMMIT_REF_NAME =~ /^staging$/' }], script: 'echo $CI_COMMIT_REF_SLUG' }\n",
    texts: { "ci/cuda/Dockerfile": "FROM nvidia/cuda:13\n" },
    files: ["ci/base/Dockerfile"],
    builds: [],
    config:
      /^publish:\n +- branch: staging\n +tag: latest\n +- branch: "\{default\}"\n +tag: latest\n$/m,
    include: /^berth-promote:\n +rules:\n +- if: .*DEFAULT_BRANCH\n +- if: .*staging.*\n$/m,
  },
  "no pipeline": {
    ci: "",
    files: ["Dockerfile"],
    builds: [],
    gaps: [/there is no \.gitlab-ci\.yml/],
  },
  "a pipeline that is no YAML": {
    ci: "a: [\n",
    files: ["Dockerfile"],
    builds: [],
    gaps: [/GitLab would refuse \.gitlab-ci\.yml.*`berth doctor --pipelines`/],
  },
  "an upstream that is another project, and a namespace that looks like a host": {
    ci: "# This file is generated by tools.\nvariables: { QA_UPSTREAM_PROJECT: qa/tests }\na: { script: make }\n",
    files: ["Dockerfile"],
    origin: ["gitlab.com", "gnu.tools/widget"],
    builds: [],
    config: /^upstream: registry\.gitlab\.com\/gnu\.tools\/widget$/m,
    gaps: [/^\.gitlab-ci\.yml is written by `tools`/],
  },
  "a branch is no upstream, a repository is": {
    ci: "variables: { GST_UPSTREAM_BRANCH: main, FDO_UPSTREAM_REPO: gstreamer/gstreamer }\na: { script: make }\n",
    files: ["Dockerfile"],
    builds: [],
    config: /^upstream: gstreamer\/gstreamer$/m,
  },
};

for (const [what, one] of Object.entries(cases))
  test(what, async () => {
    const { script, ci, files = nested, builds = files, gaps = [], ...more } = one;
    const { config, steps, found, include, texts = {}, origin: [host = "", path = ""] = [] } = more;
    const text = ci ?? `build: ${JSON.stringify({ script })}\n`;
    const dockerfiles = Object.fromEntries(files.map((path) => [path, "FROM scratch\n"]));
    const ciFile = text === "" ? {} : { ".gitlab-ci.yml": text };
    const project = { ...dockerfiles, ...texts, ...ciFile };
    const proposal = await proposed(project, path === "" ? {} : { origin: { host, path } });
    for (const { dockerfile, context } of proposal.built)
      assert.equal(context, dockerfile.slice(0, Math.max(dockerfile.lastIndexOf("/"), 0)));
    assert.deepEqual([...new Set(proposal.built.map((one) => one.dockerfile))], builds);
    assert.equal(proposal.gaps.length, gaps.length, proposal.gaps.join("\n"));
    for (const [at, gap] of gaps.entries()) assert.match(proposal.gaps[at] ?? "", gap);
    if (include !== undefined) assert.match(proposal.include, include);
    if (config !== undefined) assert.match(proposal.config ?? "", config);
    if (found !== undefined)
      assert.match(proposal.findings.map((one) => one.found).join("\n"), found);
    if (steps !== undefined) assert.match(proposal.steps.join("\n"), steps);
    if (steps !== undefined) assert.doesNotMatch(proposal.steps.join("\n"), /delete the jobs/);
  });
