/** `berth.yml` as text → `Config`; loads YAML and zod, so import it only where there is a file. */
import { BerthError, type Problem } from "../errors.ts";
import { type Config, freeze } from "./config.ts";
import { readSource } from "./document.ts";
import { contradictions, type Given, givenVariables } from "./given.ts";
import { describeIssues } from "./issues.ts";
import { schema } from "./schema.ts";
import { settle } from "./settle.ts";

/**
 * Reads a configuration, or says all that is wrong with it at once.
 *
 * `file` names it in messages; nothing is read from there. CONFIG_INVALID carries each problem with its
 * line and column. Whether the files that it names exist is asked by `declareImages`. `given` holds for
 * what the file does not say, and must agree with what it says.
 */
export function parseConfig(text: string, file: string, given: Given = {}): Config {
  checkGiven(given);
  const source = readSource(text, file);
  if (!("value" in source)) throw invalid(file, source);
  const different = contradictions(given, source.value);
  if (different.length > 0) {
    const problems = different.map(({ path, message }) => ({
      file,
      ...source.keyPlace(path),
      message,
    }));
    throw invalid(file, problems);
  }
  const isMapping = typeof source.value === "object" && !Array.isArray(source.value);
  const value = isMapping ? { ...given, ...source.value } : source.value;
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(file, describeIssues(result.error.issues, source));
  return freeze(settle(result.data, source));
}

/** A configuration without a file, from the component's inputs alone. */
export function configOf(given: Given): Config {
  return { ...parseConfig("", "berth.yml", given), file: undefined };
}

function checkGiven(given: Given): void {
  const result = schema.safeParse(given);
  if (result.success) return;
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
