import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { makeRepository, repositoryAt, temporary } from "../context/repository.ts";
import { freedesktop, lcitool, qemu } from "../init/layouts.ts";
import { plainEnv, berth as run } from "../support/command.ts";

describe("berth init", () => {
  const env = plainEnv({ HOME: temporary({ after }) });
  const berth = (cwd: string, ...args: readonly string[]) => run(args, { cwd, env });

  function project(files: Readonly<Record<string, string>>): string {
    const repository = makeRepository({ after }, files);
    repository.run("add", "--all");
    return repository.path;
  }

  for (const [name, files, count] of [
    ["qemu", qemu, 4],
    ["lcitool", lcitool, 2],
  ] as const) {
    test(`writes a berth.yml that gives all images of ${name} keys, once`, async () => {
      const path = project(files);
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

  test("writes Dockerfiles for what templates build without any", async () => {
    const path = project(freedesktop);
    const shown = await berth(path, "init", "--print");
    assert.match(shown.stdout, /ci\/debian\.docker\n {4}FROM docker\.io\/library\/debian:trixie\n/);
    const { code, stdout } = await berth(path, "init");
    assert.equal(code, 0);
    assert.match(stdout, /Written as a beginning\n\n {4}ci\/debian\.docker\n/);
    const keys = JSON.parse((await berth(path, "key", "--json")).stdout) as { images: unknown[] };
    assert.equal(keys.images.length, 1);
  });

  test("names in the include and in its steps the file that it wrote, and says where images are", async () => {
    const path = project({ "ci/a.docker": "FROM scratch\nCOPY x /\n", "ci/x": "" });
    const base = "registry.example.com/acme/a";
    const there = ["--config", "sub/berth.yml", "--registry", base, "--json"];
    const { stdout, stderr } = await berth(path, "init", ...there);
    const { config, include, steps } = JSON.parse(stdout) as Record<string, string>;
    assert.equal(await readFile(join(path, "sub/berth.yml"), "utf8"), config, stderr);
    assert.match(config ?? "", new RegExp(`^registry: ${base}$`, "m"));
    assert.match(include ?? "", /images@\S+\n +inputs:\n +config: sub\/berth\.yml\n$/);
    assert.match(String(steps), /^berth key --config sub\/berth\.yml: .*berth plan --config sub\//);
    const usual = await berth(path, "init", "--config", "./berth.yml", "--json");
    assert.doesNotMatch(JSON.parse(usual.stdout).include, /config/);
  });

  test("ends where there is nothing to build from", async () => {
    const { code, stderr } = await berth(project({ "main.c": "" }), "init");
    assert.equal(code, 64);
    assert.match(stderr, /the project has no Dockerfile \[CONFIG_INVALID\]/);
    const ci = "a: { script: make x && docker build -f out/Dockerfile.x . }\n";
    const made = await berth(project({ ".gitlab-ci.yml": ci }), "init");
    assert.match(
      made.stderr,
      /hint: the job a builds from out\/Dockerfile\.x, which is not there;/,
    );
  });

  test("says first what still keeps an image from having a key, and what a build will fail on", async () => {
    const path = project({
      Dockerfile: "FROM debian:13-slim\nADD https://example.com/tool /usr/bin/\n",
    });
    const { code, stdout } = await berth(path, "init");
    assert.equal(code, 0);
    assert.match(stdout, /^Look at this first\n\nberth: .*DOCKERFILE_INVALID/);
    assert.doesNotMatch(stdout, /defaults fit/);
    const many = project({ Dockerfile: `FROM a\n${"ADD https://b.test/c /\n".repeat(10)}` });
    assert.match((await berth(many, "init")).stdout, /:9:.*\n {2}hint: `berth key` tells 2 more\n/);
    const other = project({ "ci/a.docker": "FROM scratch\nCOPY tool gone /\n", "ci/tool": "" });
    const inCi = /^Look at this first\n\n- ci\/a\.docker:2:1: "gone" is not in the context \(ci\)/;
    assert.match((await berth(other, "init")).stdout, inCi);
  });

  test("takes upstream and registry from the remotes", async () => {
    const path = project({ Dockerfile: "FROM scratch\n" });
    const repository = repositoryAt({ after }, path);
    repository.run("remote", "add", "origin", "git@gitlab.com:Acme/widget.git");
    const { config } = JSON.parse((await berth(path, "init", "--print", "--json")).stdout);
    assert.match(config, /^upstream: Acme\/widget$/m);
    assert.match(config, /^registry: registry\.gitlab\.com\/acme\/widget$/m);
    repository.run("remote", "add", "upstream", "https://gitlab.example.com:8443/up/widget");
    const other = JSON.parse((await berth(path, "init", "--print", "--json")).stdout);
    assert.match(other.config, /^upstream: up\/widget$/m);
    assert.doesNotMatch(other.config, /^registry:/m);
  });
});
