import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { body, one, problemsOf } from "./small.ts";

describe("inputs that GitLab refuses", () => {
  const cases: readonly [what: string, declaration: string, given: object, problem: string][] = [
    ["a missing mandatory one", "{}", {}, "input x: mandatory, and not given"],
    ["an unknown one", "{ default: a }", { y: 1 }, "input y: unknown"],
    ["a number for a string", "{}", { x: 1 }, "input x: 1 is no string"],
    ["a string for a number", "{ type: number }", { x: "1" }, 'input x: "1" is no number'],
    ["a string for a boolean", "{ type: boolean }", { x: "true" }, 'input x: "true" is no boolean'],
    ["a map for a string", "{}", { x: {} }, "input x: {} is no string"],
    ["null", "{ default: a }", { x: null }, "input x: null is no string"],
    [
      "one that the regex does not match",
      "{ regex: ^a+$ }",
      { x: "b" },
      'input x: "b" does not match ^a+$',
    ],
    [
      "a line break after what the regex wants",
      "{ regex: ^a+$ }",
      { x: "a\n" },
      'input x: "a\\n" does not match ^a+$',
    ],
    ["one that is no option", "{ options: [a, b] }", { x: "c" }, 'input x: "c" is none of a, b'],
    [
      "a number that is no option",
      "{ type: number, options: [1] }",
      { x: 2 },
      "input x: 2 is none of 1",
    ],
  ];
  for (const [what, declaration, given, problem] of cases)
    test(what, () => {
      assert.deepEqual(problemsOf(one(declaration, body), given as Record<string, unknown>), [
        problem,
      ]);
    });

  test("a list for what is no list, and the other way round", () => {
    const list = one("{ type: array }", "job:\n  script: $[[ inputs.x ]]");
    assert.deepEqual(problemsOf(list, { x: "a" }), ['input x: "a" is no array']);
    assert.deepEqual(problemsOf(one("{}", body), { x: ["a"] }), ['input x: ["a"] is no string']);
  });

  test("a regex without anchors is searched, as GitLab does", () => {
    assert.deepEqual(problemsOf(one("{ regex: a }", body), { x: "bab" }), []);
  });

  test("a variable is matched as its name, for nothing is expanded before", () => {
    assert.deepEqual(problemsOf(one("{ regex: '^\\$\\w+$' }", body), { x: "$CI_JOB_ID" }), []);
  });
});

describe("declarations that GitLab refuses", () => {
  const cases: readonly [declaration: string, problem: RegExp][] = [
    ["{ type: map }", /has the type map, which is none/],
    ["{ defualt: a }", /has the key defualt, which GitLab 17\.0 does not know/],
    ["{ rules: [] }", /has the key rules, which GitLab 17\.0/],
    ["{ regex: 'a(?=b)' }", /regex that RE2 refuses/],
    ["{ regex: 'a(?<!b)' }", /regex that RE2 refuses/],
    ["{ regex: '(a)\\1' }", /regex that RE2 refuses/],
    ["{ regex: 'a++' }", /regex that RE2 refuses/],
    ["{ regex: '(' }", /regex that RE2 refuses/],
    ["{ type: number, regex: a }", /a regex, which only strings have/],
    ["{ type: boolean, options: [true] }", /options, which only strings and numbers have/],
    ["{ options: [] }", /options that are no list/],
    ["{ options: [a, 1] }", /the option 1, which is no string/],
    [`{ options: [${Array.from({ length: 51 }, (_, index) => `a${index}`)}] }`, /over 50 options/],
    ["{ default: 1 }", /^input x: 1 is no string \(default\)$/],
    ["{ default: null }", /^input x: null is no string \(default\)$/],
    ["{ regex: ^a$, default: b }", /does not match \^a\$ \(default\)$/],
    ["{ options: [a], default: b }", /is none of a \(default\)$/],
    ["{ type: array, default: a }", /is no array \(default\)$/],
  ];
  for (const [declaration, problem] of cases)
    test(declaration.slice(0, 60), () => {
      const found = problemsOf(one(declaration, body), { x: "a" });
      assert.match(found[0] ?? "", problem);
    });
});
