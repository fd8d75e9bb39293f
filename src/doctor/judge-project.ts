/** Is what the project says of itself usable? */

import { printRepository } from "../oci/reference.ts";
import { imageVariable, printDotenv } from "../plan/variables.ts";
import type { Facts } from "./facts.ts";
import { type Verdict, verdict } from "./finding.ts";

export function judgeConfiguration({ config, project }: Facts): Verdict {
  const { configuration } = project;
  if (configuration !== undefined) {
    const todo = configuration.todo ?? "correct the file";
    return verdict("error", "the configuration cannot be used", configuration.trouble, todo);
  }
  const { file } = config;
  return verdict("ok", file === undefined ? "no file, the defaults hold" : `${file} is valid`);
}

export function judgeImages({ project }: Facts): Verdict {
  const { configuration, identified, images, warnings } = project;
  if (configuration !== undefined)
    return verdict("note", "not looked for, since the configuration cannot be used");
  if (identified !== undefined) {
    return verdict("error", "their keys cannot be computed", identified.trouble, identified.todo);
  }
  if (images.length === 0) {
    const todo = "name the Dockerfiles under `images` in berth.yml";
    return verdict("warning", "there is none", "", todo);
  }
  const what = `${count(images.length, "image")}, all keys computed`;
  if (warnings.length === 0) return verdict("ok", what);
  return verdict("note", `${what}, with ${count(warnings.length, "warning")}`, warnings.join("\n"));
}

/** GitLab's limit where nobody raised it (gitlab docs: dotenv). */
const selfManagedVariables = 20;

export function judgeDotenv(facts: Facts): Verdict {
  const { config, project } = facts;
  const { reference, dotenv } = config;
  if (reference !== "each") {
    return verdict("ok", `two variables for any number of images (\`reference: ${reference}\`)`);
  }
  const variables = promisedVariables(facts);
  const bytes = Buffer.byteLength(printDotenv(variables));
  const isBaseKnown = (facts.situation.own ?? facts.situation.upstream) !== undefined;
  const size = isBaseKnown ? `at most ${bytes} bytes` : `${bytes} bytes and the registry's name`;
  const need = `${count(project.images.length, "variable")} and ${size}`;
  const limits = `${dotenv.maxVariables} variables and ${dotenv.maxBytes} bytes`;
  const todo = "set `reference: set` in berth.yml: two variables for any number of images";
  if (project.images.length > dotenv.maxVariables || bytes > dotenv.maxBytes) {
    return verdict("error", `the plan job needs ${need}, more than ${limits}`, "", todo);
  }
  const isPublicHost = facts.variables.serverHost === "gitlab.com";
  if (project.images.length > selfManagedVariables && !isPublicHost) {
    const detail = `Self-managed GitLab takes ${selfManagedVariables} where nobody raised it (plan limit dotenv_variables); over the limit the plan job fails at its upload.`;
    return verdict("warning", `the plan job needs ${need}`, detail, `${todo}; or ask the admins`);
  }
  return verdict("ok", `the plan job needs ${need}, GitLab takes ${limits}`);
}

/** As long as they can become: every image by its digest, in the registry with the longer name. */
function promisedVariables({
  config,
  situation,
  project,
}: Facts): Readonly<Record<string, string>> {
  const bases = [situation.own, situation.upstream].map((base) =>
    base === undefined ? "" : printRepository(base),
  );
  const base = bases.sort((a, b) => b.length - a.length)[0] ?? "";
  return Object.fromEntries(
    project.images.map((name) => {
      const path = config.repository.replaceAll("{name}", name);
      return [imageVariable(config.prefix, name), `${base}/${path}@sha256:${"0".repeat(64)}`];
    }),
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
