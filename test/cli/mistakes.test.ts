/** What users of the component get wrong: each ends with a message that says where, and what to do. */
import assert from "node:assert/strict";
import { after, before, type TestContext, test } from "node:test";
import { ownTags } from "../../src/image/key.ts";
import { makeRepository } from "../context/repository.ts";
import { seed, testImage } from "../registry/clients.ts";
import { berth, ended, entry, plainEnv, startProgram } from "../support/command.ts";
import { type MemoryRegistry, startMemoryRegistry } from "../support/memory-registry.ts";

const files = {
  "debian.docker": "FROM scratch\n",
  "berth.yml": "prefix: QEMU_CI\nimages: ['*.docker']\n",
};

/** A job on a branch of a project. */
const job = {
  CI: "true",
  GITLAB_CI: "true",
  CI_PROJECT_ID: "1",
  CI_COMMIT_BRANCH: "main",
  CI_DEFAULT_BRANCH: "main",
};

/** A committed project of these files, where its job runs berth. */
function jobIn(
  t: TestContext,
  env: Readonly<Record<string, string>> = {},
  more: typeof files = files,
) {
  const repository = makeRepository(t, more);
  repository.commit();
  const own = { ...job, CI_REGISTRY_IMAGE: `${registry.host}/acme/tools`, ...env };
  return { cwd: repository.path, env: plainEnv({ HOME: repository.path, ...own }), repository };
}

const mistakes: readonly (readonly [
  what: string,
  env: Readonly<Record<string, string>>,
  says: RegExp,
])[] = [
  [
    "the project's registry is switched off",
    { CI_REGISTRY_IMAGE: "" },
    /CI_REGISTRY_IMAGE is not set \[REGISTRY_UNSET\]\n {2}hint: enable the container registry/,
  ],
  [
    "a tag with characters that no tag may have",
    { QEMU_CI_CONTAINER_TAG: "my/branch" },
    /read QEMU_CI_CONTAINER_TAG: "my\/branch" is not a tag .*\n.* CI_COMMIT_REF_SLUG/,
  ],
  [
    "a tag that promotion moves",
    { QEMU_CI_CONTAINER_TAG: "latest" },
    /read QEMU_CI_CONTAINER_TAG: latest is moved by `promote` alone .*\n.*take .* out of the YAML/,
  ],
  [
    "an engine that is none",
    { QEMU_CI_ENGINE: "podman" },
    /read QEMU_CI_ENGINE: podman is no engine .*\n.*give one of auto, buildah, docker/,
  ],
  [
    "an image to rebuild that is not there",
    { QEMU_CI_FORCE_REBUILD: "debain" },
    /find debain: no such image; did you mean "debian"\? \[IMAGE_UNKNOWN\]\n.*images are: debian/,
  ],
];

const slugs = `${files["berth.yml"]}publish:
  - { branch: "{default}", tag: latest }
  - { branch: "*", tag: "kept-{slug}" }
  - { branch: "*", tag: "{slug}" }
`;

for (const [branch, whose] of [
  ["latest", /moved by the branch \{default\}/],
  ["built2", /one of berth's own/],
] as const) {
  test(`a branch called ${branch} that {slug} would promote: the promote job moves nothing`, async (t) => {
    const where = jobIn(t, { CI_COMMIT_BRANCH: branch }, { ...files, "berth.yml": slugs });
    registry.log.length = 0;
    const { code, stderr } = await berth(["promote"], where);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`promote ${branch} from the branch ${branch}: .*TAG_TAKEN`));
    assert.match(stderr, whose);
    assert.deepEqual(
      registry.log.filter((line) => line.startsWith("PUT")),
      [],
    );
  });
}

let registry: MemoryRegistry;
before(async () => {
  registry = await startMemoryRegistry();
});
after(() => registry.stop());

for (const [what, env, says] of mistakes) {
  test(`${what}: the plan job says so and what to do`, async (t) => {
    const { code, stderr } = await berth(["plan"], jobIn(t, env));
    assert.equal(code, 64, stderr);
    assert.match(stderr, says);
  });
}

