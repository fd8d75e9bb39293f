/** GitLab's reading of `rules:if`, as far as it differs from JavaScript's, with which gitlab-ci-local reads it. */
import type { Variables } from "./gitlab.ts";

/** `null` is a variable that is not set. */
type Value = string | boolean | null | RegExp;

// All that GitLab's lexer knows (its source: ci/pipeline/expression/lexeme), but for inputs.
const words =
  /\s*([()]|\$\w+|"[^"]*"|'[^']*'|\/(?:[^/]|\\\/)+[^\\]\/[ismU]*|null\b|[=!][=~]|&&|\|\|)\s*/y;

/** The words of an expression; anything else in it is an error. */
export function wordsOf(expression: string): readonly string[] {
  words.lastIndex = 0;
  const found: string[] = [];
  while (words.lastIndex < expression.length) {
    const at = words.lastIndex;
    const word = words.exec(expression)?.[1];
    if (word === undefined) throw new Error(`not a word: ${expression.slice(at)}`);
    found.push(word);
  }
  return found;
}

/** Whether an expression holds: `&&` before `||`, and an empty text is only false as the whole of it. */
export function holds(expression: string, variables: Variables): boolean {
  const rest = [...wordsOf(expression)];
  const value = either(rest, variables);
  if (rest.length > 0) throw new Error(`not expected: ${rest[0]}`);
  return value !== null && value !== false && value !== "";
}

function either(rest: string[], variables: Variables): Value {
  let left = both(rest, variables);
  while (take(rest, "||")) {
    const right = both(rest, variables);
    left = isFalse(left) ? right : left;
  }
  return left;
}

function both(rest: string[], variables: Variables): Value {
  let left = comparison(rest, variables);
  while (take(rest, "&&")) {
    const right = comparison(rest, variables);
    left = isFalse(left) ? left : right;
  }
  return left;
}

function comparison(rest: string[], variables: Variables): Value {
  const left = operand(rest, variables);
  if (take(rest, "==")) return left === operand(rest, variables);
  if (take(rest, "!=")) return left !== operand(rest, variables);
  // A variable that is not set is matched as an empty text.
  if (take(rest, "=~")) return pattern(rest, variables).test(String(left ?? ""));
  if (take(rest, "!~")) return !pattern(rest, variables).test(String(left ?? ""));
  return left;
}

function pattern(rest: string[], variables: Variables): RegExp {
  const value = operand(rest, variables);
  if (value instanceof RegExp) return value;
  throw new Error("not a regular expression");
}

function operand(rest: string[], variables: Variables): Value {
  const word = rest.shift() ?? "";
  if (word === "(") {
    const value = either(rest, variables);
    if (!take(rest, ")")) throw new Error("no closing parenthesis");
    return value;
  }
  if (word.startsWith("$")) return variables[word.slice(1)] ?? null;
  if (word === "null") return null;
  if (/^["']/.test(word)) return word.slice(1, -1);
  const [, source, flags] = /^\/(.*)\/(\w*)$/.exec(word) ?? [];
  if (source === undefined) throw new Error(`not expected: ${word}`);
  return new RegExp(source, flags);
}

function take(rest: string[], word: string): boolean {
  if (rest[0] !== word) return false;
  rest.shift();
  return true;
}

function isFalse(value: Value): boolean {
  return value === null || value === false;
}
