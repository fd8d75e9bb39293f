/** What users get wrong, on their machine and in jobs of the component: each ends with a message that says where, and what to do. */
import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { after, test } from "node:test";
import { temporary } from "../context/repository.ts";
import { seed, testImage } from "../registry/clients.ts";
import { berth, type Env, ended, entry, plainEnv, startProgram } from "../support/command.ts";
import { openRegistry, projectOf } from "./project.ts";

const registry = await openRegistry();

const files = {
  "debian.docker": "FROM scratch\nCOPY data /\n",
  "berth.yml": "prefix: QEMU_CI\nimages: ['*.docker']\n",
};
const kept = projectOf({ after }, { ...files, data: "x\n", "ci/x": "x\n" });

/** A job on a branch of a project. */
const job = {
  CI: "true",
  GITLAB_CI: "true",
  CI_PROJECT_ID: "1",
  CI_COMMIT_BRANCH: "main",
  CI_DEFAULT_BRANCH: "main",
  CI_REGISTRY_IMAGE: `${registry.host}/acme/tools`,
};

/** Makes Node believe that it is elsewhere. */
const onDarwin = "Object.defineProperty(process,'platform',{value:'darwin'})";

/** Takes the folder away in which Node runs. */
const inNothing =
  "const{mkdirSync,rmdirSync}=await(import('node:fs'));mkdirSync('gone');process.chdir('gone');rmdirSync('../gone')";

/** What follows `berth` in a shell, how it ends, what it says, and with which variables. */
const mistakes: Readonly<
  Record<string, readonly [line: string, code: number, says: RegExp, env?: Env]>
