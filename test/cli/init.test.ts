import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freedesktop, lcitool, qemu } from "../init/layouts.ts";
import { type Folder, temporaryFolder } from "../support/services.ts";

const cli = join(import.meta.dirname, "../../src/cli.ts");

function run(cwd: string, program: string, args: readonly string[]) {
  const { PATH = "", HOME = "" } = process.env;
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(program, [...args], { cwd, env: { PATH, HOME } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

const berth = (cwd: string, ...args: readonly string[]) =>
  run(cwd, process.execPath, [cli, ...args]);

describe("berth init", () => {
  let folder: Folder;
  before(async () => {
    folder = await temporaryFolder("berth-init-");
  });
  after(() => folder.remove());

  async function project(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const path = join(folder.path, name);
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), text);
    }
    await run(path, "git", ["init", "-q", "-b", "main"]);
    await run(path, "git", ["add", "-A"]);
    return path;
  }

  for (const [name, files, count] of [
    ["qemu", qemu, 4],
    ["lcitool", lcitool, 2],
  ] as const) {
    test(`writes a berth.yml that gives all images of ${name} keys, once`, async () => {
      const path = await project(name, files);
      const first = await berth(path, "init");
      assert.equal(first.code, 0, first.stderr);
      assert.equal(first.stderr, "");
      const written = await readFile(join(path, "berth.yml"), "utf8");
      assert.ok(first.stdout.includes(join(path, "berth.yml")));
      const keys = await berth(path, "key", "--json");
      const { images } = JSON.parse(keys.stdout) as { images: unknown[] };
      assert.equal(images.length, count);

      const again = await berth(path, "init");
      assert.equal(again.code, 64);
      assert.ok(again.stderr.includes(`${join(path, "berth.yml")} exists already [USAGE]`));
      assert.equal(await readFile(join(path, "berth.yml"), "utf8"), written);
      const shown = await berth(path, "init", "--print", "--json");
      const { config, written: wrote } = JSON.parse(shown.stdout) as Record<string, unknown>;
      assert.deepEqual([config, wrote], [written, false]);
    });
  }

  test("ends with what to write first where there is no Dockerfile", async () => {
    const path = await project("freedesktop", freedesktop);
    const { code, stdout, stderr } = await berth(path, "init");
    assert.equal(code, 64);
    assert.match(stdout, /ci\/debian\.docker \(was: job prepare\)/);
    assert.match(stderr, /the project has no Dockerfile \[CONFIG_INVALID\]/);
  });

  test("warns of what still keeps an image from having a key", async () => {
    const path = await project("unpinned", {
      Dockerfile: "FROM debian:13-slim\nADD https://example.com/tool /usr/bin/\n",
    });
    const { code, stdout, stderr } = await berth(path, "init");
    assert.equal(code, 0);
    assert.match(stdout, /No berth\.yml is needed/);
    assert.match(stderr, /berth key will not work yet:\n.*DOCKERFILE_INVALID/);
  });
});
