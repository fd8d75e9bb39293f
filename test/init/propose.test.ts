import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { qemu } from "./layouts.ts";
import { proposed } from "./proposed.ts";

type Files = Readonly<Record<string, string>>;

const dockerfile = "FROM debian:13-slim\nRUN make ready\n";

test("a pipeline schedule is to be looked at where there is one", async () => {
  const rule = `rules: [{ if: '$CI_PIPELINE_SOURCE == "schedule"' }]`;
  const nightly = { ".gitlab-ci.yml": `nightly: { script: a, ${rule} }\n` };
  const { steps } = await proposed({ "debian.docker": dockerfile, ...nightly });
  assert.match(steps.join("\n"), /see that some jobs .* run in the pipeline schedule/);
});

describe("a project as QEMU's", () => {
  test("plans images on the default branch where jobs publish there", async () => {
    const pages = "pages: { extends: .build, variables: { IMAGE: fedora, QEMU_JOB_PUBLISH: 1 } }\n";
    const containers = ".gitlab-ci.d/containers.yml";
    const more = { [containers]: `${qemu[containers]}${pages}` };
    const { inputs, names } = await proposed({ ...qemu, ...more });
    assert.deepEqual(names.toSorted(), ["debian", "debian-cross", "fedora", "nightly"]);
    const flags = { flags: "QEMU_JOB", images_on_default_branch: true };
    assert.deepEqual(inputs["rules"], { prefix: "QEMU_CI", upstream: "qemu-project", ...flags });
  });

  test("compares projects by their paths where upstream is the place of its images", async () => {
    const path = ".gitlab-ci.d/base.yml";
    const text = qemu[path]!.replace(": qemu-project", ": registry.test:5050/qemu/qemu");
    const { inputs, settings } = await proposed({ ...qemu, [path]: text });
    assert.equal(settings["upstream"], "registry.test:5050/qemu/qemu");
    assert.equal((inputs["rules"] as Record<string, string>)["upstream"], "qemu/qemu");
  });

  test("with a fixed tag goes over to the variable", async () => {
    const files = Object.fromEntries(
      Object.entries(qemu).map(([path, text]) => [
        path,
        text
          .replace(/^ *QEMU_CI_CONTAINER_TAG: latest\n/m, "")
          .replaceAll("$QEMU_CI_CONTAINER_TAG", "latest"),
      ]),
    );
    const base = ".gitlab-ci.d/base.yml";
    const text = files[base]!.replace(/ *variables:\n *QEMU_CI_CONTAINER_TAG.*\n/, "");
    const { settings, steps } = await proposed({ ...files, [base]: text });
    assert.equal(settings["prefix"], undefined);
    assert.equal(settings["reference"], "own-tag");
    const told = "write $BERTH_CONTAINER_TAG for the tag of image lines instead of latest";
    assert.ok(steps.includes(told));
  });
});

