import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { ignoreMatcher, parseIgnore } from "../../src/context/ignore.ts";
import { fits, parseElement } from "../../src/context/source.ts";
import { BerthError } from "../../src/errors.ts";
import { type Engines, startEngines } from "./engines.ts";

let engines: Engines;
before(async () => {
  engines = await startEngines();
});
after(() => engines.close());

const special = ["*", "**", "?", "[", "]", "^", "!", "-", "\\", ".", "..", "#", " ", "\t"];
const plain = ["a", "b", "dir", "z", "é", "🦭", "(", "+", "$", "|", "{1}", "{"];
const pattern = fc
  .array(fc.constantFrom("/", "/", "**/", "[a-z]", "[^a]", "*.b", ...special, ...plain), {
    minLength: 1,
    maxLength: 8,
  })
  .map((pieces) => pieces.join(""));
const path = fc
  .array(fc.constantFrom("/", "/", "a", "b", "dir", "z", ".b", "é", "🦭", "*", "]", "^", "\\"), {
    minLength: 1,
    maxLength: 8,
  })
  .map((pieces) =>
    pieces
      .join("")
      .replace(/\/+/g, "/")
      .replace(/^\/|\/$/g, ""),
  )
  .filter((text) => text !== "" && !/(^|\/)\.\.?(\/|$)/.test(text));
const paths = fc.array(path, { minLength: 1, maxLength: 30 });

/** What berth makes of an ignore file; its refusal as text. */
function ours(text: string, all: readonly string[]): readonly boolean[] | string {
  try {
    const ignores = ignoreMatcher(parseIgnore(text, ".dockerignore"));
    return all.map((each) => ignores(each));
  } catch (error) {
    assert.ok(error instanceof BerthError && error.code === "CONTEXT_INVALID");
    return error.problems.map(({ message }) => message).join();
  }
}

test("an ignore file takes the paths that moby's matcher takes", async () => {
  const front = fc.constantFrom("", "", "!", "/", "/ ", "./", "#");
  const back = fc.constantFrom("", "/", " /", "\r");
  const line = fc.tuple(front, pattern, back).map((pieces) => pieces.join(""));
  const file = fc.array(line, { minLength: 1, maxLength: 4 }).map((lines) => lines.join("\n"));
  let both = 0;
  const property = fc.asyncProperty(file, paths, async (text, all) => {
    const theirs = await engines.buildkit.ask("ignores", { text, paths: all });
    const mine = ours(text, all);
    // berth refuses what is malformed at once, moby where it decides.
    if (typeof mine === "string") return assert.match(text, /[[\\|^{!]/, mine);
    assert.deepEqual(mine, theirs.error ?? theirs.matches);
    both++;
  });
  await fc.assert(property, { numRuns: 5000 });
  assert.ok(both > 2000, `only ${both} files were read by both`);
});

test("a segment of a source takes the names that filepath.Match takes", async () => {
  const segment = pattern.map((text) => text.replaceAll("/", ""));
  // Go's * takes bytes, so it may split a character for the ? behind it.
  const name = path.map((text) => text.replace(/[/\u0080-\u{10ffff}]/gu, "") || "a");
  const names = fc.array(name, { minLength: 1, maxLength: 30 });
  const property = fc.asyncProperty(segment, names, async (text, all) => {
    const [theirs] = await engines.buildkit.ask("globs", { patterns: [text], paths: all });
    const element = parseElement(text);
    if (element === undefined) return; // berth takes the whole context
    const matches = all.map((each) => fits(element, each));
    assert.deepEqual(matches, theirs?.error === undefined ? theirs?.matches : matches);
  });
  await fc.assert(property, { numRuns: 5000 });
});
