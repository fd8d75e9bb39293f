/** What must not happen when something goes wrong: half a set, a tag too many, anything left behind. */
import assert from "node:assert/strict";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { busyboxLayer } from "../support/bases.ts";
import { ended, startBerth } from "../support/command.ts";
import { pushImage } from "../support/images.ts";
import { processesNaming, until } from "../support/processes.ts";
import { call, ensure, mainBase, plan, results, type Stage, tagsOf } from "./stage.ts";

const from = "ARG BASES=docker.io/library\nFROM ${BASES}/busybox:stable\n";

export function testFailures(name: string, stage: () => Stage): void {
  test(`${name} builds what does not depend on a failed image, names the failure and records no set`, async () => {
    const project = await stage().project.clone("failing");
    await project.addImages(
      "  broken: images/broken.Dockerfile\n  orphan: images/orphan.Dockerfile\n  sound: images/sound.Dockerfile\n",
    );
    await project.write({
      "images/broken.Dockerfile": `${from}RUN echo broken\nRUN false\n`,
      "images/orphan.Dockerfile": "FROM ci/broken\nRUN echo orphan\n",
      "images/sound.Dockerfile": `${from}RUN echo sound\n`,
    });
    await project.commit();
    const command = ["ensure", "--engine", name];
    const result = await call(stage(), command, { project });
    assert.equal(result.code, 1, result.stderr.slice(-3000));
    const told = tailOf(result.stderr, 12).filter((line) => !line.startsWith("  | "));
    assert.match(result.stderr, /\[BUILD_FAILED\]\n(?: {2}\| .*\n){2,8} {2}hint: /);
    assert.deepEqual(told.slice(-3), [
      "berth: build broken: images/broken.Dockerfile:4: RUN false: exit status 1 [BUILD_FAILED]",
      "  hint: its last lines say more",
      "berth: orphan: not built: broken, which it is built from, failed [BUILD_FAILED]",
    ]);
    const tags = (image: string) => tagsOf(stage().registry.host, `${mainBase}/ci/${image}`);
    const { set, images } = await plan(stage(), { project });
    const keyTag = images.find((image) => image.name === "sound")?.tag ?? "";
    assert.ok((await tags("sound")).includes(keyTag));
    for (const lost of ["broken", "orphan"])
      assert.deepEqual((await tags(lost)).filter(isOurs), []);
    const records = await tagsOf(stage().registry.host, `${mainBase}/berth`);
    assert.equal(records.includes(set.tag), false);
    const again = await ensure(stage(), { project }, 1);
    assert.deepEqual(
      [results(again)["sound"], results(again)["broken"], again.record],
      ["reused", "failed", null],
    );
  });

  test(`${name} leaves no process, no folder and no tag when a signal ends it in a build`, async () => {
    const { engine, registry } = stage();
    const project = await stage().project.clone("interrupted");
    const seconds = `${100000 + Math.floor(Math.random() * 100000)}`;
    await project.addImages("  slow: images/slow.Dockerfile\n");
    await project.write({ "images/slow.Dockerfile": `${from}RUN sleep ${seconds}\n` });
    await project.commit();
    const temporary = join(stage().folder, "interrupted-tmp");
    await mkdir(temporary);
    const flags = ["--config", project.config, "--registry", `${registry.host}/${mainBase}`];
    const child = startBerth([...flags, "ensure", "--engine", engine.name], {
      cwd: project.path,
      env: { ...engine.env, TMPDIR: temporary },
    });
    const end = ended(child);
    // The command of a RUN is the last argument of its shell too.
    await until(async () => (await processesNaming(`sleep\0${seconds}`)) > 0);
    assert.ok((await readdir(temporary)).some(isFolderOfBerth));
    child.kill("SIGTERM");
    assert.equal((await end).code, 143);
    await until(async () => (await processesNaming(seconds)) === 0);
    assert.deepEqual((await readdir(temporary)).filter(isFolderOfBerth), []);
    const tags = await tagsOf(registry.host, `${mainBase}/ci/slow`);
    assert.deepEqual(tags.filter(isOurs), []);
  });

  test(`${name} refuses a base with ONBUILD until that is declared, and then builds it`, async () => {
    const { host } = stage().registry;
    const layer = await busyboxLayer();
    await pushImage(host, "bases/onbuild", "1", layer, { OnBuild: ["COPY . /taken/"] });
    const project = await stage().project.clone("onbuild");
    const options = { project, base: "onbuild/project" };
    const only = (more: string) =>
      `parents: ci/{name}\nimages:\n  taken: { dockerfile: taken/Dockerfile${more} }\n`;
    await project.write({
      "taken/Dockerfile": `FROM ${host}/bases/onbuild:1\n`,
      "taken/file": "text\n",
      [relativeConfig]: only(""),
    });
    await project.commit();
    const own = { ...options, project: { ...project, config: join(project.path, relativeConfig) } };
    const refused = await call(stage(), ["ensure", "--engine", name], own);
    assert.equal(refused.code, 1);
    assert.deepEqual(tailOf(refused.stderr, 2), [
      `berth: build taken: taken/Dockerfile:1: base ${host}/bases/onbuild:1 has ONBUILD instructions (COPY . /taken/) [BASE_ONBUILD]`,
      "  hint: declare `onbuild: true` for taken in berth.yml, so that its key covers the whole context",
    ]);
    await project.write({ [relativeConfig]: only(", onbuild: true") });
    await project.commit();
    const built = await ensure(stage(), own);
    assert.deepEqual(results(built), { taken: "built" });
    const reference = built.outcomes[0]?.reference ?? "";
    assert.equal(await stage().engine.run(reference, ["cat", "/taken/file"]), "text\n");
  });

  test(`${name} has left no folder of all these runs behind`, async () => {
    const left = await readdir(stage().engine.env["TMPDIR"] ?? "");
    assert.ok(left.length > 0);
    assert.deepEqual(left.filter(isFolderOfBerth), []);
  });
}

const relativeConfig = "onbuild.yml";

/** Tags that say that an image is whole. */
function isOurs(tag: string): boolean {
  return /^(?:key|set)-/.test(tag);
}

function isFolderOfBerth(name: string): boolean {
  return name.startsWith("berth-");
}

function tailOf(text: string, lines: number): readonly string[] {
  return text.trimEnd().split("\n").slice(-lines);
}
