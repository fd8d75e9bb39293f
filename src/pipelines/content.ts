/** The content of one file, with the inputs that it is given in place. */
import { checkAt } from "./checks.ts";
import type { Values } from "./expression.ts";
import { header, settleInputs } from "./inputs.ts";
import { interpolate } from "./interpolate.ts";
import type { Component } from "./ports.ts";
import { flatten, get, isMap, refuse, textOf, type Value, type YamlMap } from "./tree.ts";
import { readYaml } from "./yaml.ts";

interface Around {
  /** What the file may know of the component that it belongs to. */
  readonly component?: Component | undefined;
  readonly variables?: Values;
  /** Inputs that are missing or wrong are no mistake. */
  readonly lenient?: boolean;
}

const mostErrors = 3;

/** Reads a file; what GitLab refuses in it or in its inputs is a `CiRefusal`. */
export function readContent(text: string, given: Value, around: Around = {}): YamlMap {
  const file = readYaml(text);
  if (given !== null && !isMap(given)) refuse("Given inputs must be a hash");
  const inputs: YamlMap = given ?? new Map();
  const told = "Given inputs not defined in the `spec` section of the included configuration file";
  if (file.header === undefined) return inputs.size > 0 ? refuse(told) : file.content;
  const checked = checkAt(header, file.header, "header");
  if ("problems" in checked) refuseAll(checked.problems);
  const spec = file.header.get("spec") ?? null;
  const declared = get(spec, "inputs");
  const { values, errors } = settleInputs(isMap(declared) ? declared : new Map(), inputs);
  if (around.lenient !== true) refuseAll(errors);
  const asked = flatten(get(spec, "component")).map(textOf);
  const component = Object.entries(around.component ?? {}).filter(([key]) => asked.includes(key));
  const known = new Map([
    ["inputs", values],
    ["component", new Map(component)],
  ]);
  return interpolate(file.content, { values: known, variables: around.variables ?? new Map() });
}

function refuseAll(errors: readonly string[]): void {
  if (errors.length > 0) refuse(errors.slice(0, mostErrors).join(", "));
}
