import assert from "node:assert/strict";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { berth, ended, plainEnv, startBerth } from "../support/command.ts";
import { projectOf } from "./project.ts";

describe("berth", () => {
  const project = projectOf(
    { after },
    {
      "images/base.docker": "FROM debian:13-slim\nRUN make base\n",
      "images/child.docker": "FROM ci/base\nCOPY script.sh /\n",
      "script.sh": "echo hello\n",
      "berth.yml": 'images: "images/*.docker"\nparents: ci/{name}\nrepository: ci/{name}\n',
    },
  );

  test("prints keys, all or those asked for, the same from a folder inside, from a revision and with other modes", async () => {
    const { images } = await project.asked<{ images: { name: string; key: string }[] }>(["key"]);
    const lines = images.map(({ name, key }) => `${name.padEnd(5)}  ${key}\n`);
    const { stdout: here } = await project.berth(["key"]);
    assert.equal(here, lines.join(""));
    assert.match(here, /^base {3}[0-9a-f]{64}\nchild {2}[0-9a-f]{64}\n$/);
    assert.equal((await project.berth(["key", "child"])).stdout, lines[1]);
    const env = plainEnv({ HOME: project.path });
    const inside = await berth(["key"], { cwd: join(project.path, "images"), env });
    const revision = await project.berth(["key", "--rev", "HEAD"]);
    await chmod(join(project.path, "script.sh"), 0o666);
    const loose = await project.berth(["key"]);
    assert.deepEqual([inside.stdout, revision.stdout, loose.stdout], [here, here, here]);
  });

  test("plans without a registry, and takes what it writes for no change of the commit", async () => {
    const { stdout } = await project.berth(["plan"], { CI_PIPELINE_ID: "7", CI_JOB_NAME: "plan" });
    assert.match(stdout, /^base +build +no registry is known +-$/m);
    const { dirty } = await project.asked<{ dirty: string[] }>(["plan"]);
    assert.deepEqual(dirty, []);
  });

  test("helps with examples", async () => {
    const commands = ["key", "plan", "ensure", "build", "publish", "promote"];
    const ends = commands.map((command) => project.berth([command, "--help"]));
    for (const [index, { code, stdout }] of (await Promise.all(ends)).entries()) {
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\\n {2}berth ${commands[index]}`));
    }
  });

  test("says its version in three spellings, none of which takes the volumes of run", async () => {
    for (const word of ["--version", "-v", "version"])
      assert.match((await project.berth([word])).stdout, /^\d+\.\d+\.\d+\n$/);
    const { stderr } = await project.berth(["run", "-v", "a:b", "basis"]);
    assert.match(stderr, /basis/);
  });

  test("takes a reader that stops early for no failure", async () => {
    const where = { cwd: project.path, env: plainEnv({ HOME: project.path }) };
    const child = startBerth(["plan", "--json"], where);
    child.stdout?.destroy();
    const { code, stderr } = await ended(child);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  });
});
