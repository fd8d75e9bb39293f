import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluate, holds } from "../../src/pipelines/expression.ts";
import { CiRefusal } from "../../src/pipelines/refusal.ts";

/** Variables that remember how often they were asked for. */
class Counted extends Map<string, string> {
  asked = 0;

  override get(key: string): string | undefined {
    this.asked += 1;
    return super.get(key);
  }
}

function chain(operators: number, between: readonly string[]): string {
  const rest = Array.from(
    { length: operators },
    (_, index) => ` ${between[index % between.length]} $V${index + 1}`,
  );
  return `$V0${rest.join("")}`;
}

const deep = `${"(".repeat(30)}$V0${" && $V1)".repeat(15)}${" || $V2)".repeat(15)}`;

const rows: readonly (readonly [what: string, expression: string, asked: number])[] = [
  ["49 of &&, as many as there may be", chain(49, ["&&"]), 50],
  ["49 of ||", chain(49, ["||"]), 50],
  ["49 of both in turn", chain(49, ["&&", "||"]), 50],
  ["60 negations", `${"!".repeat(60)}$V0`, 1],
];

for (const [what, expression, asked] of rows)
  test(`${what} ask for each variable at most once`, () => {
    for (const value of ["x", undefined]) {
      const names = Array.from({ length: 50 }, (_, index) => `V${index}`);
      const variables = new Counted(value === undefined ? [] : names.map((name) => [name, value]));
      assert.equal(holds(expression, { variables }), value !== undefined);
      assert.ok(variables.asked <= asked, `${variables.asked}`);
    }
  });

test("parentheses in parentheses end at once", () => {
  const nested = `${"(".repeat(24)}$V0${" && $V0)".repeat(12)}${" || $V1)".repeat(12)}`;
  const variables = new Counted([["V0", "x"]]);
  assert.equal(evaluate(nested, { variables }), "x");
  assert.ok(variables.asked <= 25, `${variables.asked}`);
});

test("no text is null, whatever it says", () =>
  assert.equal(evaluate('"null" == null', { variables: new Map() }), false));

test("a parenthesis that is not closed is an error", () => {
  const told = "ParseError: Unprocessable token found in parse tree: parenthesis_open";
  assert.throws(() => evaluate("($A", { variables: new Map() }), new CiRefusal([told]));
});

test("60 of && and || are more than GitLab takes", () => {
  for (const expression of [chain(60, ["&&", "||"]), deep])
    assert.throws(
      () => evaluate(expression, { variables: new Map() }),
      new CiRefusal(["SyntaxError: Too many tokens!"]),
    );
});
