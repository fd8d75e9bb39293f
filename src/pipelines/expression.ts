/** GitLab's expressions, as `rules:if` has them: read, and evaluated on variables that are not expanded. */
import { RE2JS } from "re2js";
import { isBlank, textOf, type Value } from "./tree.ts";

/** What variables hold, by their names. */
export type Values = ReadonlyMap<string, string>;

/** What expressions may speak of; inputs only within the rules of a header. */
export interface ExpressionScope {
  readonly variables: Values;
  readonly inputs?: ReadonlyMap<Value, Value>;
}

export type Operand = Value | RE2JS;

/** Why GitLab takes an expression for false, and a configuration with it for invalid. */
export class ExpressionError extends Error {}

type Kind = "value" | "unary" | "binary" | "open" | "close";
type Node = (known: ExpressionScope) => Operand;

interface Lexeme {
  readonly kind: Kind;
  readonly pattern: RegExp;
  /** The higher, the weaker it binds. */
  readonly precedence?: number;
  /** Makes a node of the token's text and its operands. */
  build(text: string, ...operands: Node[]): Node;
}

interface Token {
  readonly lexeme: Lexeme;
  readonly text: string;
}

const value = (pattern: RegExp, build: Lexeme["build"]): Lexeme => ({
  kind: "value",
  pattern,
  build,
});

const binary = (
  pattern: RegExp,
  precedence: number,
  evaluate: (left: Node, right: Node, known: ExpressionScope) => Operand,
): Lexeme => ({
  kind: "binary",
  pattern,
  precedence,
  build: (_, left, right) => {
    if (left === undefined) throw new ExpressionError("OperatorError: Invalid left operand");
    if (right === undefined) throw new ExpressionError("OperatorError: Invalid right operand");
    return (known) => evaluate(left, right, known);
  },
});

const parenthesis = (kind: Kind, pattern: RegExp, precedence: number): Lexeme => ({
  kind,
  pattern,
  precedence,
  build: () => {
    const told = `Unprocessable token found in parse tree: parenthesis_${kind}`;
    throw new ExpressionError(`ParseError: ${told}`);
  },
});

// In GitLab's order, which decides where two of them match.
const lexemes: readonly Lexeme[] = [
  parenthesis("open", /\(/y, 901),
  parenthesis("close", /\)/y, 900),
  value(/\$\[\[\s*inputs\.[\w-]+\s*\]\]/y, (text) => {
    const name = /\.([\w-]+)/.exec(text)?.[1] ?? "";
    return ({ inputs }) => inputs?.get(name) ?? null;
  }),
  value(
    /\$\w+/y,
    (text) =>
      ({ variables }) =>
        variables.get(text.slice(1)) ?? null,
  ),
  value(/".*?"|'.*?'/y, (text) => () => text.slice(1, -1)),
  value(/\/(?:[^/]|\\\/)+[^\\]\/[ismU]*/y, (text) => {
    const pattern = compilePattern(text.replaceAll("\\/", "/"));
    if (pattern === undefined)
      throw new ExpressionError("SyntaxError: Invalid regular expression!");
    return () => pattern;
  }),
  value(/null/y, () => () => null),
  value(/\b(?:true|false)\b/y, (text) => () => text === "true"),
  binary(/==/y, 10, (left, right, known) => isSame(left(known), right(known))),
  binary(/=~/y, 10, (left, right, known) => isMatch(left(known), right(known))),
  binary(/!=/y, 10, (left, right, known) => !isSame(left(known), right(known))),
  binary(/!~/y, 10, (left, right, known) => !isMatch(left(known), right(known))),
  // An empty text counts as true within an expression, and as false as the whole of it.
  binary(/&&/y, 11, (left, right, known) => {
    const first = left(known);
    return first === null || first === false ? first : right(known);
  }),
  binary(/\|\|/y, 12, (left, right, known) => {
    const first = left(known);
    return first === null || first === false ? right(known) : first;
  }),
  {
    kind: "unary",
    pattern: /!/y,
    precedence: 1,
    build: (_, operand) => {
      if (operand === undefined) throw new ExpressionError("OperatorError: Invalid operand");
      return (known) => !isTrue(operand(known));
    },
  },
];

/** An expression's value; one that GitLab does not take is an `ExpressionError`. */
export function evaluate(expression: string, known: ExpressionScope): Operand {
  return parse(tokensOf(expression))(known);
}

/** Whether a rule with this condition holds. */
export function holds(expression: string, known: ExpressionScope): boolean {
  try {
    return isTrue(evaluate(expression, known));
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

export function isExpression(text: unknown): boolean {
  if (typeof text !== "string") return false;
  try {
    evaluate(text, { variables: new Map() });
    return true;
  } catch (error) {
    if (error instanceof ExpressionError) return false;
    throw error;
  }
}

/** A pattern in slashes with its flags, in the language of RE2; `undefined` where it is none. */
export function compilePattern(text: string): RE2JS | undefined {
  const [, source, flags] = /^\/(.*)\/([ismU]*)$/m.exec(text) ?? [];
  return source === undefined ? undefined : compile(flags ? `(?${flags})${source}` : source);
}

/** `undefined` where RE2 does not know it. */
export function compile(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}

const mostTokens = 100;

function tokensOf(expression: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = expression.trimEnd().length;
  let at = expression.length - expression.trimStart().length;
  while (at < end) {
    if (tokens.length === mostTokens - 1)
      throw new ExpressionError("SyntaxError: Too many tokens!");
    const token = tokenAt(expression, at);
    if (token === undefined) throw new ExpressionError("SyntaxError: Unknown lexeme found!");
    tokens.push(token);
    at += token.text.length;
    at += /^\s*/.exec(expression.slice(at))?.[0].length ?? 0;
  }
  const none = "StatementError: Gitlab::Ci::Pipeline::Expression::Statement::StatementError";
  if (tokens.length === 0) throw new ExpressionError(none);
  return tokens;
}

function tokenAt(expression: string, at: number): Token | undefined {
  for (const lexeme of lexemes) {
    lexeme.pattern.lastIndex = at;
    const text = lexeme.pattern.exec(expression)?.[0];
    if (text !== undefined) return { lexeme, text };
  }
  return undefined;
}

function parse(tokens: readonly Token[]): Node {
  const results: Node[] = [];
  for (const { lexeme, text } of postfix(tokens)) {
    const count = { value: 0, unary: 1, binary: 2, open: 0, close: 0 }[lexeme.kind];
    const operands = count === 0 ? [] : results.splice(-count);
    // Of one operand where two belong GitLab misses the left one.
    const missing = Array.from<undefined>({ length: count - operands.length });
    results.push(lexeme.build(text, ...([...missing, ...operands] as Node[])));
  }
  const [tree, second] = results;
  if (second !== undefined)
    throw new ExpressionError("ParseError: Unreachable nodes in parse tree");
  if (tree === undefined) throw new ExpressionError("ParseError: Empty parse tree");
  return tree;
}

function postfix(tokens: readonly Token[]): readonly Token[] {
  const output: Token[] = [];
  const operators: Token[] = [];
  for (const token of tokens) {
    const { kind, precedence = 0 } = token.lexeme;
    if (kind === "binary" || kind === "close")
      while (precedence >= (operators.at(-1)?.lexeme.precedence ?? Number.POSITIVE_INFINITY))
        output.push(operators.pop()!);
    if (kind === "value") output.push(token);
    else if (kind !== "close") operators.push(token);
    else if (operators.pop() === undefined)
      throw new ExpressionError("ParseError: Unmatched parenthesis");
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
