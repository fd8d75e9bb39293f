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

/** A word of the language. An operator's weight says how weakly it binds; a single operand is the right one. */
type Lexeme = { readonly pattern: RegExp } & (
  | { readonly kind: "value"; read(text: string, known: ExpressionScope): Operand }
  | {
      readonly kind: "open" | "close" | "unary" | "binary";
      readonly weight: number;
      apply(left: Operand, right: Operand): Operand;
    }
);
type Operator = Exclude<Lexeme, { readonly kind: "value" }>;

function unprocessable(): never {
  return wrong("ParseError: Unprocessable token found in parse tree: parenthesis_open");
}

function wrong(message: string): never {
  throw new ExpressionError(message);
}

function value(pattern: RegExp, read: (text: string, known: ExpressionScope) => Operand): Lexeme {
  return { kind: "value", pattern, read };
}

// In GitLab's order, which decides where two of them match.
const lexemes: readonly Lexeme[] = [
  { kind: "open", pattern: /^\(/, weight: 901, apply: unprocessable },
  { kind: "close", pattern: /^\)/, weight: 900, apply: unprocessable },
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
  { kind: "binary", pattern: /^==/, weight: 10, apply: isSame },
  { kind: "binary", pattern: /^=~/, weight: 10, apply: isMatch },
  { kind: "binary", pattern: /^!=/, weight: 10, apply: (left, right) => !isSame(left, right) },
  { kind: "binary", pattern: /^!~/, weight: 10, apply: (left, right) => !isMatch(left, right) },
  // An empty text counts as true within an expression, and as false as the whole of it.
  {
    kind: "binary",
    pattern: /^&&/,
    weight: 11,
    apply: (left, right) => ((left ?? false) === false ? left : right),
  },
  {
    kind: "binary",
    pattern: /^\|\|/,
    weight: 12,
    apply: (left, right) => ((left ?? false) === false ? right : left),
  },
  { kind: "unary", pattern: /^!/, weight: 1, apply: (_, operand) => !isTrue(operand) },
];

const mostTokens = 100;

function tokensOf(expression: string): readonly (readonly [Lexeme, text: string])[] {
  const tokens: [Lexeme, string][] = [];
  for (let rest = expression.trim(); rest !== ""; ) {
    if (tokens.length === mostTokens - 1) wrong("SyntaxError: Too many tokens!");
    const lexeme = lexemes.find(({ pattern }) => pattern.test(rest));
    if (lexeme === undefined) return wrong("SyntaxError: Unknown lexeme found!");
    const [text = ""] = lexeme.pattern.exec(rest) ?? [];
    tokens.push([lexeme, text]);
    rest = rest.slice(text.length).trimStart();
  }
  const none = "StatementError: Gitlab::Ci::Pipeline::Expression::Statement::StatementError";
  return tokens.length === 0 ? wrong(none) : tokens;
}

/** An expression's value; one that GitLab does not take is an `ExpressionError`. */
export function evaluate(expression: string, known: ExpressionScope): Operand {
  const results: Operand[] = [];
  const waiting: Operator[] = [];
  const apply = ({ kind, apply }: Operator): void => {
    const isBinary = kind === "binary";
    if (isBinary && results.length < 2) wrong("OperatorError: Invalid left operand");
    if (kind === "unary" && results.length < 1) wrong("OperatorError: Invalid operand");
    const [right = null, left = null] = [results.pop(), isBinary ? results.pop() : null];
    results.push(apply(left, right));
  };
  for (const [lexeme, text] of tokensOf(expression)) {
    if (lexeme.kind === "value") {
      results.push(lexeme.read(text, known));
      continue;
    }
    if (lexeme.kind === "binary" || lexeme.kind === "close")
      while (lexeme.weight >= (waiting.at(-1)?.weight ?? Number.POSITIVE_INFINITY))
        apply(waiting.pop()!);
    if (lexeme.kind !== "close") waiting.push(lexeme);
    else if (waiting.pop() === undefined) wrong("ParseError: Unmatched parenthesis");
  }
  waiting.reverse().forEach(apply);
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
