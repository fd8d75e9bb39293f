/** Is what the project says of itself usable, do the variables say what they should, and are the overrides meant? */
import { printRepository } from "../oci/reference.ts";
import { count } from "../output/table.ts";
import { imageVariable, manyVariables, printDotenv, variableLimits } from "../plan/make.ts";
import type { DoctorFacts } from "./facts.ts";
import { answerOf, type Checks, type Judgement, say } from "./judgement.ts";

export const projectChecks = {
  configuration({ config: { file }, project: { configuration } }) {
    if (configuration !== undefined) {
      const { trouble, todo = "correct the file" } = configuration;
      return say.error("the configuration cannot be used", trouble, todo);
    }
    return say.ok(file === undefined ? "no file, the defaults hold" : `${file} is valid`);
  },

  images({ project: { configuration, identified, images, warnings } }) {
    if (configuration !== undefined)
      return say.note("not looked for, since the configuration cannot be used");
    if (identified !== undefined)
      return say.error("their keys cannot be computed", identified.trouble, identified.todo);
    if (images.length === 0)
      return say.warning("there is none", "", "name the Dockerfiles under `images` in berth.yml");
    const what = `${count(images.length, "image")}, all keys computed`;
    if (warnings.length === 0) return say.ok(what);
    const told = `${what}, with ${count(warnings.length, "warning")}`;
    return say.warning(told, warnings.join("\n"), "correct what they name");
  },

  dotenv({ config, project: { images }, situation }) {
    const { own, upstream } = situation;
    const { reference, dotenv } = config;
    const { maxVariables = variableLimits.free } = dotenv;
    if (reference !== "digest")
      return say.ok(`two variables for any number of images (\`reference: ${reference}\`)`);
    // As long as they can become: every image by its digest, in the registry with the longer name.
    const bases = [own, upstream].map((base) => (base === undefined ? "" : printRepository(base)));
    const [base = ""] = bases.sort((a, b) => b.length - a.length);
    const promised = images.map((name) => {
      const path = config.repository.replaceAll("{name}", name);
      return [imageVariable(config.prefix, name), `${base}/${path}@sha256:${"0".repeat(64)}`];
    });
    const bytes = Buffer.byteLength(printDotenv(Object.fromEntries(promised)));
    const size = base === "" ? `${bytes} bytes and the registry's name` : `at most ${bytes} bytes`;
    const need = `${count(images.length, "variable")} and ${size}`;
    const limits = `${maxVariables} variables and ${dotenv.maxBytes} bytes`;
    const todo = "set `reference: tag` in berth.yml: two variables for any number of images";
    if (images.length > maxVariables || bytes > dotenv.maxBytes)
      return say.error(`the plan job needs ${need}, more than ${limits}`, "", todo);
    const warning = manyVariables(images.length, config, situation);
    if (warning !== undefined) return say.warning(`the plan job needs ${need}`, ...warning);
    return say.ok(`the plan job needs ${need}, GitLab takes ${limits}`);
  },

  registry({ situation: { own, ci }, variables: { situation }, gitlab }) {
    if (situation !== undefined)
      return say.error("the registry base cannot be read", situation.trouble, situation.todo);
    const enable =
      "switch on the container registry: Settings > General > Visibility, project features";
    if (answerOf(gitlab.own)?.registry === "disabled")
      return say.error("the project's container registry is off", "", enable);
    if (own !== undefined) return say.ok(printRepository(own));
    if (ci)
      return say.error(
        "none is known",
        "CI_REGISTRY_IMAGE is not set, which GitLab sets where the registry is on.",
        enable,
      );
    return say.note(
      "none is known: keys and `explain` work, images are not looked for",
      "",
      "give --registry host/path, or set `registry` in berth.yml, to plan against it",
    );
  },

  upstream(facts) {
    const { variables, gitlab } = facts;
    const { upstream, role } = facts.situation;
    const name = `${facts.config.prefix}_UPSTREAM`;
    if (upstream === undefined && variables.upstream !== undefined && role === "fork")
      return say.error(
        `${name} leads to no registry`,
        variables.upstream,
        `give ${name} as a namespace, a full project path, or host/path`,
      );
    if (variables.ignored)
      return say.warning(
        `${name} names another project and is ignored`,
        "The configuration calls this project upstream, and no variable changes that.",
        `take ${name} out of the settings or the pipeline`,
      );
    if (upstream === undefined) return judgeNoUpstream(facts, name);
    const base = printRepository(upstream);
    if (role === "upstream")
      return say.ok(`this project plays upstream; ${base} is read beside it`);
    if (gitlab.upstream !== undefined) return say.ok(base);
    return say.note(
      base,
      "GitLab shows no project of that path: it has another name, is private, or its registry base lies deeper.",
    );
  },

  "container-tag"({ config, variables: { containerTag } }) {
    const name = `${config.prefix}_CONTAINER_TAG`;
    if (containerTag === undefined) return say.ok(`${name} is not set`);
    const { value, trouble } = containerTag;
    const detail =
      "A value in the project's settings or the pipeline's variables wins over what the plan job says. Where this job follows the plan job, it is that job's.";
    const todo = `take ${name} out of the YAML and the settings, unless every image is meant to have this tag`;
    if (trouble === undefined) return say.warning(`${name} is set to ${value}`, detail, todo);
    const why = `${trouble.trouble}\n${detail}`;
    return say.error(`${name} is set and cannot be used`, why, todo);
  },

  "force-rebuild"({ config, situation, project }) {
    const name = `${config.prefix}_FORCE_REBUILD`;
    const { force } = situation.wishes;
    if (force === "none") return say.ok(`${name} is not set`);
    const unknown = force === "all" ? [] : force.filter((one) => !project.images.includes(one));
    if (unknown.length > 0 && project.configuration === undefined)
      return say.error(
        `${name} names ${unknown.join(", ")}: no such image`,
        `The images are: ${project.images.join(", ")}`,
        "give names of images with commas between them, or 1 for all",
      );
    return say.warning(
      `${name} asks for ${force === "all" ? "every image" : force.join(", ")}`,
      "Every pipeline that sees it builds again and reuses nothing.",
      `take ${name} out again once it has done its work`,
    );
  },
} satisfies Checks<DoctorFacts>;

/** Without one this project is upstream, which a fork hardly ever wants to be. */
function judgeNoUpstream({ situation, gitlab, config }: DoctorFacts, name: string): Judgement {
  if (situation.role === "local" && situation.own === undefined && config.upstream !== undefined)
    return say.note("not looked for: no registry is known");
  if (situation.role === "local") return say.note("none beside the own registry is read");
  const own = answerOf(gitlab.own);
  if (own === undefined)
    return say.ok("this project is upstream", "Whether it is a fork could not be seen.");
  const parent = own.forkedFrom;
  if (parent === undefined) return say.ok("this project is upstream");
  return say.warning(
    `this is a fork of ${parent.path}, and plays upstream`,
    "It builds and stores every image itself.",
    `set \`upstream: ${parent.path}\` in berth.yml (the fork inherits it), or the CI variable ${name}`,
  );
}
