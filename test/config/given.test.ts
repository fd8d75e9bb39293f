import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { givenSettings } from "../../src/config/config.ts";
import { configOf, parseConfig } from "../../src/config/parse.ts";
import { BerthError } from "../../src/errors.ts";

describe("what the component's inputs say", () => {
  const env = { BERTH_INPUT_PREFIX: "QEMU_CI", BERTH_INPUT_REFERENCE: "" };
  const given = givenSettings({ ...env, PATH: "/bin" });

  test("comes from variables, and an empty one is none", () =>
    assert.deepEqual(given, { prefix: "QEMU_CI" }));

  test("holds where the file says nothing, or the same", () => {
    for (const text of ["reference: tag\n", "reference: tag\nprefix: QEMU_CI\n"]) {
      const { prefix, reference, engine, warnings } = parseConfig(text, "berth.yml", given);
      assert.deepEqual([prefix, reference, engine, warnings], ["QEMU_CI", "tag", "auto", []]);
    }
  });

  test("holds without a file", () => {
    const config = configOf({ ...given, reference: "own-tag", engine: "docker" });
    const { file, prefix, reference, engine } = config;
    assert.deepEqual(
      [file, prefix, reference, engine],
      [undefined, "QEMU_CI", "own-tag", "docker"],
    );
  });

  test("wins where the file says otherwise, and a warning names the place", () => {
    const text = "upstream: acme\nprefix: MESA_CI\nreference: tag\n";
    const told = { ...given, reference: "digest", upstream: "other" };
    const config = parseConfig(text, "ci/berth.yml", told);
    assert.deepEqual([config.prefix, config.reference], ["QEMU_CI", "digest"]);
    // Who is upstream is a question of its own, in which the file has its say.
    assert.equal(config.upstream, "acme");
    assert.deepEqual(
      config.warnings.map((text) => text.replace(/, which wins;.*/, "")),
      [
        'ci/berth.yml:2:1: prefix: "MESA_CI" here, but the component\'s input says "QEMU_CI"',
        'ci/berth.yml:3:1: reference: "tag" here, but the component\'s input says "digest"',
        'ci/berth.yml:1:1: upstream: "acme" here, but the component\'s input says "other"',
      ],
    );
  });

  test("contradicts no file that leaves the choice open", () => {
    const config = parseConfig("engine: auto\n", "berth.yml", { engine: "buildah" });
    assert.deepEqual([config.engine, config.warnings], ["buildah", []]);
  });

  test("is checked like the file", () =>
    assert.throws(
      () => configOf({ prefix: "qemu-ci", reference: "all" }),
      (error) =>
        error instanceof BerthError &&
        error.code === "CONFIG_INVALID" &&
        /BERTH_INPUT_PREFIX: .*BERTH_INPUT_REFERENCE: /.test(error.message),
    ));
});
