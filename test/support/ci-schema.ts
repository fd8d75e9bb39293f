/** GitLab's JSON schema for CI configurations, taken from the copy inside gitlab-ci-local. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";

const start =
  '{$schema:"http://json-schema.org/draft-07/schema#",$id:"https://gitlab.com/.gitlab-ci.yml"';

interface Checks {
  readonly all: ValidateFunction;
  readonly job: ValidateFunction;
}

let compiled: Checks | undefined;

/**
 * Lists what the schema refuses in a configuration without header, one line each; empty where all is well.
 *
 * Hidden jobs, of which the schema allows anything, are held to the form of other jobs.
 */
export function schemaProblems(body: Readonly<Record<string, unknown>>): readonly string[] {
  compiled ??= compile();
  const { all, job } = compiled;
  const problems = all(body) ? [] : readable(all.errors ?? [], "");
  for (const [name, value] of Object.entries(body))
    if (name.startsWith(".") && !job(value)) problems.push(...readable(job.errors ?? [], name));
  return [...new Set(problems)];
}

function compile(): Checks {
  const schema = bundledSchema();
  const ajv = new Ajv({
    strictTypes: false,
    validateFormats: false,
    allErrors: true,
    verbose: true,
  });
  ajv.addKeyword("markdownDescription");
  const all = ajv.compile(schema);
  return { all, job: ajv.compile({ $ref: `${schema.$id}#/definitions/job_template` }) };
}

/** The schema is an object literal in the bundle, as no file of its own comes with the package. */
function bundledSchema(): { readonly $id: string } {
  const bundle = readFileSync(createRequire(import.meta.url).resolve("gitlab-ci-local"), "utf8");
  const from = bundle.indexOf(start);
  if (from < 0) throw new Error("gitlab-ci-local holds no CI schema where this version had one");
  // Strings are skipped as a whole, for they hold braces.
  const tokens = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[{}]/gs;
  tokens.lastIndex = from;
  for (let depth = 0, token = tokens.exec(bundle); token !== null; token = tokens.exec(bundle)) {
    if (token[0] === "{") depth += 1;
    if (token[0] === "}") depth -= 1;
    if (depth === 0) return runInNewContext(`(${bundle.slice(from, tokens.lastIndex)})`);
  }
  throw new Error("the CI schema in gitlab-ci-local has no end");
}

/** Leaves out what only says that some deeper error made an alternative fail. */
function readable(errors: readonly ErrorObject[], top: string): string[] {
  const deeper = ({ instancePath }: ErrorObject): boolean =>
    errors.some((other) => other.instancePath.startsWith(`${instancePath}/`));
  const frames = new Set(["oneOf", "anyOf", "allOf", "if"]);
  const told = errors.filter((error) => !(frames.has(error.keyword) && errors.length > 1));
  const plain = told.filter((error) => error.keyword === "required" || !deeper(error));
  const byPlace = Map.groupBy(
    plain.length > 0 ? plain : errors,
    ({ instancePath }) => instancePath,
  );
  return [...byPlace].map(([place, reasons]) => {
    const path = `${top}${place}`.split("/").filter(Boolean).join(":");
    const told = [...new Set(reasons.map(reason))].join(" or ");
    return `${path}: ${told}, not ${JSON.stringify(reasons[0]?.data)?.slice(0, 100)}`;
  });
}

function reason({ message, params }: ErrorObject): string {
  const wanted = [params["allowedValues"], params["allowedValue"], params["additionalProperty"]]
    .flat()
    .filter((value) => value !== undefined);
  return wanted.length === 0 ? `${message}` : `${message} (${wanted.join(", ")})`;
}
