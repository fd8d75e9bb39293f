import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { defaultConfig } from "../../src/config/config.ts";
import { printProblem } from "../../src/errors.ts";
import { unknownImages } from "../../src/pipelines/consumers.ts";
import { gatherFiles } from "../../src/pipelines/gather.ts";
import { type Known, knownImages, mayNameUnknown } from "../../src/pipelines/uses.ts";
import { memoryTree } from "../support/tree.ts";

const images = ["debian", "debian-arm64-cross", "fedora"].map((name) => ({ name }));
const root = ".gitlab-ci.yml";

function knownOf(
  reference: Known["reference"],
  repository = "{name}",
  given: Known["given"] = {},
): Known {
  return knownImages({ ...defaultConfig, prefix: "QEMU_CI", reference, repository }, images, given);
}

const each = knownOf("each");
const set = knownOf("set");

/** Checks the files as `plan` does: the search through the texts must never hide what the parser finds. */
async function check(files: Readonly<Record<string, string>>, known: Known): Promise<string[]> {
  const gathered = await gatherFiles(memoryTree(files), root);
  const problems = unknownImages(gathered, root, known).map(printProblem);
  const texts = [...gathered.values()].map(({ text }) => text);
  if (problems.length > 0) assert.equal(mayNameUnknown(texts, known), true);
  return problems;
}

const include = `include:
  - component: $CI_SERVER_FQDN/berth-ci/berth/rules@0.1.0
    inputs: { prefix: QEMU_CI, upstream: qemu-project }
  - component: $CI_SERVER_FQDN/berth-ci/berth/images@0.1.0
    inputs: { prefix: QEMU_CI, reference: set }
`;

describe("a variable of one image", () => {
  const cases: readonly (readonly [what: string, yaml: string, problems: readonly string[]])[] = [
    ["that exists", "a:\n  image: $QEMU_CI_IMAGE_DEBIAN\n", []],
    ["that exists, in braces", 'a:\n  image: "${QEMU_CI_IMAGE_DEBIAN_ARM64_CROSS}"\n', []],
    [
      "mistyped in image",
      "a:\n  image: $QEMU_CI_IMAGE_DEBAIN\n",
      [
        ".gitlab-ci.yml:2:11: job a: no image gives $QEMU_CI_IMAGE_DEBAIN; did you mean $QEMU_CI_IMAGE_DEBIAN?",
      ],
    ],
    [
      "mistyped under name, in braces",
      'a:\n  image:\n    name: "${QEMU_CI_IMAGE_FEDORAS}"\n    entrypoint: [""]\n',
      [
        ".gitlab-ci.yml:3:14: job a: no image gives $QEMU_CI_IMAGE_FEDORAS; did you mean $QEMU_CI_IMAGE_FEDORA?",
      ],
    ],
    [
      "mistyped in services of both forms",
      "a:\n  image: $QEMU_CI_IMAGE_DEBIAN\n  services:\n    - $QEMU_CI_IMAGE_SERVER\n    - name: $QEMU_CI_IMAGE_BASE\n",
      [
        ".gitlab-ci.yml:4:8: job a: no image gives $QEMU_CI_IMAGE_SERVER",
        ".gitlab-ci.yml:5:14: job a: no image gives $QEMU_CI_IMAGE_BASE",
      ],
    ],
    [
      "mistyped in a template that two jobs extend: one place",
      ".t:\n  image: $QEMU_CI_IMAGE_X\na:\n  extends: .t\nb:\n  extends: [.t]\n",
      [".gitlab-ci.yml:2:11: job a and 1 more: no image gives $QEMU_CI_IMAGE_X"],
    ],
    ["mistyped in a template that no job extends", ".t:\n  image: $QEMU_CI_IMAGE_X\n", []],
    [
      "mistyped in a template, replaced in the job",
      ".t:\n  image: $QEMU_CI_IMAGE_X\na:\n  extends: .t\n  image: busybox\n",
      [],
    ],
    [
      "mistyped behind an anchor, a merge key and a reference",
      ".t: &t\n  image: &i $QEMU_CI_IMAGE_X\na:\n  <<: *t\nb:\n  image: *i\nc:\n  image: !reference [.t, image]\n",
      [".gitlab-ci.yml:2:14: job a and 2 more: no image gives $QEMU_CI_IMAGE_X"],
    ],
    [
      "mistyped under default",
      "default:\n  image: $QEMU_CI_IMAGE_X\na:\n  script: x\nb:\n  inherit:\n    default: false\n",
      [".gitlab-ci.yml:2:11: job a: no image gives $QEMU_CI_IMAGE_X"],
    ],
    [
      "mistyped where it is not an image",
      "a:\n  image: busybox\n  script: echo $QEMU_CI_IMAGE_X\n",
      [],
    ],
    ["in a comment", "a:\n  image: busybox # $QEMU_CI_IMAGE_X\n", []],
    [
      "mistyped in a job that starts a pipeline",
      "a:\n  image: $QEMU_CI_IMAGE_X\n  trigger: x/y\n",
      [],
    ],
    [
      "that the file sets itself",
      "variables:\n  QEMU_CI_IMAGE_X: busybox\na:\n  image: $QEMU_CI_IMAGE_X\n",
      [],
    ],
    [
      "that a script writes for later jobs",
      "a:\n  image: $QEMU_CI_IMAGE_X\nb:\n  script: echo QEMU_CI_IMAGE_X=busybox > x.env\n",
      [],
    ],
    ["of another prefix", "a:\n  image: $OTHER_CI_IMAGE_X\n", []],
    [
      "made from an input",
      "spec:\n  inputs:\n    x:\n---\na:\n  image: $QEMU_CI_IMAGE_DEBIAN$[[ inputs.x ]]\n",
      [],
    ],
    ["in a file that is no YAML", "a:\n  image: [$QEMU_CI_IMAGE_X\n", []],
  ];
  for (const [what, yaml, problems] of cases) {
    test(what, async () => {
      assert.deepEqual(await check({ [root]: yaml }, each), problems);
    });
  }

  test("that the project's settings give is passed over", async () => {
    const known = knownOf("each", "{name}", { QEMU_CI_IMAGE_X: "busybox" });
    assert.deepEqual(await check({ [root]: "a:\n  image: $QEMU_CI_IMAGE_X\n" }, known), []);
  });
});