describe("a project without a layout of that kind", () => {
  test("gets a job for each image where there are many", async () => {
    const many = Array.from({ length: 10 }, (_, index) => [`ci/image${index}.docker`, dockerfile]);
    const tagged = "default:\n  retry: 1\n  tags: [big]\nlint: { script: a }\n";
    const files = { ...Object.fromEntries(many), ".gitlab-ci.yml": tagged };
    const { inputs, steps } = await proposed(files);
    assert.deepEqual(inputs, { images: { mode: "fan-out" } });
    assert.ok(steps.some((step) => step.includes("the input build_tags")));
    assert.ok(steps.some((step) => step.includes(".berth-use")));
  });

  for (const [count, input] of [
    [1, "tags"],
    [10, "build_tags"],
  ] as const)
    test(`builds on the runners that build today, by ${input}`, async () => {
      const paths = Array.from({ length: count }, (_, index) => `ci/image${index}.docker`);
      const jobs = paths.map(
        (path, index) => `image${index}: { extends: .build, script: docker build -f ${path} . }\n`,
      );
      const build = `variables: { MORE: "" }\n.build: { tags: [docker, "24_04", "on", $SIZE, $MORE] }\n`;
      const ci = `default: { tags: [small] }\n${build}${jobs.join("")}`;
      const dockerfiles = Object.fromEntries(paths.map((path) => [path, dockerfile]));
      const { inputs, steps } = await proposed({ ...dockerfiles, ".gitlab-ci.yml": ci });
      const mode = count > 1 ? { mode: "fan-out" } : {};
      const builds = { ...mode, [input]: ["docker", "24_04", "on", "$SIZE", "$MORE"] };
      assert.deepEqual(inputs, { images: builds });
      assert.ok(!steps.some((step) => step.includes("runner tags")));
      const other = await proposed({
        ...dockerfiles,
        "other.docker": dockerfile,
        ".gitlab-ci.yml": `${ci}other: { tags: [big], script: docker build -f other.docker . }\n`,
      });
      assert.deepEqual(other.inputs, { images: mode });
    });

  test("says whose images forks use where a git remote does", async () => {
    const at = (path: string) => ({ host: "gitlab.test", path });
    const [up, own] = [at("group/project"), at("me/project")];
    const files = { Dockerfile: dockerfile };
    const { settings } = await proposed(files, { upstream: up, origin: own });
    assert.deepEqual(settings, { upstream: "group/project" });
    assert.deepEqual((await proposed(files, { origin: own })).settings, { upstream: "me/project" });
  });

  const job = (script: string, more = ""): Files => ({
    ".gitlab-ci.yml": `build:\n${more}  script:\n    - ${script}\n`,
    "app/Dockerfile": dockerfile,
    "app/main.c": "x\n",
    "tools/a.docker": "FROM debian:13-slim AS run\nRUN make ready\n",
    "tools/b.docker": dockerfile,
  });
  const of = (V: string) => ({ dockerfile: "app/Dockerfile", args: { V } });
  const web = { repository: "ci/{name}", images: { web: "app/Dockerfile" } };
  const between = { "app/main.c": "", "app/ci/run.sh": "" };
  const script = "RUN sh -c true\nCOPY --chown=1:1 setup.sh cross*.txt /tmp/\n";
  const cases: Readonly<Record<string, readonly [files: Files, settings: unknown]>> = {
    "a folder, with another name in the registry": [
      job("docker build -t $CI_REGISTRY_IMAGE/ci/web:latest app"),
      web,
    ],
    "a folder before flags": [
      job("docker build app --pull -t $CI_REGISTRY_IMAGE/ci/web:latest"),
      web,
    ],
    "a folder before what nobody knows": [
      job("docker build -t $CI_REGISTRY_IMAGE/ci/web:latest app ${MORE:-}"),
      web,
    ],
    "a folder, with a log": [
      job("docker build --rm -t $CI_REGISTRY_IMAGE/ci/web:latest $MORE app > build.log 2>&1"),
      web,
    ],
    "the top as context": [
      job("docker buildx build --push -t $CI_REGISTRY_IMAGE/app -f app/Dockerfile ."),
      { images: [{ dockerfile: "app/Dockerfile", context: "." }] },
    ],
    "args and a target": [
      job(
        "podman build --build-arg V=1.10 --build-arg S=$SECRET --build-arg a-b=c --target run -f tools/a.docker .",
      ),
      { images: [{ dockerfile: "tools/a.docker", target: "run", args: { V: "1.10" } }] },
    ],
    "a matrix": [
      job(
        'buildah bud -f "tools/${N}.docker" -t $CI_REGISTRY_IMAGE/x/$N .',
        "  parallel:\n    matrix:\n      - N: [a, b]\n",
      ),
      { repository: "x/{name}", images: ["tools/*.docker"] },
    ],
    "one file for two images": [
      {
        ...job("docker build -t $CI_REGISTRY_IMAGE/one --build-arg V=a app"),
        "ci.yml": "",
        ".gitlab-ci.yml":
          "x:\n  script: docker build -t $CI_REGISTRY_IMAGE/one --build-arg V=a app\ny:\n  script: docker build -t $CI_REGISTRY_IMAGE/two --build-arg V=b app\n",
      },
      { images: { one: of("a"), two: of("b") } },
    ],
    "a folder that cannot be told": [job("docker build -f app/Dockerfile $FOLDER"), {}],
    "a file that cannot be told": [job("docker build -f $FILE ."), {}],
    "a file that is not there": [job("docker build -f gone.docker ."), {}],
    "no image": [job("cmake --build build -f Makefile ."), {}],
    "no job, beside what is copied": [
      { "ci/a.docker": dockerfile + script, "ci/b.docker": dockerfile, "ci/setup.sh": "make\n" },
      { defaults: { context: "ci" } },
    ],
    "no job, at the top where what is copied is": [
      { "app/Dockerfile": dockerfile + script, "setup.sh": "make\n" },
      { images: [{ dockerfile: "app/Dockerfile", context: "." }] },
    ],
    "no job, where what is copied is at both places": [
      { "ci/a.docker": dockerfile + script, "ci/setup.sh": "a\n", "setup.sh": "b\n" },
      {},
    ],
    "no job, where most of it is in a folder between": [
      { "app/ci/a.docker": `${dockerfile}COPY main.c gone.c ci/run.sh /\n`, ...between },
      { images: [{ dockerfile: "app/ci/a.docker", context: "app" }] },
    ],
    "no job, where what is copied is nowhere": [{ "ci/a.docker": dockerfile + script }, {}],
  };
  for (const [what, [files, settings]] of Object.entries(cases))
    test(`is understood where it is built from ${what}`, async () => {
      const found = await proposed(files);
      assert.deepEqual(found.settings, settings);
    });

  test("has its registry from where the pipeline spells it out, and is told to plan against it", async () => {
    const origin = { host: "gitlab.test", path: "Acme/Widget" };
    const withImage = (image: string) => ({
      Dockerfile: dockerfile,
      ".gitlab-ci.yml": `variables: { I: "${image}" }\nbuild: { image: $I, script: make }\n`,
    });
    const spelt = await proposed(withImage("registry.test:5050/acme/widget/app:v1"), { origin });
    assert.equal(spelt.settings["registry"], "registry.test:5050/acme/widget");
    assert.match(spelt.steps.at(-1) ?? "", /^berth plan: /);
    const others = [
      "other.test/acme/widgets/app:v1",
      "https://pages.test/acme/widget/x",
      "gitlab.test/acme/widget/pkg",
    ];
    for (const image of others) {
      const { settings, steps } = await proposed(withImage(image), { origin });
      assert.equal(settings["registry"], undefined);
      assert.match(steps.at(-1) ?? "", /^berth plan --registry HOST\/PATH: /);
    }
  });

  test("takes one set of variables for many images", async () => {
    const many = Array.from({ length: 60 }, (_, index) => [`ci/i${index}.docker`, dockerfile]);
    const { settings, names } = await proposed(Object.fromEntries(many));
    assert.deepEqual(settings, { reference: "tag" });
    assert.equal(names.length, 60);
  });
});
