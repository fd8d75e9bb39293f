import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parseConfig } from "../../src/config/parse.ts";
import { BerthError, printProblem } from "../../src/errors.ts";

const cases = new URL("./cases/", import.meta.url);

for (const name of readdirSync(cases)) {
  const file = (path: string) => new URL(`${name}/${path}`, cases);
  const text = readFileSync(file("berth.yml"), "utf8");
  if (existsSync(file("expected-errors.txt"))) {
    test(`${name} is refused, every problem at its place`, () => {
      assert.equal(problemsOf(text), readFileSync(file("expected-errors.txt"), "utf8"));
    });
  } else {
    test(`${name} gives the expected configuration`, () => {
      const config = parseConfig(text, "berth.yml");
      const expected = JSON.parse(readFileSync(file("expected.json"), "utf8"));
      assert.deepEqual(JSON.parse(JSON.stringify(config)), expected);
    });
  }
}

function problemsOf(text: string): string {
  try {
    parseConfig(text, "berth.yml");
  } catch (error) {
    assert.ok(error instanceof BerthError);
    assert.equal(error.code, "CONFIG_INVALID");
    return `${error.problems.map(printProblem).join("\n")}\n`;
  }
  return assert.fail("the configuration was accepted");
}
