import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { openings } from "../../src/dockerfile/instruction.ts";
import { lex } from "../../src/dockerfile/shell.ts";
import { type Engines, startEngines } from "./engines.ts";

let engines: Engines;
before(async () => {
  engines = await startEngines();
});
after(() => engines.close());

const variables: Readonly<Record<string, string>> = {
  A: "a b",
  EMPTY: "",
  V: "1.2.3-rc.1",
  P: "a/b/c/b",
  S: "a*b?c\\d",
};
const env = Object.entries(variables).map(([name, value]) => `${name}=${value}`);

async function compareWords(words: readonly string[], escapeWith: string): Promise<void> {
  const answers = await engines.buildkit.ask("words", { words, env, escape: escapeWith });
  for (const [index, each] of words.entries()) {
    const ours = lex(each, { escape: escapeWith, lookup: (name) => variables[name] });
    const { text, error } = answers[index]!;
    const message = `${JSON.stringify(each)}: ${error ?? ours.error}`;
    const refused = "refused";
    assert.equal(ours.error === undefined ? ours.text : refused, text ?? refused, message);
  }
}

async function compareHeredocs(lines: readonly string[]): Promise<void> {
  const answers = await engines.buildkit.ask("heredocs", { lines });
  for (const [index, line] of lines.entries()) {
    const ours = openings(line).map(({ name, chomp, expand }) => ({ name, chomp, expand }));
    assert.deepEqual(ours, answers[index], JSON.stringify(line));
  }
}

test("BuildKit's own words are read as BuildKit reads them", async () => {
  const folder = join(engines.sources.buildkit, "frontend/dockerfile/shell");
  const files = await Promise.all(
    ["envVarTest", "wordsTest"].map((name) => readFile(join(folder, name), "utf8")),
  );
  const words = files
    .flatMap((text) => text.split("\n"))
    .filter((line) => line.includes("|") && !line.startsWith("#"))
    .map((line) => (/^[A-Z]\|/.test(line) ? line.slice(2) : line).split("|")[0]!.trim());
  assert.ok(words.length > 200, `${words.length} words`);
  await compareWords(words, "\\");
  await compareHeredocs(words.map((each) => `RUN a <<E ${each}`));
});

const names = [...Object.keys(variables), "NONE", "1", "@"];
const piece = fc.oneof(
  fc.constantFrom("$", "${", "}", ":", "-", "+", "?", "#", "%", "/", "*", ".", "b", "c"),
  fc.constantFrom("'", '"', "\\", "`", " ", "\t", "<<", "<", "é", "\u00a0", "\r", "🦭"),
  fc.constantFrom(...names),
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.constantFrom("", ":-", ":+", ":?", "-", "+", "?", "#", "##", "%", "%%", "/", "//"),
    )
    .map(([name, operator]) => `\${${name}${operator}`),
);
const joined = (part: fc.Arbitrary<string>) =>
  fc.array(part, { minLength: 1, maxLength: 10 }).map((parts) => parts.join(""));
const many = (text: fc.Arbitrary<string>) => fc.array(text, { minLength: 1, maxLength: 20 });

for (const escapeWith of ["\\", "`"])
  test(`words are read as BuildKit reads them where ${escapeWith} escapes`, async () => {
    const property = fc.asyncProperty(many(joined(piece)), (words) =>
      compareWords(words, escapeWith),
    );
    await fc.assert(property, { numRuns: 2000 });
  });

test("a line opens the heredocs that it opens for BuildKit", async () => {
  const opening = fc.constantFrom("<<E", "<<-E", "<<'E'", '<<"E"', " 3<<E ", "<< E", "RUN ", "((");
  const property = fc.asyncProperty(many(joined(fc.oneof(piece, opening))), compareHeredocs);
  await fc.assert(property, { numRuns: 2000 });
});