test("an input that berth.yml contradicts wins with a warning", async (t) => {
  const where = jobIn(t, { BERTH_INPUT_PREFIX: "MESA_CI", BERTH_INPUT_CONFIG: "" });
  const { code, stdout, stderr } = await berth(["plan", "--json"], where);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /berth\.yml:1:1: prefix: "QEMU_CI" here, but .* "MESA_CI", which wins/);
  assert.deepEqual(Object.keys(JSON.parse(stdout).variables), ["MESA_CI_IMAGE_DEBIAN"]);
});

test("a fork with its registry switched off is planned where all images are upstream's", async (t) => {
  const upstream = `${registry.host}/up/tools`;
  const where = jobIn(t, { CI_REGISTRY_IMAGE: "", QEMU_CI_UPSTREAM: upstream });
  const { images } = JSON.parse((await berth(["key", "--json"], where)).stdout);
  for (const { name, key } of images)
    seed(registry, `up/tools/${name}`, testImage(name), ownTags.key(key));
  const { code, stderr } = await berth(["plan"], where);
  assert.equal(code, 0, stderr);
});

for (const verb of ["key", "prune"]) {
  test(`a tag that no image may get, left in the settings, does not stop ${verb}`, async (t) => {
    const { repository, ...where } = jobIn(t, { QEMU_CI_CONTAINER_TAG: "latest" });
    repository.run("remote", "add", "origin", repository.path);
    const { code, stderr } = await berth([verb], where);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /CONTAINER_TAG/);
  });
}

const systemErrors: readonly (readonly [
  what: string,
  words: string,
  code: number,
  says: RegExp,
])[] = [
  [
    "a folder for a file",
    "--config ci key",
    64,
    /^berth: read \S+\/ci: it is a folder \[FILE_REF/m,
  ],
  ["a file for a folder", "plan --output data/x", 64, /data is a file, not a folder \[OUTPUT_INV/],
  [
    "a name that no file can have",
    `plan --output ${"x".repeat(300)}`,
    64,
    /the name is too long .FILE_REF/,
  ],
  ["a full disk under the result", "key >/dev/full", 1, /write standard output: no space left/],
];

for (const [what, words, code, says] of systemErrors) {
  test(`${what} is no bug of berth's own`, async (t) => {
    const repository = makeRepository(t, { ...files, data: "x\n", "ci/x": "x\n" });
    repository.commit();
    const env = plainEnv({
      HOME: repository.path,
      CI_REGISTRY_IMAGE: `${registry.host}/acme/tools`,
    });
    const line = `"$1" "$2" ${words}`;
    const args = ["-c", line, "sh", process.execPath, entry];
    const end = await ended(startProgram("/bin/sh", args, { cwd: repository.path, env }));
    assert.equal(end.code, code, end.stderr);
    assert.match(end.stderr, says);
    assert.match(end.stderr, /^ {2}hint: /m);
    assert.doesNotMatch(end.stderr, /bug of berth|^ {4}at /m);
  });
}

test("with --json an error is JSON too, unless the flag is another program's", async (t) => {
  const repository = makeRepository(t, { ...files, "berth.yml": "prefex: A\nimages: 1\n" });
  const where = { cwd: repository.path, env: plainEnv({ HOME: repository.path }) };
  const { code, stdout, stderr } = await berth(["key", "--json"], where);
  assert.equal(code, 64);
  const { error } = JSON.parse(stdout);
  assert.equal(error.code, "CONFIG_INVALID");
  assert.ok(stderr.includes(`berth: ${error.message} [CONFIG_INVALID]`), stderr);
  assert.ok(stderr.includes(`hint: ${error.hint}`), stderr);
  const [first] = error.problems;
  assert.deepEqual([first.file, first.line, first.column], ["berth.yml", 1, 1]);
  const other = await berth(["run", "debian", "--", "jq", "--json"], where);
  assert.deepEqual([other.code, other.stdout], [64, ""]);
});

test("the version has three spellings, none of which takes the volumes of run", async (t) => {
  const repository = makeRepository(t, files);
  const where = { cwd: repository.path, env: plainEnv({ HOME: repository.path }) };
  for (const word of ["--version", "-v", "version"])
    assert.match((await berth([word], where)).stdout, /^\d+\.\d+\.\d+\n$/);
  const { stderr } = await berth(["run", "-v", "a:b", "debain"], where);
  assert.match(stderr, /debain/);
});
