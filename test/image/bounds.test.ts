/** What a stranger may commit ends within a second, with an error that says what is too much. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { parseIgnore } from "../../src/context/ignore.ts";
import { resolveRecipe } from "../../src/dockerfile/recipe.ts";
import type { BerthError } from "../../src/errors.ts";

const bomb = (keyword: string): string =>
  Array.from({ length: 40 }, (_, at) => `${keyword} A${at + 1}=${`$A${at}`.repeat(8)}`).join("\n");
const options = {
  file: "Dockerfile",
  args: {},
  target: undefined,
  platform: "linux/amd64",
  onbuild: false,
  several: false,
  parentOf: () => undefined,
  allowAdd: [],
};

const dockerfiles: readonly (readonly [string, string, RegExp])[] = [
  ["global ARGs", `ARG A0=0123456789\n${bomb("ARG")}\nFROM scratch\nCOPY $A40 /\n`, /64 KiB/],
  ["ENVs", `FROM scratch\nENV A0=0123456789\n${bomb("ENV")}\nCOPY $A40 /\n`, /64 KiB/],
  [
    "replacements",
    `ARG A=${"a".repeat(60_000)}\nARG B=\${A//a/${"b".repeat(60_000)}}\nFROM scratch\n`,
    /1 MiB/,
  ],
];

for (const [what, text, says] of dockerfiles)
  test(`${what} that grow without end are an error with their line`, () =>
    assert.throws(
      () => resolveRecipe(text, options),
      (error: Error & { problems?: readonly { line: number; message: string }[] }) =>
        error.problems?.some(({ line, message }) => line > 1 && says.test(message)) === true,
    ));

/** A configuration of the tree with this text. */
const load = (text: string) =>
  loadConfig({
    label: "HEAD",
    read: async (path) => (path === "berth.yml" ? Buffer.from(text) : undefined),
  });
const anchored = "x-a: &a {dockerfile: Dockerfile}\nimages:\n";
const aliases = (count: number): string =>
  anchored + Array.from({ length: count }, (_, at) => `  i${at}: *a\n`).join("");

test("aliases are bounded before one of them is followed", async () => {
  const message = /aliases unfold to more than a configuration can hold/;
  await assert.rejects(load(aliases(4000)), ({ code, problems }: BerthError) => {
    assert.equal(code, "CONFIG_INVALID");
    return message.test(problems[0]?.message ?? "");
  });
});

test("a configuration and an ignore file have an end", async () => {
  await assert.rejects(load(aliases(20_000)), /berth\.yml: it has more than 64 KiB/);
  assert.throws(() => parseIgnore("a\n".repeat(200_000), ".dockerignore"), /more than 256 KiB/);
});
