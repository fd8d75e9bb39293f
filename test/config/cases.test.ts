import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type Config, defaultConfig } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { BerthError, printProblem } from "../../src/errors.ts";

const cases = new URL("./cases/", import.meta.url);

for (const name of readdirSync(cases)) {
  const file = (path: string) => new URL(`${name}/${path}`, cases);
  const text = readFileSync(file("berth.yml"), "utf8");
  if (existsSync(file("expected-errors.txt"))) {
    test(`${name} is refused, every problem at its place`, () =>
      assert.equal(problemsOf(text), readFileSync(file("expected-errors.txt"), "utf8")));
  } else {
    test(`${name} gives the expected configuration`, () => {
      const expected = JSON.parse(readFileSync(file("expected.json"), "utf8"));
      assert.deepEqual(changesOf(parseConfig(text, "berth.yml")), expected);
    });
  }
}

/** What a configuration has otherwise than the default, and its images than what it says of all; `null` where it has nothing. */
function changesOf({ images, ...config }: Config): unknown {
  const entries = images.entries?.map((entry) =>
    entry.kind === "glob" ? entry : { ...entry, options: changes(entry.options, images.defaults) },
  );
  const all = changes({ ...config, images: { ...images, entries } }, defaultConfig);
  return JSON.parse(JSON.stringify(all, (_, value) => place(value)));
}

function changes(value: unknown, base: unknown): unknown {
  if (!isPlain(value) || !isPlain(base)) return value ?? null;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(value)])];
  const changed = keys.filter((key) => !isDeepStrictEqual(value[key], base[key]));
  return Object.fromEntries(changed.map((key) => [key, changes(value[key], base[key])]));
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function place(value: unknown): unknown {
  return isPlain(value) && "line" in value ? `${value["line"]}:${value["column"]}` : value;
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
