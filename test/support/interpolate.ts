/**
 * Interpolates component templates as GitLab 17.0 does, on the values of the parsed YAML, and stricter.
 *
 * gitlab-ci-local accepts unknown inputs and JavaScript's regular expressions, and does not keep all
 * types; here every input that GitLab would refuse is refused, and so are mistakes that it lets pass.
 */
import { isMap, isPair, isSeq, type Node, type Scalar, visit } from "yaml";
import { valueProblems } from "./inputs.ts";
import { type Block, blockPattern, parseCi, readTemplate, type Template } from "./template.ts";

export type Values = Readonly<Record<string, unknown>>;

export interface Interpolated {
  readonly value: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/**
 * Gives the body of a template with the inputs' values in place of the blocks.
 *
 * `context` holds the fields of `$[[ component ]]`, for templates that declare them. The error's message
 * lists all problems, one a line: of the header, of the values, of the blocks, of the result.
 */
export function interpolate(text: string, inputs: Values = {}, context: Values = {}): Interpolated {
  const template = readTemplate(text);
  refuse([...template.problems, ...givenProblems(template, inputs, context)]);
  const values = { inputs: settled(template, inputs), component: context };
  refuse(
    template.blocks.flatMap((block) => placeProblems(block, values[block.source][block.name])),
  );
  replace(template, (block) => values[block.source][block.name]);
  const result = template.body.toString({ lineWidth: 0 });
  const [document] = parseCi(result);
  refuse((document?.errors ?? []).map(({ message }) => `after interpolation: ${message}`));
  return { value: document?.toJS() as Interpolated["value"], text: result };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new Error([...new Set(problems)].join("\n"));
}

function givenProblems({ inputs, component }: Template, given: Values, context: Values): string[] {
  const unknown = Object.keys(given).filter((name) => !inputs.has(name));
  return [
    ...unknown.map((name) => `input ${name}: unknown`),
    ...[...inputs].flatMap(([name, declaration]) => {
      const value = given[name];
      if (value !== undefined) return valueProblems(name, declaration, value);
      return "default" in declaration ? [] : [`input ${name}: mandatory, and not given`];
    }),
    ...component
      .filter((field) => context[field] === undefined)
      .map((field) => `component.${field}: declared, and not given`),
  ];
}

function settled({ inputs }: Template, given: Values): Values {
  return Object.fromEntries(
    [...inputs].map(([name, declaration]) => [name, given[name] ?? declaration.default]),
  );
}

/** A key that is no text becomes one; of a list within a text only what Ruby prints as JSON does is taken. */
function placeProblems(block: Block, value: unknown): string[] {
  const where = block.path.join(":");
  if (Array.isArray(value) && !block.whole && !value.every(isPlain))
    return [`${where}: ${block.text} puts a list into a text`];
  if (block.inKey && block.whole && typeof value !== "string")
    return [`${where}: ${block.text} makes a key that is no text`];
  return [];
}

function isPlain(item: unknown): boolean {
  return typeof item === "string" && /^[ -~]*$/.test(item) && !/["\\#]/.test(item);
}

/** Puts values into the body; what a value holds is not looked at again. */
function replace({ body, blocks }: Template, give: (block: Block) => unknown): void {
  const byScalar = Map.groupBy(blocks, ({ scalar }) => scalar as Scalar);
  const lists = new Map<unknown, Node>();
  for (const [scalar, inside] of byScalar) {
    const [first] = inside;
    const value = first?.whole ? give(first) : filled(inside, give);
    if (typeof value === "object" && value !== null) lists.set(scalar, body.createNode(value));
    else settle(scalar, value);
  }
  visit(body, (key, node, ancestors) => {
    const list = lists.get(node);
    const parent = ancestors.at(-1);
    if (list === undefined) return undefined;
    if (isPair(parent)) parent.value = list;
    if (isSeq(parent) && typeof key === "number") parent.items[key] = list;
    return visit.SKIP;
  });
  if (!isMap(body.contents)) return;
  // Of jobs that have one name then, the last is left; without a list or nothing in the name it is a mistake.
  const names = body.contents.items.map(({ key }) => String(key));
  body.contents.items = body.contents.items.filter(({ key }, index) => {
    const inside = byScalar.get(key as Scalar) ?? [];
    return (
      names.lastIndexOf(names[index] ?? "") === index ||
      !inside.some((block) => Array.isArray(give(block)) || give(block) === "")
    );
  });
}

function filled(inside: readonly Block[], give: (block: Block) => unknown): string {
  const values = new Map(inside.map((block) => [block.text, printed(give(block))]));
  const text = inside[0]?.scalar.value ?? "";
  return text.replace(blockPattern, (block) => values.get(block) ?? block);
}

function printed(value: unknown): string {
  if (!Array.isArray(value)) return String(value ?? "");
  return `[${value.map((item) => JSON.stringify(item)).join(", ")}]`;
}

function settle(scalar: Scalar, value: unknown): void {
  scalar.value = value;
  if (typeof value === "string") return;
  delete scalar.type;
  delete scalar.source;
}