describe("IMAGE", () => {
  const wrong = (line: number, column: number, job = "a") => [
    `.gitlab-ci.yml:${line}:${column}: job ${job}: there is no image "debain"; did you mean "debian"?`,
  ];
  const cases: readonly (readonly [what: string, yaml: string, problems: readonly string[]])[] = [
    ["right", "a:\n  extends: .berth-use\n  variables: { IMAGE: debian }\n", []],
    ["wrong", "a:\n  extends: .berth-use\n  variables:\n    IMAGE: debain\n", wrong(9, 12)],
    [
      "wrong beside .berth-rules",
      'a:\n  extends: [.berth-use, .berth-rules]\n  variables:\n    "IMAGE": "debain"\n',
      wrong(9, 15),
    ],
    [
      "wrong through a template of the project",
      ".build:\n  extends: [.berth-use-optional, .berth-rules]\na:\n  extends: .build\n  variables:\n    IMAGE: debain\n",
      wrong(11, 12),
    ],
    [
      "wrong in the template, right in the job",
      ".build:\n  extends: .berth-use\n  variables: { IMAGE: debain }\na:\n  extends: .build\n  variables: { IMAGE: debian }\n",
      [],
    ],
    [
      "wrong for all jobs, right in one",
      "variables:\n  IMAGE:\n    value: debain\n    description: x\na:\n  extends: .berth-use\nb:\n  extends: .berth-use\n  variables: { IMAGE: fedora }\n",
      wrong(8, 12),
    ],
    [
      "wrong in a matrix",
      "a:\n  extends: .berth-use\n  parallel:\n    matrix:\n      - IMAGE: [debian, debain]\n      - IMAGE: fedora\n",
      wrong(10, 25),
    ],
    [
      "wrong in variables that are a reference",
      ".v:\n  variables: { IMAGE: debain }\na:\n  extends: .berth-use\n  variables: !reference [.v, variables]\n",
      wrong(7, 23),
    ],
    [
      "wrong in a job with an image of its own",
      "a:\n  extends: .berth-use\n  image: busybox\n  variables: { IMAGE: debain }\n",
      [],
    ],
    [
      "wrong above a template of somebody else, which may replace it",
      "a:\n  extends: [.berth-use, .theirs]\n  variables: { X: y }\n.t:\n  variables: { IMAGE: debain }\nb:\n  extends: [.berth-use, .t, .theirs]\n",
      [],
    ],
    [
      "wrong beside a template of somebody else, whose rules may replace it",
      "a:\n  extends: [.theirs, .berth-use]\n  variables: { IMAGE: debain }\n",
      [],
    ],
    [
      "wrong where rules choose another",
      "a:\n  extends: .berth-use\n  variables: { IMAGE: debain }\n  rules:\n    - variables: { IMAGE: debian }\n",
      [],
    ],
    [
      "made from another variable",
      "a:\n  extends: .berth-use\n  variables: { IMAGE: debain-$X }\n",
      [],
    ],
    ["that nobody sets", "a:\n  extends: .berth-use\n", []],
    [
      "wrong in a job that is not of ours",
      "a:\n  extends: .use\n  variables: { IMAGE: debain }\n",
      [],
    ],
  ];
  for (const [what, yaml, problems] of cases) {
    test(what, async () => {
      assert.deepEqual(await check({ [root]: include + yaml }, set), problems);
    });
  }

  test("means nothing where each image has a variable", async () => {
    const yaml = include.replace("reference: set", "reference: each");
    const job = "a:\n  extends: .berth-use\n  variables: { IMAGE: debain }\n";
    assert.deepEqual(await check({ [root]: yaml + job }, each), []);
  });

  test("is found by the job_prefix of the include", async () => {
    const yaml = include.replaceAll("{ prefix", "{ job_prefix: img_, prefix");
    const job = "a:\n  extends: [.img_use, .img_rules]\n  variables:\n    IMAGE: debain\n";
    assert.deepEqual(await check({ [root]: yaml + job }, set), wrong(9, 12));
    const other = "a:\n  extends: .berth-use\n  variables:\n    IMAGE: debain\n";
    assert.deepEqual(await check({ [root]: yaml + other }, set), []);
  });

  test("of a component for other images is theirs", async () => {
    const yaml = include.replaceAll("prefix: QEMU_CI", "prefix: OTHER");
    const job = "a:\n  extends: .berth-use\n  variables: { IMAGE: debain }\n";
    assert.deepEqual(await check({ [root]: yaml + job }, set), []);
  });

  test("that a user gives for the pipeline is passed over", async () => {
    const job = "a:\n  extends: .berth-use\n  variables: { IMAGE: debain }\n";
    const known = knownOf("set", "{name}", { IMAGE: "debian" });
    assert.deepEqual(await check({ [root]: include + job }, known), []);
  });
});