> = {
  "another system": [
    "key",
    64,
    /run on darwin: berth runs on Linux only \[USAGE\]\n.*container image/,
    { NODE_OPTIONS: `--import=data:text/javascript,${onDarwin}` },
  ],
  "a folder that is gone": [
    "key",
    64,
    /the folder that this runs in is gone \[FILE_REFUSED\]/,
    { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(inNothing)}` },
  ],
  "an unknown command": ["foo", 64, /unknown command 'foo'/],
  "an unknown flag": ["key --foo", 64, /unknown option '--foo'/],
  "no command": ["", 64, /Usage: berth/],
  "an unknown engine": ["ensure --engine kaniko", 64, /choices are auto, buildah, docker/],
  "an unknown image": [
    "key debain x",
    64,
    /find debain, x: no such image \[IMAGE_UNKNOWN\]\n.*images are: debian$/m,
  ],
  "an unknown image, whether or not an engine answers": [
    "run --local debain",
    64,
    /find debain: no such image; did you mean "debian"\? \[IMAGE_UNKNOWN\]/,
    { DOCKER_HOST: "unix:///nowhere/docker.sock" },
  ],
  "no tag to run by": ["run debian --tag a/b", 64, /a\/b: not a tag \[USAGE\]/],
  "no pipeline to pull of": ["pull --pipeline latest", 64, /latest: not a number \[USAGE\]/],
  "a tag of a revision": ["run debian --tag x --rev HEAD", 64, /cannot be used with/],
  "a build of a revision": [
    "run debian --build --rev HEAD",
    64,
    /only the working tree is built \[USAGE\]/,
  ],
  "an engine for what is not built": [
    "run debian --engine docker",
    64,
    /--engine and --allow-dirty are for what --build builds \[USAGE\]\n.*--with$/m,
  ],
  "an unknown stage of the executor": ["executor run", 64, /choices are prepare, install/],
  "a stage that a runner calls": ["executor prepare", 64, /--with is missing \[USAGE\]\n.*install/],
  "the executor's configuration": [
    "executor prepare --with docker --config x",
    64,
    /leave them out/,
  ],
  "a file that no job has": [
    "init --print --config ../x",
    64,
    /outside of the repository \[USAGE\]/,
  ],
  "an unknown revision": ["key --rev nope", 1, /nope.*\[GIT_FAILED\]/],
  "no configuration": ["--config nope.yml key", 64, /nope\.yml: no such file \[CONFIG_INVALID\]/],
  "no registry to write to": ["ensure", 64, /\[REGISTRY_UNSET\]\n.*--registry/],
  "a base that is no repository": ["--registry Foo plan", 64, /\[REFERENCE_INVALID\]/],
  "no plan": [
    "build debian --output elsewhere --registry 127.0.0.1:1/x",
    64,
    /elsewhere\/plan\.json: there is none \[PLAN_INVALID\]\n.*berth plan/,
  ],
  "a tag that no tag can be": [
    "promote --tag a/b --registry 127.0.0.1:1/x",
    64,
    /promote to a\/b: not a tag \[USAGE\]/,
  ],
  "a registry away": [
    "plan --registry 127.0.0.1:1/x",
    75,
    /127\.0\.0\.1:1.*\[REGISTRY_UNAVAILABLE\]/,
  ],
  "the project's registry is switched off": [
    "plan",
    64,
    /CI_REGISTRY_IMAGE is not set \[REGISTRY_UNSET\]\n {2}hint: enable the container registry/,
    { ...job, CI_REGISTRY_IMAGE: "" },
  ],
  "a tag with characters that no tag may have": [
    "plan",
    64,
    /read QEMU_CI_CONTAINER_TAG: "my\/branch" is not a tag .*\n.* CI_COMMIT_REF_SLUG/,
    { ...job, QEMU_CI_CONTAINER_TAG: "my/branch" },
  ],
  "a tag that promotion moves": [
    "plan",
    64,
    /read QEMU_CI_CONTAINER_TAG: latest is moved by `promote` alone .*\n.*take .* out of the YAML/,
    { ...job, QEMU_CI_CONTAINER_TAG: "latest" },
  ],
  "an engine that is none": [
    "plan",
    64,
    /read QEMU_CI_ENGINE: podman is no engine .*\n.*give one of auto, buildah, docker/,
    { ...job, QEMU_CI_ENGINE: "podman" },
  ],
  "an image to rebuild that is not there": [
    "plan",
    64,
    /find debain of QEMU_CI_FORCE_REBUILD: no such image; did you mean "debian"\? \[IMAGE_UNKNOWN\]\n.*images are: debian/,
    { ...job, QEMU_CI_FORCE_REBUILD: "debain" },
  ],
  "a folder for a file": ["--config ci key", 64, /^berth: read .+\/ci: it is a folder \[FILE_REF/m],
  "a file for a folder": ["plan --output data/x", 64, /data is a file, not a folder \[OUTPUT_INV/],
  "no folder for temporary files": [
    "ensure --registry $registry/acme/tools",
    64,
    /mkdtemp \/nowhere\/berth-\S+: its folder is not there .FILE_REF.*\n.*TMPDIR/,
    { TMPDIR: "/nowhere", registry: registry.host },
  ],
  "a name that no file can have": [
    `plan --output ${"x".repeat(300)}`,
    64,
    /the name is too long .FILE_REF.*\n {2}hint: /,
  ],
};
for (const [what, [words, code, says, env]] of Object.entries(mistakes))
  test(`${what}: exit code ${code}, and an error for programs`, async () => {
    const cwd = kept.path;
    const args = ["-c", `"$1" "$2" --json ${words}`, "sh", process.execPath, entry];
    const where = { cwd, env: plainEnv({ HOME: cwd, ...env }) };
    const end = await ended(startProgram("/bin/sh", args, where));
    assert.match(end.stderr, says);
    assert.equal(end.code, code);
    assert.doesNotMatch(end.stderr, /bug of berth|^ {4}at /m);
    assert.match(JSON.parse(end.stdout).error.message, /\w/);
  });

for (const words of ["--version", "help", "key", "key --json"])
  test(`${words}: a full disk is told, and a reader that has gone is not`, async () => {
    const run = (to: string) => {
      const script = `{ "$1" "$2" ${words}; echo "$?" >&2; } ${to}`;
      const where = { cwd: kept.path, env: plainEnv({ HOME: kept.path }) };
      return ended(startProgram("/bin/sh", ["-c", script, "sh", process.execPath, entry], where));
    };
    const full = await run(">/dev/full");
    assert.match(full.stderr, /^berth: write standard output: no space left.*\n {2}hint: .*\n1\n$/);
    assert.equal((await run("| true")).stderr, "0\n");
  });

test("outside of a repository says so", async (t) => {
  const HOME = temporary(t);
  const env = plainEnv({ HOME, GIT_CEILING_DIRECTORIES: `${HOME}/..` });
  const { code, stderr } = await berth(["key"], { cwd: HOME, env });
  assert.equal(code, 1);
  assert.match(stderr, /\[GIT_FAILED\]\n {2}hint: /);
});

test("all mistakes of Dockerfiles are named with file, line and column", async (t) => {
  const { code, stderr } = await projectOf(t, {
    "a.docker": "FROM debian\nFOO\nADD https://example.com/x /\n",
    "b.docker": "FROM\n",
  }).berth(["key"]);
  assert.equal(code, 64);
  for (const place of ["a.docker:2:1: ", "a.docker:3:", "b.docker:1:"])
    assert.ok(stderr.includes(place), stderr);
});

const slugs = `${files["berth.yml"]}publish:
  - { branch: "{default}", tag: latest }
  - { branch: "*", tag: "kept-{slug}" }
  - { branch: "*", tag: "{slug}" }
`;
for (const [branch, whose] of [
  ["latest", /moved by the branch \{default\}/],
  ["built2", /one of berth's own/],
] as const)
  test(`a branch called ${branch} that {slug} would promote: the promote job moves nothing`, async (t) => {
    const project = projectOf(t, { ...files, "berth.yml": slugs });
    registry.log.length = 0;
    const { code, stderr } = await project.berth(["promote"], { ...job, CI_COMMIT_BRANCH: branch });
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`promote ${branch} from the branch ${branch}: .*TAG_TAKEN`));
    assert.match(stderr, whose);
    assert.deepEqual(
      registry.log.filter((line) => line.startsWith("PUT")),
      [],
    );
  });

test("of images of which one is nowhere a person gets the others, a program the error alone", async (t) => {
  const image = { "a.docker": "FROM scratch\nRUN a\n", "b.docker": "FROM scratch\nRUN b\n" };
  const project = projectOf(t, { ...image, "bin/docker": "#!/bin/sh\n" });
  project.run("update-index", "--chmod=+x", "bin/docker");
  chmodSync(`${project.path}/bin/docker`, 0o755);
  const tags = await project.keyTags();
  seed(registry, "acme/half/a", testImage("a"), tags.get("a") ?? "");
  const env = { PATH: `${project.path}/bin:${process.env["PATH"]}` };
  const words = ["pull", "--registry", `${registry.host}/acme/half`];
  const told = await project.berth(words, env);
  assert.match(told.stdout, /^a +was here +\S+\/half\/a@/m, told.stderr);
  assert.match(told.stderr, /find b of the working tree: .*\[IMAGE_ABSENT\]/);
  const { code, stdout } = await project.berth([...words, "--json"], env);
  assert.deepEqual([told.code, code, JSON.parse(stdout).error.code], [1, 1, "IMAGE_ABSENT"]);
});

test("an input that berth.yml contradicts wins with a warning", async () => {
  const env = { ...job, BERTH_INPUT_PREFIX: "MESA_CI", BERTH_INPUT_CONFIG: "" };
  const { code, stdout, stderr } = await kept.berth(["plan", "--json"], env);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /berth\.yml:1:1: prefix: "QEMU_CI" here, but .* "MESA_CI", which wins/);
  assert.deepEqual(Object.keys(JSON.parse(stdout).variables), ["MESA_CI_IMAGE_DEBIAN"]);
});

test("a fork with its registry switched off is planned, and promotes nothing, where all images are upstream's", async () => {
  for (const [name, tag] of await kept.keyTags())
    seed(registry, `up/tools/${name}`, testImage(name), tag);
  const env = { CI_REGISTRY_IMAGE: "", QEMU_CI_UPSTREAM: `${registry.host}/up/tools` };
  const said: string[] = [];
  for (const command of ["plan", "ensure", "promote"]) {
    const { code, stdout, stderr } = await kept.berth([command], { ...job, ...env });
    assert.equal(code, 0, stderr);
    said.push(stdout);
  }
  assert.match(said[1] ?? "", /nothing to do\n$/);
  assert.equal(said[2], "latest: nothing to move, all images are upstream's\n");
});

test("a tag that no image may get, left in the settings, does not stop who gives none", async (t) => {
  const env = { ...job, QEMU_CI_CONTAINER_TAG: "latest" };
  const { code, stderr } = await projectOf(t, files).berth(["key"], env);
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /CONTAINER_TAG/);
});

test("with --json an error is JSON too, unless the flag is another program's", async (t) => {
  const project = projectOf(t, { ...files, "berth.yml": "prefex: A\nimages: 1\n" });
  const { code, stdout, stderr } = await project.berth(["key", "--json"]);
  assert.equal(code, 64);
  const { error } = JSON.parse(stdout);
  assert.equal(error.code, "CONFIG_INVALID");
  assert.ok(stderr.includes(`berth: ${error.message} [CONFIG_INVALID]`), stderr);
  assert.ok(stderr.includes(`hint: ${error.hint}`), stderr);
  const [first] = error.problems;
  assert.deepEqual([first.file, first.line, first.column], ["berth.yml", 1, 1]);
  const other = await project.berth(["run", "debian", "--", "jq", "--json"]);
  assert.deepEqual([other.code, other.stdout], [64, ""]);
});
