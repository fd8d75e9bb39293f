import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { makeRepository, temporary } from "../context/repository.ts";
import { type Env, ended, plainEnv, berth as run, startBerth } from "../support/command.ts";

/** Makes Node believe that it is elsewhere. */
const onDarwin = "Object.defineProperty(process,'platform',{value:'darwin'})";

describe("berth", () => {
  const HOME = temporary({ after });
  /** Runs berth as a user does; nothing of the surrounding CI is seen. */
  const berth = (cwd: string, args: readonly string[], env: Env = {}) =>
    run(args, { cwd, env: plainEnv({ HOME, ...env }) });
  const repository = makeRepository(
    { after },
    {
      "images/base.docker": "FROM debian:13-slim\nRUN make base\n",
      "images/child.docker": "FROM ci/base\nCOPY script.sh /\n",
      "script.sh": "echo hello\n",
      "berth.yml": 'images: "images/*.docker"\nparents: ci/{name}\nrepository: ci/{name}\n',
    },
  );
  repository.commit();
  const project = repository.path;

  test("prints keys as JSON in the documented shape", async () => {
    const { code, stdout } = await berth(project, ["key", "--json"]);
    assert.equal(code, 0);
    const { images } = JSON.parse(stdout) as { images: { name: string; key: string }[] };
    assert.deepEqual(
      images.map(({ name }) => name),
      ["base", "child"],
    );
    for (const image of images) assert.match(image.key, /^[0-9a-f]{64}$/);
  });

  test("gives the same keys from a folder inside, from a revision and with other modes", async () => {
    const { stdout: here } = await berth(project, ["key"]);
    const inside = await berth(join(project, "images"), ["key"]);
    const revision = await berth(project, ["key", "--rev", "HEAD"]);
    await chmod(join(project, "script.sh"), 0o666);
    const loose = await berth(project, ["key"]);
    assert.deepEqual([inside.stdout, revision.stdout, loose.stdout], [here, here, here]);
  });

  test("prints only the keys that were asked for", async () => {
    const { stdout } = await berth(project, ["key", "child"]);
    assert.match(stdout, /^child {2}[0-9a-f]{64}\n$/);
  });

  test("writes plan.json, a dotenv report and a child pipeline without a registry", async () => {
    const { code, stdout } = await berth(project, ["plan"], {
      CI_PIPELINE_ID: "7",
      CI_JOB_NAME: "plan",
    });
    assert.equal(code, 0);
    assert.match(stdout, /^base +build +no registry is known +-$/m);
    const status = await berth(project, ["plan", "--json"]);
    assert.equal((JSON.parse(status.stdout) as { dirty: string[] }).dirty.length, 0);
  });

  test("helps with examples", async () => {
    for (const command of ["key", "plan", "ensure", "build", "publish", "promote"]) {
      const { code, stdout } = await berth(project, [command, "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\\n {2}berth ${command}`));
    }
  });

  const mistakes: readonly [
    what: string,
    args: readonly string[],
    code: number,
    says: RegExp,
    env?: Record<string, string>,
  ][] = [
    [
      "another system",
      ["key"],
      64,
      /run on darwin: berth runs on Linux only \[USAGE\]\n.*container image/,
      { NODE_OPTIONS: `--import=data:text/javascript,${onDarwin}` },
    ],
    ["an unknown command", ["foo"], 64, /unknown command 'foo'/],
    ["an unknown flag", ["key", "--foo"], 64, /unknown option '--foo'/],
    ["no command", [], 64, /Usage: berth/],
    [
      "an unknown engine",
      ["ensure", "--engine", "kaniko"],
      64,
      /Allowed choices are auto, buildah, docker/,
    ],
    [
      "an unknown image",
      ["key", "debain"],
      64,
      /find debain: no such image \[IMAGE_UNKNOWN\]\n.*base, child/,
    ],
    ["an unknown revision", ["key", "--rev", "nope"], 1, /nope.*\[GIT_FAILED\]/],
    [
      "a configuration that is not there",
      ["--config", "nope.yml", "key"],
      64,
      /nope\.yml: no such file \[CONFIG_INVALID\]/,
    ],
    ["no registry to write to", ["ensure"], 64, /\[REGISTRY_UNSET\]\n.*--registry/],
    ["a base that is no repository", ["--registry", "Foo", "plan"], 64, /\[REFERENCE_INVALID\]/],
    [
      "no plan",
      ["build", "base", "--output", "elsewhere", "--registry", "127.0.0.1:1/x"],
      64,
      /elsewhere\/plan\.json: there is none \[PLAN_INVALID\]\n.*berth plan/,
    ],
    [
      "a tag that no tag can be",
      ["promote", "--tag", "a/b", "--registry", "127.0.0.1:1/x"],
      64,
      /promote to a\/b: not a tag \[USAGE\]/,
    ],
    [
      "a registry that is away",
      ["plan", "--registry", "127.0.0.1:1/x"],
      75,
      /127\.0\.0\.1:1.*\[REGISTRY_UNAVAILABLE\]/,
    ],
  ];
  for (const [what, args, code, says, env] of mistakes) {
    test(`${what}: exit code ${code}, and an error for programs`, async () => {
      const ended = await berth(project, ["--json", ...args], env);
      assert.match(ended.stderr, says);
      assert.equal(ended.code, code);
      assert.match(JSON.parse(ended.stdout).error.message, /\w/);
    });
  }

  test("outside of a repository says so", async () => {
    const env = { GIT_CEILING_DIRECTORIES: dirname(HOME) };
    const { code, stderr } = await berth(HOME, ["key"], env);
    assert.equal(code, 1);
    assert.match(stderr, /\[GIT_FAILED\]\n {2}hint: /);
  });

  test("names all mistakes of configuration and Dockerfiles with file, line and column", async (t) => {
    const broken = makeRepository(t, {
      "a.docker": "FROM debian\nFOO\nADD https://example.com/x /\n",
      "b.docker": "FROM\n",
    });
    broken.commit();
    const { code, stderr } = await berth(broken.path, ["key"]);
    assert.equal(code, 64);
    for (const place of ["a.docker:2:1: ", "a.docker:3:", "b.docker:1:"])
      assert.ok(stderr.includes(place), stderr);
  });

  test("a reader that stops early is no failure", async () => {
    const child = startBerth(["plan", "--json"], { cwd: project, env: plainEnv({ HOME }) });
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  });
});
