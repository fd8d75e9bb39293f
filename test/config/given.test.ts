import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { givenSettings } from "../../src/config/given.ts";
import { configOf, parseConfig } from "../../src/config/parse.ts";
import { BerthError, printProblem } from "../../src/errors.ts";

describe("what the component's inputs say", () => {
  const given = givenSettings({ BERTH_PREFIX: "QEMU_CI", BERTH_REFERENCE: "", PATH: "/bin" });

  test("comes from variables, and an empty one is none", () => {
    assert.deepEqual(given, { prefix: "QEMU_CI" });
  });

  test("holds where the file says nothing", () => {
    const config = parseConfig("reference: set\n", "berth.yml", given);
    assert.deepEqual([config.prefix, config.reference], ["QEMU_CI", "set"]);
    assert.equal(parseConfig("prefix: QEMU_CI\n", "berth.yml", given).prefix, "QEMU_CI");
  });

  test("holds without a file", () => {
    const config = configOf({ ...given, reference: "classic", repository: "qemu/{name}" });
    assert.deepEqual(
      [config.file, config.prefix, config.reference, config.repository],
      [undefined, "QEMU_CI", "classic", "qemu/{name}"],
    );
  });

  test("is refused where the file says otherwise, all at once and with the place", () => {
    const text = "upstream: acme\nprefix: MESA_CI\nreference: set\n";
    const problems = problemsOf(() =>
      parseConfig(text, "ci/berth.yml", { ...given, reference: "each" }),
    );
    assert.deepEqual(
      problems.map((text) => text.replace(/;.*/, "")),
      [
        'ci/berth.yml:2:1: prefix: "MESA_CI" here, but "QEMU_CI" as the component\'s input (BERTH_PREFIX)',
        'ci/berth.yml:3:1: reference: "set" here, but "each" as the component\'s input (BERTH_REFERENCE)',
      ],
    );
  });

  test("is checked like the file", () => {
    assert.throws(
      () => configOf({ prefix: "qemu-ci", reference: "all" }),
      (error) =>
        error instanceof BerthError &&
        error.code === "CONFIG_INVALID" &&
        /BERTH_PREFIX: .*BERTH_REFERENCE: /.test(error.message),
    );
  });
});

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof BerthError) return error.problems.map(printProblem);
    throw error;
  }
  return [];
}
