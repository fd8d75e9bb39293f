/** GitLab's expressions, as `rules:if` has them: read, and evaluated on variables that are not expanded. */
import { RE2JS } from "re2js";
import { attempt, CiRefusal, refuse } from "./refusal.ts";
import { isBlank, textOf, type Value } from "./tree.ts";

/** What variables hold, by their names. */
export type Values = ReadonlyMap<string, string>;

/** What expressions may speak of; inputs only within the rules of a header. */
interface ExpressionScope {
  readonly variables: Values;
  readonly inputs?: ReadonlyMap<Value, Value>;
}

type Operand = Value | RE2JS;

/** How weakly it binds decides when it is applied. */
interface Operator {
  readonly weight: number;
  /** How many operands it takes. */
  readonly takes: 0 | 1 | 2;
  apply(...operands: readonly Operand[]): Operand;
}

function binary(weight: number, apply: (left: Operand, right: Operand) => Operand): Operator {
  return { weight, takes: 2, apply: (left = null, right = null) => apply(left, right) };
}

const not: Operator = { weight: 1, takes: 1, apply: (operand) => !isTrue(operand) };
const unprocessable = "ParseError: Unprocessable token found in parse tree: parenthesis_open";
const open: Operator = { weight: 901, takes: 0, apply: () => refuse(unprocessable) };
const close: Operator = { ...open, weight: 900 };

/** An operand is read of its text, and of the part of it that the pattern tells. */
type Lexeme = readonly [
  pattern: RegExp,
  Operator | ((text: string, part: string, known: ExpressionScope) => Operand),
];

// In GitLab's order, which decides where two of them match.
const lexemes: readonly Lexeme[] = [
  [/^\(/, open],
  [/^\)/, close],
  [/^\$\[\[\s*inputs\.([\w-]+)\s*\]\]/, (_, name, { inputs }) => inputs?.get(name) ?? null],
  [/^\$(\w+)/, (_, name, { variables }) => variables.get(name) ?? null],
  [/^(?:".*?"|'.*?')/, (text) => text.slice(1, -1)],
  [/^\/(?:[^/]|\\\/)+[^\\]\/[ismU]*/, patternIn],
  [/^null/, () => null],
  [/^(?:true|false)\b/, (text) => text === "true"],
  [/^==/, binary(10, isSame)],
  [/^=~/, binary(10, isMatch)],
  [/^!=/, binary(10, (left, right) => !isSame(left, right))],
  [/^!~/, binary(10, (left, right) => !isMatch(left, right))],
  // An empty text counts as true within an expression, and as false as the whole of it.
  [/^&&/, binary(11, (left, right) => ((left ?? false) === false ? left : right))],
  [/^\|\|/, binary(12, (left, right) => ((left ?? false) === false ? right : left))],
  [/^!/, not],
];

function patternIn(text: string): RE2JS {
  const compiled = compilePattern(text.replaceAll("\\/", "/"));
  return compiled ?? refuse("SyntaxError: Invalid regular expression!");
}

const mostTokens = 100;

/** The operators of an expression, and what reads its operands. */
function tokensOf(expression: string, known: ExpressionScope) {
  const tokens: (Operator | (() => Operand))[] = [];
  for (let rest = expression.trim(); rest !== ""; ) {
    if (tokens.length === mostTokens - 1) refuse("SyntaxError: Too many tokens!");
    const [pattern, is] =
      lexemes.find(([each]) => each.test(rest)) ?? refuse("SyntaxError: Unknown lexeme found!");
    const [text = "", part = ""] = pattern.exec(rest) ?? [];
    tokens.push(typeof is === "function" ? () => is(text, part, known) : is);
    rest = rest.slice(text.length).trimStart();
  }
  const none = "StatementError: Gitlab::Ci::Pipeline::Expression::Statement::StatementError";
  return tokens.length === 0 ? refuse(none) : tokens;
}

/** An expression's value; one that GitLab takes for false, and a configuration with it for invalid, is a `CiRefusal`. */
export function evaluate(expression: string, known: ExpressionScope): Operand {
  const results: Operand[] = [];
  const waiting: Operator[] = [];
  const apply = ({ takes, apply }: Operator): void => {
    if (results.length < takes) refuse(`OperatorError: Invalid ${takes > 1 ? "left " : ""}operand`);
    results.push(apply(...results.splice(-takes)));
  };
  for (const token of tokensOf(expression, known)) {
    if (typeof token === "function") {
      results.push(token());
      continue;
    }
    if (token.takes === 2 || token === close)
      while (token.weight >= (waiting.at(-1)?.weight ?? Number.POSITIVE_INFINITY))
        apply(waiting.pop()!);
    if (token !== close) waiting.push(token);
    else if (waiting.pop() === undefined) refuse("ParseError: Unmatched parenthesis");
  }
  waiting.reverse().forEach(apply);
  const [result, second] = results;
  if (second !== undefined) refuse("ParseError: Unreachable nodes in parse tree");
  return result === undefined ? refuse("ParseError: Empty parse tree") : result;
}

/** Whether a rule with this condition holds. */
export function holds(expression: string, known: ExpressionScope): boolean {
  const value = attempt(() => evaluate(expression, known));
  return !(value instanceof CiRefusal) && isTrue(value);
}

/** A pattern in slashes with its flags, in the language of RE2; `undefined` where it is none. */
export function compilePattern(text: string): RE2JS | undefined {
  const [, source, flags] = /^\/(.*)\/([ismU]*)$/m.exec(text) ?? [];
  return source === undefined ? undefined : compile(flags ? `(?${flags})${source}` : source);
}

/** Many jobs share a rule, and a pattern takes longer to compile than to match. */
const compiled = new Map<string, RE2JS | undefined>();

/** `undefined` where RE2 does not know it. */
export function compile(source: string): RE2JS | undefined {
  if (!compiled.has(source))
    try {
      compiled.set(source, RE2JS.compile(source));
    } catch {
      compiled.set(source, undefined);
    }
  return compiled.get(source);
}

function isTrue(operand: Operand): boolean {
  return operand instanceof RE2JS || !isBlank(operand);
}

/** A boolean and a text are compared as texts. */
function isSame(left: Operand, right: Operand): boolean {
  const kinds = [typeof left, typeof right];
  const mixed = kinds.includes("boolean") && kinds.includes("string");
  return mixed ? String(left) === String(right) : left === right;
}

/** Where the right side is no pattern, it is a text in which the left one is looked for. */
function isMatch(left: Operand, right: Operand): boolean {
  if (right === null || right === false) return false;
  const text = left instanceof RE2JS ? left.pattern() : textOf(left);
  if (right instanceof RE2JS) return right.matcher(text).find();
  const pattern = compilePattern(textOf(right).replaceAll("\\/", "/"));
  return pattern === undefined ? textOf(right).includes(text) : pattern.matcher(text).find();
}
