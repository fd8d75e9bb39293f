import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson } from "../../src/json.ts";
import { recipeOf } from "../support/recipe.ts";

/** What the key covers of a Dockerfile. */
function code(text: string, args: Readonly<Record<string, string>> = {}): string {
  const recipe = recipeOf(text, { args });
  return canonicalJson({ text: recipe.hashed, args: recipe.keyedArgs });
}

const token = fc.stringMatching(/^[a-z0-9./][a-z0-9./=:-]{0,7}$/);
const words = fc.array(token, { minLength: 1, maxLength: 4 });
/** An instruction as words that stand apart by one space; all but the keyword may go to the next line. */
const instruction = fc.oneof(
  words.map((rest) => ["RUN", ...rest]),
  words.map((rest) => ["CMD", ...rest]),
  fc.tuple(token, token).map(([from, to]) => ["COPY", `a${from}`, `b${to}`]),
  fc.tuple(token, token).map(([a, b]) => ["ENV", `A=${a}`, `B=${b}`]),
  token.map((value) => ["ARG", `C=${value}`]),
  token.map((name) => ["USER", name]),
);
const body = fc.array(instruction, { minLength: 1, maxLength: 6 });

const noise = fc.array(
  fc.oneof(
    fc.constantFrom("", "  ", "\t"),
    fc
      .string({ maxLength: 12 })
      .filter((text) => !/syntax|escape|check/i.test(text))
      .map((text) => `  # ${text.replace(/[\r\n]/g, "")}`),
  ),
  { maxLength: 3 },
);

function plain(instructions: readonly (readonly string[])[]): string {
  return ["FROM a", ...instructions.map((each) => each.join(" "))].join("\n");
}

test("comments and empty lines between instructions do not count, nor does a byte order mark", () =>
  fc.assert(
    fc.property(body, fc.array(noise, { minLength: 8, maxLength: 8 }), (instructions, noises) => {
      const between = plain(instructions)
        .split("\n")
        .flatMap((line, at) => [...(noises[at] ?? []), line]);
      assert.equal(code(`\uFEFF${between.join("\n")}\n\n# end`), code(plain(instructions)));
    }),
  ));

test("the order of the configured args does not count", () =>
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[A-Z]{1,3}$/), { minLength: 1 }), (names) => {
      const text = `FROM a\nARG ${names.join(" ")}`;
      const args = (order: readonly string[]) =>
        Object.fromEntries(order.map((name) => [name, `${name}1`]));
      assert.equal(code(text, args(names)), code(text, args(names.toReversed())));
    }),
  ));

function two<T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.uniqueArray(one, { minLength: 2, maxLength: 2 });
}

/** Two texts that differ in one character inside. */
const change = fc
  .tuple(
    fc.stringMatching(/^[a-z #$]{0,6}$/),
    fc.stringMatching(/^[a-z #$]{0,6}$/),
    two(fc.constantFrom("a", "b", "  ", "\\t", '"x"', "$y")),
  )
  .map(
    ([before, after, [one, other]]) =>
      [`x${before}${one}${after}x`, `x${before}${other}${after}x`] as const,
  );

/** `undefined` where engines would read it differently. */
function read(text: string): string | undefined {
  try {
    return code(text);
  } catch (error) {
    assert.equal((error as { code?: string }).code, "DOCKERFILE_INVALID");
    return undefined;
  }
}

const carriers: readonly (readonly [string, (text: string) => string])[] = [
  ["a RUN", (text) => `FROM a\nRUN ${text}`],
  ["a RUN in JSON form", (text) => `FROM a\nRUN ${JSON.stringify(["b", text])}`],
  ["the body of a heredoc of RUN", (text) => `FROM a\nRUN <<EOF\n${text}\nEOF`],
  ["the body of a heredoc of COPY", (text) => `FROM a\nCOPY <<EOF /b\n${text}\nEOF`],
  ["a CMD", (text) => `FROM a\nCMD ${text}`],
  ["a label", (text) => `FROM a\nLABEL a ${text}`],
  ["a trigger", (text) => `FROM a\nONBUILD RUN ${text}`],
  ["a stage below", (text) => `FROM a AS b\nRUN ${text}\nFROM b`],
];

for (const [what, carrier] of carriers)
  test(`a change in ${what} counts`, () =>
    fc.assert(
      fc.property(change, ([one, other]) => {
        const [before, after] = [one, other].map((text) => read(carrier(text)));
        fc.pre(before !== undefined && after !== undefined);
        assert.notEqual(before, after);
      }),
    ));

test("the value of a declared arg counts, that of another one does not", () =>
  fc.assert(
    fc.property(two(fc.string()), ([one = "", other = ""]) => {
      const text = "ARG V=1\nFROM a\nARG V\nRUN b";
      assert.notEqual(code(text, { V: one }), code(text, { V: other }));
      assert.equal(code(text, { W: one }), code(text, { W: other }));
    }),
  ));

test("JSON form is not shell form, a boundary between words counts, and so does the order of steps", () =>
  fc.assert(
    fc.property(two(token), ([one = "", other = ""]) => {
      for (const [before, after] of [
        [`RUN ["${one}"]`, `RUN ${one}`],
        [`COPY ${one}x ${other} z`, `COPY ${one} x${other} z`],
        [`RUN ${one}\nRUN ${other}`, `RUN ${one} RUN ${other}`],
        [`RUN ${one}\nRUN ${other}`, `RUN ${other}\nRUN ${one}`],
      ])
        assert.notEqual(code(`FROM a\n${before}`), code(`FROM a\n${after}`));
    }),
  ));

test("no text makes the resolver fail otherwise than by naming mistakes", () => {
  const words = ["FROM ", "a", " AS b", "RUN ", "COPY ", "ADD ", "ARG ", "ENV ", "ONBUILD ", "EOF"];
  const marks = ["\n", "\r\n", "\\\n", ":-", "<<", ..."${}#%/\"'\\[],= \uFEFF"];
  const flags = ["--from=", "--mount=", "https://", "${"];
  const piece = fc.constantFrom(...words, ...marks, ...flags);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      read(`FROM x\n${pieces.join("")}`);
    }),
    { numRuns: 1000 },
  );
});
