/** GitLab's expressions, as `rules:if` has them: read, and evaluated on variables that are not expanded. */
import { RE2JS } from "re2js";
import { isBlank, isText, textOf, type Value } from "./tree.ts";

/** What variables hold, by their names. */
export type Values = ReadonlyMap<string, string>;

/** What expressions may speak of; inputs only within the rules of a header. */
interface ExpressionScope {
  readonly variables: Values;
  readonly inputs?: ReadonlyMap<Value, Value>;
}

type Operand = Value | RE2JS;

/** Why GitLab takes an expression for false, and a configuration with it for invalid. */
export class ExpressionError extends Error {}

/** What stands for itself: the text of a token becomes its value. */
interface Literal {
  readonly kind: "value";
  readonly pattern: RegExp;
  read(text: string, known: ExpressionScope): Operand;
}

interface Operator {
  readonly kind: "unary" | "binary" | "open" | "close";
  readonly pattern: RegExp;
  /** The higher, the weaker it binds. */
  readonly precedence: number;
  /** A single operand is the right one. */
  evaluate(left: Operand, right: Operand): Operand;
}

interface Token {
  readonly lexeme: Literal | Operator;
  readonly text: string;
}

function value(pattern: RegExp, read: Literal["read"]): Literal {
  return { kind: "value", pattern, read };
}

function binary(pattern: RegExp, precedence: number, evaluate: Operator["evaluate"]): Operator {
  return { kind: "binary", pattern, precedence, evaluate };
}

function unprocessable(): never {
  return wrong("ParseError: Unprocessable token found in parse tree: parenthesis_open");
}

function wrong(message: string): never {
  throw new ExpressionError(message);
}

// In GitLab's order, which decides where two of them match.
const lexemes: readonly (Literal | Operator)[] = [
  { kind: "open", pattern: /^\(/, precedence: 901, evaluate: unprocessable },
  { kind: "close", pattern: /^\)/, precedence: 900, evaluate: unprocessable },
  value(
    /^\$\[\[\s*inputs\.[\w-]+\s*\]\]/,
    (text, { inputs }) => inputs?.get(/\.([\w-]+)/.exec(text)?.[1] ?? "") ?? null,
  ),
  value(/^\$\w+/, (text, { variables }) => variables.get(text.slice(1)) ?? null),
  value(/^(?:".*?"|'.*?')/, (text) => text.slice(1, -1)),
  value(
    /^\/(?:[^/]|\\\/)+[^\\]\/[ismU]*/,
    (text) =>
      compilePattern(text.replaceAll("\\/", "/")) ??
      wrong("SyntaxError: Invalid regular expression!"),
  ),
  value(/^null/, () => null),
  value(/^(?:true|false)\b/, (text) => text === "true"),
  binary(/^==/, 10, isSame),
  binary(/^=~/, 10, isMatch),
  binary(/^!=/, 10, (left, right) => !isSame(left, right)),
  binary(/^!~/, 10, (left, right) => !isMatch(left, right)),
  // An empty text counts as true within an expression, and as false as the whole of it.
  binary(/^&&/, 11, (left, right) => (left === null || left === false ? left : right)),
  binary(/^\|\|/, 12, (left, right) => (left === null || left === false ? right : left)),
  { kind: "unary", pattern: /^!/, precedence: 1, evaluate: (_, operand) => !isTrue(operand) },
];

/** An expression's value; one that GitLab does not take is an `ExpressionError`. */
export function evaluate(expression: string, known: ExpressionScope): Operand {
  const results: Operand[] = [];
  for (const { lexeme, text } of postfix(tokensOf(expression))) {
    if (lexeme.kind === "value") {
      results.push(lexeme.read(text, known));
      continue;
    }
    const isBinary = lexeme.kind === "binary";
    if (isBinary && results.length < 2) wrong("OperatorError: Invalid left operand");
    if (lexeme.kind === "unary" && results.length < 1) wrong("OperatorError: Invalid operand");
    const [right = null, left = null] = [results.pop(), isBinary ? results.pop() : null];
    results.push(lexeme.evaluate(left, right));
  }
  const [result, second] = results;
  if (second !== undefined) wrong("ParseError: Unreachable nodes in parse tree");
  return result === undefined ? wrong("ParseError: Empty parse tree") : result;
}

/** Whether a rule with this condition holds. */
export function holds(expression: string, known: ExpressionScope): boolean {
  const result = attempt(expression, known);
  return result !== undefined && isTrue(result);
}

export function isExpression(text: unknown): boolean {
  return isText(text) && attempt(text, { variables: new Map() }) !== undefined;
}

function attempt(expression: string, known: ExpressionScope): Operand | undefined {
  try {
    return evaluate(expression, known);
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
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
  if (!compiled.has(source)) compiled.set(source, compileAnew(source));
  return compiled.get(source);
}

function compileAnew(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}

const mostTokens = 100;

function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  let rest = expression.trim();
  while (rest !== "") {
    if (tokens.length === mostTokens - 1) wrong("SyntaxError: Too many tokens!");
    const lexeme = lexemes.find(({ pattern }) => pattern.test(rest));
    if (lexeme === undefined) return wrong("SyntaxError: Unknown lexeme found!");
    const [text = ""] = lexeme.pattern.exec(rest) ?? [];
    tokens.push({ lexeme, text });
    rest = rest.slice(text.length).trimStart();
  }
  const none = "StatementError: Gitlab::Ci::Pipeline::Expression::Statement::StatementError";
  return tokens.length === 0 ? wrong(none) : tokens;
}

/** Operators behind their operands, as they are evaluated. */
function postfix(tokens: readonly Token[]): readonly Token[] {
  const output: Token[] = [];
  const operators: (Token & { readonly lexeme: Operator })[] = [];
  for (const { lexeme, text } of tokens) {
    const { kind } = lexeme;
    if (kind === "value") {
      output.push({ lexeme, text });
      continue;
    }
    if (kind === "binary" || kind === "close")
      while (lexeme.precedence >= (operators.at(-1)?.lexeme.precedence ?? Number.POSITIVE_INFINITY))
        output.push(operators.pop()!);
    if (kind !== "close") operators.push({ lexeme, text });
    else if (operators.pop() === undefined) wrong("ParseError: Unmatched parenthesis");
  }
  return [...output, ...operators.reverse()];
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
