/** `extends` and `!reference`: what is done to a configuration once its files are joined. */
import { found } from "./checks.ts";
import { inspect, textOf } from "./plain.ts";
import { attempt, CiRefusal, refuse } from "./refusal.ts";
import {
  get,
  isMap,
  listOf,
  merge,
  rewrite,
  type Value,
  type YamlMap,
  YamlReference,
} from "./tree.ts";

const mostLevels = 10;

interface Extended {
  readonly job: YamlMap;
  /** How many levels of bases it has. */
  readonly levels: number;
}

/**
 * Gives all jobs with what they extend; `extends` itself stays. With `lenient` bases may be missing: one that is not at
 * hand, or extends itself, may say anything, so what is below it counts for nothing.
 */
export function extendAll(config: YamlMap, lenient = false): YamlMap {
  const done = new Map<Value, Extended>();
  const problemsOf = (names: readonly string[], key: Value, above: readonly Value[]) => {
    const unknown = names.filter((base) => !config.has(base));
    const invalid = names.filter((base) => !isMap(config.get(base)));
    return found({
      [`unknown keys in \`extends\` (${unknown.join(", ")})`]: unknown.length > 0,
      [`invalid base hashes in \`extends\` (${invalid.join(", ")})`]: invalid.length > 0,
      "nesting too deep in `extends`": names.length > 0 && above.length > mostLevels,
      "circular dependency detected in `extends`": names.length > 0 && above.includes(key),
    });
  };
  const extend = (key: Value, above: readonly Value[]): Extended | undefined => {
    const job = config.get(key);
    if (!isMap(job)) return undefined;
    const before = done.get(key);
    const fits = lenient || above.length + (before?.levels ?? 0) <= mostLevels + 1;
    if (before !== undefined && fits) return before;
    const names = listOf(job.get("extends")).map(textOf);
    const problems = lenient ? [] : problemsOf(names, key, above);
    for (const problem of problems) refuse(`${textOf(key)}: ${problem}`);
    if (above.includes(key)) return undefined;
    const bases = names.map((name) => extend(name, [...above, key]));
    const known = bases
      .slice(bases.lastIndexOf(undefined) + 1)
      .filter((base) => base !== undefined);
    const whole = [...known.map((base) => base.job), job].reduce(merge, new Map());
    const levels = Math.max(0, ...bases.map((base) => (base?.levels ?? 0) + 1));
    const made = { job: whole, levels };
    done.set(key, made);
    return made;
  };
  return new Map([...config].map(([key, value]) => [key, extend(key, [])?.job ?? value]));
}

/** Puts values in place of references, wherever they lead; with `lenient` one that leads nowhere stays. */
export function resolveReferences(config: YamlMap, lenient = false): YamlMap {
  const known = new Map<YamlReference, Value | "open">();
  const resolve = (value: Value): Value => {
    if (!(value instanceof YamlReference)) return value;
    if (!lenient) return follow(value);
    const found = attempt(() => follow(value));
    return found instanceof CiRefusal ? value : found;
  };
  const follow = (reference: YamlReference): Value => {
    const { path } = reference;
    const told = inspect(reference);
    if (path.length === 0 || !path.every((key) => typeof key === "string"))
      return refuse(`${told} is not valid`);
    const before = known.get(reference);
    if (before === "open") refuse(`${told} is part of a circular chain`);
    if (before !== undefined) return before;
    known.set(reference, "open");
    const found = rewrite(get(config, ...path), resolve);
    if (found === null || found === false) refuse(`${told} could not be found`);
    known.set(reference, found);
    return found;
  };
  return rewrite(config, resolve) as YamlMap;
}
