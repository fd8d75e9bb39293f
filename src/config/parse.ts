/** `berth.yml` as text → `Config`; loads YAML and zod, so import it only where there is a file. */
import { BerthError, type Problem } from "../errors.ts";
import { type Config, freeze } from "./config.ts";
import { readSource } from "./document.ts";
import { describeIssues } from "./issues.ts";
import { schema } from "./schema.ts";
import { settle } from "./settle.ts";

/**
 * Reads a configuration, or says all that is wrong with it at once.
 *
 * `file` names it in messages; nothing is read from there. CONFIG_INVALID carries each problem with its
 * line and column. Whether the files that it names exist is asked by `declareImages`.
 */
export function parseConfig(text: string, file: string): Config {
  const source = readSource(text, file);
  if (!("value" in source)) throw invalid(file, source);
  const result = schema.safeParse(source.value);
  if (!result.success) throw invalid(file, describeIssues(result.error.issues, source));
  return freeze(settle(result.data, source));
}

function invalid(file: string, problems: readonly Problem[]): BerthError {
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  return new BerthError("CONFIG_INVALID", `read configuration ${file}: ${count}`, {
    hint: "docs/configuration.md says what each key takes",
    problems,
  });
}
