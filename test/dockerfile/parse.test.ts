import assert from "node:assert/strict";
import { test } from "node:test";
import { DockerfileParser } from "dockerfile-ast";
import { openings } from "../../src/dockerfile/instruction.ts";
import { parseDockerfile } from "../../src/dockerfile/parse.ts";
import { quotedWords } from "../../src/dockerfile/words.ts";

function parse(text: string) {
  const problems: string[] = [];
  const parsed = parseDockerfile(text, ({ line, column }, message) => {
    problems.push(`${line}:${column} ${message}`);
  });
  return { ...parsed, problems };
}

/** The keyword and the joined text of every instruction after FROM. */
function lines(text: string): readonly string[] {
  const { stages, problems } = parse(text);
  assert.deepEqual(problems, []);
  return stages.flatMap((stage) => stage.instructions.map(({ line }) => line.text));
}

const joined: readonly (readonly [string, string, readonly string[]])[] = [
  ["continuations are joined", "FROM a\nRUN a \\\n  b\n", ["RUN a   b"]],
  ["white space after the escape is dropped", "FROM a\nRUN a \\ \t\n b\n", ["RUN a  b"]],
  ["comments inside are dropped", "FROM a\nRUN a \\\n# x\n  # y \\\n b\n", ["RUN a  b"]],
  ["empty lines inside are dropped", "FROM a\nRUN a \\\n\n   \n b\n", ["RUN a  b"]],
  ["an escaped escape continues nothing", "FROM a\nRUN a \\\\\nRUN b\n", ["RUN a \\\\", "RUN b"]],
  ["a word may be continued", "FROM a\nRU\\\nN a\n", ["RUN a"]],
  ["the end of the file ends a continuation", "FROM a\nRUN a \\", ["RUN a "]],
  ["carriage returns go", "FROM a\r\nRUN a \\\r\n b\r\n", ["RUN a  b"]],
  ["an escape alone on its line continues", "FROM a\n\\\n  RUN a\n", ["  RUN a"]],
  ["# inside a line is text", "FROM a\nRUN a # b\n", ["RUN a # b"]],
  ["the backtick continues", "# escape=`\nFROM a\nRUN a `\n b\\\nRUN c\n", ["RUN a  b\\", "RUN c"]],
  ["a byte order mark is no text", "\uFEFFFROM a\nRUN b", ["RUN b"]],
];

for (const [name, text, expected] of joined)
  test(`in lines, ${name}`, () => assert.deepEqual(lines(text), expected));

const quoted: readonly (readonly [line: string, escapeWith: string, words: readonly string[]])[] = [
  ["a\\ b  c", "\\", ["0 a\\ b", "6 c"]],
  ["a\\", "\\", ["0 a"]],
  ["\\", "\\", []],
  ['\'a\\\' "b\\" c"', "\\", ["0 'a\\'", '5 "b\\" c"']],
  ["a` b\\ c", "`", ["0 a` b\\", "6 c"]],
  ["''\u0085x", "\\", ["0 ''", "3 x"]],
];

for (const [line, escapeWith, expected] of quoted)
  test(`the words of ${line} where ${escapeWith} escapes`, () => {
    const words = quotedWords(line, 0, line.length, escapeWith);
    assert.deepEqual(
      words.map(({ at, text }) => `${at} ${text}`),
      expected,
    );
  });

const directives: readonly (readonly [string, string, string | undefined])[] = [
  ["FROM a", "\\", undefined],
  ["# syntax=docker/dockerfile:1\nFROM a", "\\", "docker/dockerfile:1"],
  ["#SYNTAX = x/y:1 \r\n# EsCaPe = `\r\nFROM a", "`", "x/y:1"],
  ["# check=skip=all\n# escape=`\nFROM a", "`", undefined],
  ["\n# escape=`\nFROM a", "\\", undefined],
  ["# a comment\n# escape=`\nFROM a", "\\", undefined],
  ["# unknown=x\n# escape=`\nFROM a", "\\", undefined],
  ["FROM a\n# escape=`\n", "\\", undefined],
  ["#!/usr/bin/env x\n# syntax=a/b\nFROM a", "\\", "a/b"],
  ["#!/usr/bin/env x\n# escape=`\nFROM a", "\\", undefined],
  ["\uFEFF# escape=`\nFROM a", "`", undefined],
];

for (const [text, escapeWith, syntax] of directives)
  test(`the directives of ${JSON.stringify(text)} are read`, () => {
    const found = parse(text).directives;
    assert.deepEqual([found.escape, found.syntax], [escapeWith, syntax]);
  });

const heredocs: readonly (readonly [string, readonly string[]])[] = [
  ["RUN cat <<EOF", ["EOF"]],
  ["RUN <<A cat && cat <<B > f", ["A", "B"]],
  ["RUN cat 3<<EOF", ["EOF"]],
  ["RUN cat <<-EOF", ["-EOF"]],
  ["RUN cat <<'EOF'", ["'EOF"]],
  ['RUN cat <<-"E O"', ["-'E O"]],
  ["RUN <<eo\\'f", ["eo'f"]],
  ["RUN <<'e'o\\'f", ["'eo'f"]],
  ["RUN <<$EOF", ["$EOF"]],
  ["RUN cat << EOF", ["?EOF"]],
  ["RUN cat <<EOF>f", ["EOF>f"]],
  ['RUN echo "a <<EOF b"', []],
  ["RUN echo '<<EOF'", []],
  ["RUN cat <<<EOF", []],
  ["RUN cat <<", []],
  ["RUN cat<<EOF", []],
  ["RUN echo $((1<<2))", []],
  ["RUN echo $((1 << 2))", ["?2))"]],
  ["RUN echo $(( 1 <<2 ))", ["?2"]],
  ["RUN echo it's <<EOF", []],
  ["RUN cat <<EOF it's", []],
  ["RUN echo ${x^^} <<EOF", []],
  ["RUN echo \\<<EOF", []],
  ["RUN echo ${A: \\<<E}", ["E}"]],
  ["RUN echo ${A/b c/ \\<<E}", []],
];