describe("an image line with the set's tag", () => {
  const known = knownOf("classic", "qemu/{name}");
  const line = "image: $CI_REGISTRY_IMAGE/qemu/$IMAGE:$QEMU_CI_CONTAINER_TAG\n";
  const job = `.t:\n  ${line}a:\n  extends: .t\n  variables:\n    IMAGE: debian-arm-cross\n`;
  const wrong = [
    '.gitlab-ci.yml:6:12: job a: there is no image "debian-arm-cross"; did you mean "debian-arm64-cross"?',
  ];
  const cases: readonly (readonly [what: string, yaml: string, problems: readonly string[]])[] = [
    ["names its image by IMAGE", job, wrong],
    [
      "names it by another variable",
      job.replaceAll("IMAGE:", "DISTRO:"),
      wrong.map((text) => text.replace("6:12", "6:13")),
    ],
    [
      "names it itself",
      "a:\n  image: ${QEMU_CI_CONTAINER_BASE}/debain:${QEMU_CI_CONTAINER_TAG}\n",
      ['.gitlab-ci.yml:2:36: job a: there is no image "debain"; did you mean "debian"?'],
    ],
    ["is in a folder of others", job.replace("/qemu/", "/tools/"), []],
    ["has a tag of its own", `${job}    QEMU_CI_CONTAINER_TAG: latest\n`, []],
    ["stands beside a job that pushes", `${job}b:\n  script: docker push x\n`, []],
  ];
  for (const [what, yaml, problems] of cases) {
    test(what, async () => {
      const text = what.includes("another")
        ? yaml.replace("$IMAGE", "$DISTRO").replace("$CI_REGISTRY_DISTRO", "$CI_REGISTRY_IMAGE")
        : yaml;
      assert.deepEqual(await check({ [root]: text }, known), problems);
    });
  }
});

