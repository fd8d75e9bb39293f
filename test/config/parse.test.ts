import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { parseConfig } from "../../src/config/parse.ts";
import { BerthError } from "../../src/errors.ts";

const cases = new URL("./cases/", import.meta.url);
const texts = readdirSync(cases).map((name) =>
  readFileSync(new URL(`${name}/berth.yml`, cases), "utf8"),
);

const cut = fc
  .tuple(fc.constantFrom(...texts), fc.nat(), fc.nat(9), fc.string({ maxLength: 4 }))
  .map(([text, start, length, put]) => {
    const at = start % (text.length + 1);
    return text.slice(0, at) + put + text.slice(at + length);
  });

test("a damaged file gives a configuration or problems inside the file, never another error", () =>
  fc.assert(
    fc.property(cut, (text) => {
      const lines = text.split("\n").length;
      for (const problem of problemsOf(text)) {
        assert.ok(problem.line >= 1 && problem.line <= lines && problem.column >= 1);
        assert.doesNotMatch(problem.message, /\n|undefined|\[object/);
      }
    }),
    { numRuns: 300 },
  ));

function problemsOf(text: string) {
  try {
    parseConfig(text, "berth.yml");
    return [];
  } catch (error) {
    if (!(error instanceof BerthError) || error.problems.length === 0) throw error;
    return error.problems;
  }
}

test("keys that begin with x- hold what aliases and merges are for", () => {
  const text = `
x-common: &common
  args: { MIRROR: deb.example.com }
images:
  a: { <<: *common, dockerfile: a.docker }
`;
  const { images, warnings } = parseConfig(text, "berth.yml");
  const [entry] = images.entries ?? [];
  assert.ok(entry?.kind === "image");
  assert.deepEqual(entry.options.args, { MIRROR: "deb.example.com" });
  assert.deepEqual(warnings, []);
  assert.throws(
    () => parseConfig(text.replace("args:", "arks:"), "berth.yml"),
    (error: BerthError) => {
      assert.match(error.problems[0]?.message ?? "", /unknown key "arks"; did you mean "args"/);
      return true;
    },
  );
});

test("what looks like a variable is told, with its place: nothing here is expanded", () => {
  const text = `
registry: $CI_REGISTRY_IMAGE
images:
  a: { dockerfile: a.docker, args: { SHA: "\${CI_COMMIT_SHA}", PRICE: "5$", HOME: "~/$x" } }
`;
  assert.deepEqual(
    parseConfig(text.replace("registry: $CI_REGISTRY_IMAGE\n", ""), "berth.yml").warnings,
    [
      'berth.yml:3:43: images.a.args.SHA: "${CI_COMMIT_SHA}" is taken as it stands, for no variables are expanded here',
    ],
  );
  assert.throws(() => parseConfig(text, "berth.yml"), { code: "CONFIG_INVALID" });
});
