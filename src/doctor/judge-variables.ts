/** Do the variables say what they should, and are the overrides meant? */
import { printRepository } from "../oci/reference.ts";
import { type DoctorFacts, isTrouble } from "./facts.ts";
import { type Judgement, judgement } from "./finding.ts";

export function judgeRegistry({ situation, variables, gitlab }: DoctorFacts): Judgement {
  const { own, ci } = situation;
  if (variables.situation !== undefined) {
    const { trouble, todo } = variables.situation;
    return judgement("error", "the registry base cannot be read", trouble, todo);
  }
  const isDisabled = !isTrouble(gitlab.own) && gitlab.own?.registry === "disabled";
  const enable =
    "switch on the container registry: Settings > General > Visibility, project features";
  if (isDisabled) return judgement("error", "the project's container registry is off", "", enable);
  if (own !== undefined) return judgement("ok", printRepository(own));
  if (ci) {
    const detail = "CI_REGISTRY_IMAGE is not set, which GitLab sets where the registry is on.";
    return judgement("error", "none is known", detail, enable);
  }
  const todo = "give --registry host/path, or set `registry` in berth.yml, to plan against it";
  return judgement(
    "note",
    "none is known: keys and `explain` work, images are not looked for",
    "",
    todo,
  );
}

export function judgeUpstream(facts: DoctorFacts): Judgement {
  const { config, situation, variables, gitlab } = facts;
  const name = `${config.prefix}_UPSTREAM`;
  if (
    situation.upstream === undefined &&
    variables.upstream !== undefined &&
    situation.role === "fork"
  ) {
    const todo = `give ${name} as a namespace, a full project path, or host/path`;
    return judgement("error", `${name} leads to no registry`, variables.upstream, todo);
  }
  if (variables.ignored) {
    const what = `${name} names another project and is ignored`;
    const detail = "The configuration calls this project upstream, and no variable changes that.";
    return judgement("warning", what, detail, `take ${name} out of the settings or the pipeline`);
  }
  if (situation.upstream === undefined) return judgeNoUpstream(facts, name);
  const base = printRepository(situation.upstream);
  if (situation.role === "upstream")
    return judgement("ok", `this project plays upstream; ${base} is read beside it`);
  if (gitlab.upstream === undefined) {
    const detail =
      "GitLab shows no project of that path: it has another name, is private, or its registry base lies deeper.";
    return judgement("note", base, detail);
  }
  return judgement("ok", base);
}

/** Without one this project is upstream, which a fork hardly ever wants to be. */
function judgeNoUpstream({ situation, gitlab, config }: DoctorFacts, name: string): Judgement {
  if (situation.own === undefined && situation.role === "local" && config.upstream !== undefined)
    return judgement("note", "not looked for: no registry is known");
  if (situation.role === "local") return judgement("note", "none beside the own registry is read");
  if (isTrouble(gitlab.own) || gitlab.own === undefined)
    return judgement("ok", "this project is upstream", "Whether it is a fork could not be seen.");
  const parent = gitlab.own.forkedFrom;
  if (parent === undefined) return judgement("ok", "this project is upstream");
  return judgement(
    "warning",
    `this is a fork of ${parent.path}, and plays upstream`,
    "It builds and stores every image itself.",
    `set \`upstream: ${parent.path}\` in berth.yml (the fork inherits it), or the CI variable ${name}`,
  );
}

export function judgeContainerTag({ config, variables }: DoctorFacts): Judgement {
  const name = `${config.prefix}_CONTAINER_TAG`;
  const set = variables.containerTag;
  if (set === undefined) return judgement("ok", `${name} is not set`);
  const detail = `A value in the project's settings or the pipeline's variables wins over what the plan job says. Where this job follows the plan job, it is that job's.`;
  const todo = `take ${name} out of the YAML and the settings, unless every image is meant to have this tag`;
  if (set.trouble !== undefined) {
    const { trouble } = set.trouble;
    return judgement("error", `${name} is set and cannot be used`, `${trouble}\n${detail}`, todo);
  }
  return judgement("warning", `${name} is set to ${set.value}`, detail, todo);
}

export function judgeForce({ config, situation, project }: DoctorFacts): Judgement {
  const name = `${config.prefix}_FORCE_REBUILD`;
  const { force } = situation.wishes;
  if (force === "none") return judgement("ok", `${name} is not set`);
  const todo = `take ${name} out again once it has done its work`;
  const detail = "Every pipeline that sees it builds again and reuses nothing.";
  if (force === "all") return judgement("warning", `${name} asks for every image`, detail, todo);
  const unknown = force.filter((image) => !project.images.includes(image));
  if (unknown.length > 0 && project.configuration === undefined) {
    return judgement(
      "error",
      `${name} names ${unknown.join(", ")}: no such image`,
      `The images are: ${project.images.join(", ")}`,
      "give names of images with commas between them, or 1 for all",
    );
  }
  return judgement("warning", `${name} asks for ${force.join(", ")}`, detail, todo);
}