describe("files", () => {
  const bad = "job-NAME:\n  image: $QEMU_CI_IMAGE_X\n";
  const places: readonly (readonly [include: string, included: readonly string[]])[] = [
    ["include: a/one.yml", ["a/one.yml"]],
    ["include: '/a/one.yml'", ["a/one.yml"]],
    ["include:\n  local: a/one.yml", ["a/one.yml"]],
    ["include:\n  - a/one.yml\n  - local: /a/two.yaml", ["a/one.yml", "a/two.yaml"]],
    ["include: [{ local: a/one.yml }, a/two.yaml]", ["a/one.yml", "a/two.yaml"]],
    ["include: a/*.yml", ["a/one.yml", "a/three.yml"]],
    ["include:\n  - local: a/**.yml", ["a/one.yml", "a/three.yml", "a/deep/four.yml"]],
    ["include: a/**/*.yml", ["a/one.yml", "a/three.yml", "a/deep/four.yml"]],
    ["include: a/chain.yaml", ["a/one.yml"]],
    ["include:\n  - project: x/y\n    file: a/one.yml", []],
    ["include: https://example.com/a/one.yml", []],
    ["include:\n  - local: a/one.yml\n    rules: [{ if: $X }]", []],
    ["include: $FOLDER/one.yml", []],
    ["include: a/gone.yml", []],
    ["x:\n  script:\n    - a/one.yml # include", []],
    ["x:\n  trigger:\n    include: a/one.yml", []],
  ];
  for (const [text, included] of places) {
    test(`${JSON.stringify(text)} brings ${included.length === 0 ? "nothing" : included.join(", ")}`, async () => {
      const files = {
        [root]: `${text}\n`,
        "a/one.yml": bad,
        "a/two.yaml": bad,
        "a/three.yml": bad,
        "a/deep/four.yml": bad,
        "a/chain.yaml": `include: [a/one.yml, a/chain.yaml]\n`,
      };
      const named = Object.fromEntries(
        Object.entries(files).map(([path, yaml]) => [path, yaml.replace("NAME", path)]),
      );
      const problems = await check(named, each);
      assert.deepEqual(
        problems.map((problem) => problem.replace(/:.*/, "")),
        [...included].sort(),
      );
    });
  }

  test("say more about the same job, the including one last", async () => {
    const files = {
      "a.yml": "a:\n  image: $QEMU_CI_IMAGE_X\n  script: x\n",
      "b.yml": "a:\n  image: $QEMU_CI_IMAGE_Y\n",
      [root]: "include: [a.yml, b.yml]\n",
    };
    const [problem = "", ...others] = await check(files, each);
    assert.match(problem, /^b\.yml:2:11: /);
    assert.deepEqual(others, []);
    assert.deepEqual(
      await check({ ...files, [root]: `${files[root]}a:\n  image: busybox\n` }, each),
      [],
    );
  });
});

describe("the search through the texts", () => {
  const cases: readonly (readonly [what: string, yaml: string, known: Known, answer: boolean])[] = [
    [
      "an address with a point",
      "a:\n  image: registry.opensuse.org/x\n  variables: { IMAGE: x }\n",
      set,
      false,
    ],
    [
      "known names in image lines",
      'a:\n  image: "$CI_REGISTRY_IMAGE/$IMAGE:$QEMU_CI_CONTAINER_TAG"\n  variables:\n    IMAGE: fedora\n',
      set,
      false,
    ],
    ["known variables", "a:\n  image: $QEMU_CI_IMAGE_DEBIAN\n", each, false],
    ["nothing of ours", "a:\n  image: busybox\n  variables: { IMAGE: x }\n", set, false],
    [
      "known names",
      `${include}a:\n  extends: .berth-use\n  variables:\n    IMAGE: "debian"\n`,
      set,
      false,
    ],
    [
      "a list of names",
      `${include}a:\n  extends: .berth-use\n  variables:\n    IMAGE: [debian]\n`,
      set,
      true,
    ],
  ];
  for (const [what, yaml, known, answer] of cases) {
    test(`${answer ? "asks the parser" : "is enough"} for ${what}`, () => {
      assert.equal(mayNameUnknown([yaml], known), answer);
    });
  }
});
