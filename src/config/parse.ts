/** `berth.yml` as text → `Config`; loads YAML and zod, so import it only where there is a file. */
import { BerthError, type Problem } from "../errors.ts";
import * as z from "../zod.ts";
import { type Config, freeze } from "./config.ts";
import { type ConfigSource, type Path, readSource } from "./document.ts";
import { type Given, givenVariables } from "./given.ts";
import { describeIssues } from "./issues.ts";
import { type Settings, schema } from "./schema.ts";
import { settle } from "./settle.ts";

/**
 * Reads a configuration, or says all that is wrong with it at once.
 *
 * `file` names it in messages; nothing is read from there. CONFIG_INVALID carries each problem with its
 * line and column. Whether the files that it names exist is asked by `declareImages`. `given` wins over
 * what the file says, with a warning.
 */
export function parseConfig(text: string, file: string, given: Given = {}): Config {
  const settings = checkGiven(given);
  const source = readSource(text, file);
  if (!("value" in source)) throw invalid(file, source);
  const result = schema.safeParse(withoutExtensions(source.value), z.once);
  if (!result.success) throw invalid(file, describeIssues(result.error.issues, source));
  const config = settle({ ...result.data, ...settings }, source);
  const warnings = [...overruled(given, source), ...literals(source.value, [], source)];
  return freeze({ ...config, warnings });
}

/** A warning for each setting of the file that an input contradicts; `auto` leaves it to the input. */
function overruled(
  given: Given,
  { file, value, keyPlace }: Pick<ConfigSource, "file" | "value" | "keyPlace">,
): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const said = value as Readonly<Record<string, unknown>>;
  return Object.entries(given)
    .filter(([key, input]) => {
      const own = said[key];
      return own !== undefined && own !== "auto" && own !== input;
    })
    .map(([key, input]) => {
      const { line, column } = keyPlace([key]);
      return `${file}:${line}:${column}: ${key}: ${JSON.stringify(said[key])} here, but the component's input says ${JSON.stringify(input)}, which wins; say the same in the include, or drop it here`;
    });
}

/** Keys that begin with `x-` hold what aliases are for, as in Compose files. */
function withoutExtensions(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("x-")));
}

/** Values that look like variables, none of which is ever expanded; each with its place. */
function literals(value: unknown, path: Path, source: ConfigSource): readonly string[] {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, member]) =>
      literals(member, [...path, key], source),
    );
  if (typeof value !== "string" || !/\$\{?[A-Z_][A-Z0-9_]+/.test(value)) return [];
  const { line, column } = source.place(path);
  return [
    `${source.file}:${line}:${column}: ${path.join(".")}: ${JSON.stringify(value)} is taken as it stands, for no variables are expanded here`,
  ];
}

/** A configuration without a file, from the component's inputs alone. */
export function configOf(given: Given): Config {
  return { ...parseConfig("", "berth.yml", given), file: undefined };
}

/** What wins over the file; upstream is not among it, since the file says who is upstream in any case. */
function checkGiven({ upstream: _, ...given }: Given): Partial<Settings> {
  if (Object.keys(given).length === 0) return {};
  const result = schema.safeParse(given, z.once);
  if (result.success) {
    const entries = Object.entries(result.data).filter(([key]) => Object.hasOwn(given, key));
    return Object.fromEntries(entries);
  }
  const said = result.error.issues.map(({ path: [key], message }) => {
    const name = givenVariables[String(key) as keyof typeof givenVariables] ?? String(key);
    return `${name}: ${message}`;
  });
  throw new BerthError("CONFIG_INVALID", `read the component's inputs: ${said.join("; ")}`, {
    hint: "`berth help configuration` says what each input takes",
  });
}

function invalid(file: string, problems: readonly Problem[]): BerthError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new BerthError("CONFIG_INVALID", `read configuration ${file}: ${count}`, {
    hint: "`berth help configuration` says what each key takes",
    problems,
  });
}
