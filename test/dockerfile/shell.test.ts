import assert from "node:assert/strict";
import { test } from "node:test";
import { lex, type VariableValue } from "../../src/dockerfile/shell.ts";

const variables: Readonly<Record<string, VariableValue>> = {
  HOME: "/home",
  EMPTY: "",
  V: "1.2.3-rc.1",
  P: "a/b/c/b",
  STAR: "a*b?c",
  U: { because: "U comes from the base" },
};
const lookup = (name: string): VariableValue => variables[name];

const expansions: readonly (readonly [string, string])[] = [
  ["plain", "plain"],
  ["he'll'o", "hello"],
  ["'$HOME'", "$HOME"],
  ["'a\\b'", "a\\b"],
  ['"$HOME"', "/home"],
  [`"it's $HOME"`, "it's /home"],
  ['"a\\tb \\$HOME \\" \\\\"', 'a\\tb $HOME " \\'],
  ["a\\tb", "atb"],
  ["\\$HOME", "$HOME"],
  ["a\\", "a"],
  ["$HOME/x", "/home/x"],
  ["${HOME}x", "/homex"],
  ["$HOMEx", ""],
  ["$", "$"],
  ["a$.b", "a$.b"],
  ["$1x", "x"],
  ["$@x", "x"],
  ["안$HOME", "안/home"],
  ["${NONE:-d}", "d"],
  ["${EMPTY:-d}", "d"],
  ["${EMPTY-d}", ""],
  ["${NONE-d}", "d"],
  ["${HOME:-d}", "/home"],
  ["${HOME:+d}", "d"],
  ["${EMPTY:+d}", ""],
  ["${EMPTY+d}", "d"],
  ["${NONE+d}", ""],
  ["${HOME:?m}", "/home"],
  ["${EMPTY?m}", ""],
  ["${NONE:-${EMPTY:-$HOME}}", "/home"],
  ['${NONE:-"a b"}', "a b"],
  ["${NONE:-\\$HOME}", "$HOME"],
  ["${V#*.}", "2.3-rc.1"],
  ["${V##*.}", "1"],
  ["${V%.*}", "1.2.3-rc"],
  ["${V%%.*}", "1"],
  ["${V%%-*}", "1.2.3"],
  ["${V#x}", "1.2.3-rc.1"],
  ["${V#?.}", "2.3-rc.1"],
  ["${STAR%\\?c}", "a*b"],
  ["${STAR%'?\\'}", "a*b?c"],
  ["${STAR/'\\'/x}", "a*b?c"],
  ["${V#'1.'}", "2.3-rc.1"],
  ["${STAR#a\\*}", "b?c"],
  ["${P/b/x}", "a/x/c/b"],
  ["${P//b/x}", "a/x/c/x"],
  ["${P//\\//-}", "a-b-c-b"],
  ["${P/b*/}", "a/"],
  ["${NONE/b/x}", ""],
  ["${V//./$HOME}", "1/home2/home3-rc/home1"],
  ["a $HOME  b", "a /home  b"],
  ["<<EOF", "<<EOF"],
];

for (const [source, expected] of expansions)
  test(`the word ${source} expands to ${JSON.stringify(expected)}`, () => {
    const { text, error, unknown } = lex(source, { escape: "\\", lookup, words: true });
    assert.deepEqual([text, error, unknown], [expected, undefined, undefined]);
  });

const refused = [
  ...["'open", '"open', '"open\\"', "${", "${}", "${:x}", "${{x}", "${HOME", "${HOME:=x}"],
  ...["${HOME:#x}", "${HOME^^}", "${HOME:1}", "${.}", "${NONE:?is needed}", "${EMPTY:?}"],
  ...["${NONE?}", "${HOME/x}", "${HOME#\\x}"],
];

for (const source of refused)
  test(`the word ${source} is refused`, () =>
    assert.notEqual(lex(source, { escape: "\\", lookup }).error, undefined));

test("a demand that fails gives its own message", () =>
  assert.equal(lex("${NONE:?say why}", { escape: "\\", lookup }).error, "NONE: say why"));

const behindBackticks = [
  ["a`$HOME\\$HOME", "a$HOME\\/home"],
  ["${STAR%c\\}", "refused"],
  ["${STAR%*\\}", "a*b?c"],
  ["${P%?\\}", "a/b/c/b"],
  ["${P%/*\\\\}", "a/b/c/b"],
  ["${P#?\\}", "refused"],
] as const;

for (const [source, expected] of behindBackticks) {
  test(`where the backtick escapes ${source} expands to ${expected}`, () => {
    const { text, error } = lex(source, { escape: "`", lookup });
    assert.equal(error === undefined ? text : "refused", expected);
  });
}

test("a variable that nobody knows makes the word unknown", () => {
  for (const source of ["$U", "${U}", "${U:-x}", "${U:+x}", "${U#x}", "${U/x/y}", "${NONE:-$U}"])
    assert.equal(lex(source, { escape: "\\", lookup }).unknown, "U comes from the base", source);
});

test("what stands in a default that is not used does not matter", () => {
  for (const source of ["${HOME:-$U}", "${EMPTY-$U}", "${NONE:+$U}"])
    assert.equal(lex(source, { escape: "\\", lookup }).unknown, undefined, source);
});

test("words are split at white space outside of quotes, after expansion", () => {
  const { words } = lex(`a "b c" d\\ e 'f  g'h $HOME`, { escape: "\\", lookup, words: true });
  assert.deepEqual(words, ["a", "b c", "d e", "f  gh", "/home"]);
});

test("without variables, words stay as they are written", () => {
  const { words } = lex(`a "b c" d\\ e \${X:-1} $Y`, { escape: "\\", raw: true, words: true });
  assert.deepEqual(words, ["a", '"b c"', "d\\ e", "${X:-1}", "$Y"]);
});