for (const [line, expected] of heredocs)
  test(`the line ${line} opens ${expected.length} heredocs`, () => {
    const shown = openings(line).map(
      ({ name, chomp, expand, doubtful }) =>
        `${doubtful ? "?" : ""}${chomp ? "-" : ""}${expand ? "" : "'"}${name}`,
    );
    assert.deepEqual(shown, expected);
  });

test("bodies follow in order, and belong to the line that opens them", () => {
  const run = "RUN <<A cat <<-B\n# a\nA \nA\n\tRUN b\r\n\t\tB\nRUN c\n";
  const { stages, problems } = parse(`FROM a\n${run}COPY <<A <<X /d\nX\nA\nA\nX\n`);
  assert.deepEqual(problems, []);
  const bodies = stages[0]!.instructions.map((one) => one.heredocs.map(({ body }) => body));
  assert.deepEqual(bodies, [["# a\nA \n", "\tRUN b\r\n"], [], ["X\n", "A\n"]]);
});

test("what opens no heredoc leaves the lines behind it alone", () => {
  for (const [text, count] of [
    ["RUN echo $((1 << 2)) $(( 1 <<2 ))\nRUN b\n", 2],
    ['RUN ["a", "<<EOF"]\nUSER <<EOF\nCMD cat <<EOF\nWORKDIR /\n', 4],
  ] as const)
    assert.equal(lines(`FROM a\n${text}`).length, count);
});

test("ONBUILD hands heredocs on to its trigger", () => {
  const { stages } = parse("FROM a\nONBUILD RUN <<EOF\nx\nEOF\nRUN y\n");
  const [first, second] = stages[0]!.instructions;
  assert.equal(first?.body.kind === "trigger" && first.body.instruction.heredocs[0]?.body, "x\n");
  assert.equal(second?.keyword, "run");
});

const mistakes: readonly (readonly [string, readonly string[]])[] = [
  ["", ["1:1 there is no FROM"]],
  ["# only a comment", ["1:1 there is no FROM"]],
  ["ARG A", ["1:1 there is no FROM"]],
  ["RUN a\nFROM b", ["1:1 RUN stands before the first FROM"]],
  ["FROM a\n  FOO x", ["2:3 unknown instruction FOO"]],
  ["FROM a b", ["1:8 FROM takes an image, or an image, AS and a name"]],
  ["FROM a AS 1b", ['1:11 "1b" cannot name a stage']],
  ["FROM a\nENV", ["2:4 ENV needs at least one argument"]],
  ["FROM a\nENV a", ["2:5 ENV needs a name and a value"]],
  ["FROM a\nENV a=b c", ['2:9 ENV has no = in "c"']],
  ["FROM a\nLABEL =b", ["2:7 LABEL has a blank name"]],
  ["FROM a\nRUN [1]", ["2:5 RUN in JSON form takes strings only"]],
  ["FROM a\nONBUILD", ["2:8 ONBUILD triggers nothing"]],
  ["FROM a\nONBUILD FROM b", ["2:9 ONBUILD cannot trigger FROM"]],
  ["FROM a\nCOYP b c", ['2:1 unknown instruction COYP; did you mean "COPY"?']],
  ["FROM a\nONBUILD FOO", ["2:9 unknown instruction FOO"]],
  ["FROM a\nRUN <<EOF\nb\nEO", ['2:1 heredoc is not closed: no line "EOF" follows']],
  ["# escape=x\nFROM a", ['1:1 escape directive "x": only \\ and ` are allowed']],
  ["# escape=`\n# escape=`\nFROM a", ["2:1 only one escape directive can be used"]],
  ["FOO\nFROM a\nBAR\nCOPY x", ["1:1 unknown instruction FOO", "3:1 unknown instruction BAR"]],
];

for (const [text, expected] of mistakes)
  test(`the mistakes of ${JSON.stringify(text)} are named`, () =>
    assert.deepEqual(parse(text).problems, expected));

test("a library's syntax tree has the same instructions at the same lines", () => {
  const text = `# syntax=x\nFROM a AS b\n\n# c\nrun a && \\\n  # d\n\n  b\nENV A=1 \\\n  B=2\nCOPY --from=b \\\n  x y\nRUN cat <<EOF && \\\n  x\nFROM c\nEOF\nCMD ["a"]\n`;
  const ours = parse(text).stages.flatMap(({ from, instructions }) =>
    [from, ...instructions].map(({ keyword, line }) => `${keyword} ${line.pieces[0]!.line}`),
  );
  const theirs = DockerfileParser.parse(text)
    .getInstructions()
    .map((found) => `${found.getKeyword().toLowerCase()} ${found.getRange().start.line + 1}`);
  assert.deepEqual(ours, theirs);
});
