import { type DoctorFacts, readVariables } from "../../src/doctor/facts.ts";
import { config, jobEnv } from "../support/keyed.ts";
import { judge, trouble, withOwn } from "./cases.ts";
import { healthy, inFork } from "./healthy.ts";

/** What a job with more variables sees. */
function withVariables(facts: DoctorFacts, more: Record<string, string>): DoctorFacts {
  const env = jobEnv("qemu-project/qemu", { CI_SERVER_HOST: "gitlab.com", ...more });
  return { ...facts, ...readVariables(env, facts.config, undefined) };
}

const many = Array.from({ length: 60 }, (_none, index) => `image${index}`);

judge("the project and its variables", [
  [
    "a configuration with mistakes",
    { ...healthy, project: { ...healthy.project, configuration: trouble } },
    "configuration",
    "error",
    /do something: 403.*give a token/s,
  ],
  [
    "keys that cannot be computed",
    { ...healthy, project: { ...healthy.project, identified: trouble } },
    "images",
    "error",
    /do something/,
  ],
  [
    "a project without images",
    { ...healthy, project: { ...healthy.project, images: [] } },
    "images",
    "warning",
    /name the Dockerfiles/,
  ],
  [
    "warnings about Dockerfiles",
    { ...healthy, project: { ...healthy.project, warnings: ["a.docker:1:1: so"] } },
    "images",
    "warning",
    /1 warning.*a\.docker:1:1/s,
  ],
  [
    "more images than variables",
    { ...healthy, project: { ...healthy.project, images: many } },
    "dotenv",
    "error",
    /60 variables.*reference: tag/s,
  ],
  [
    "more bytes than a report may have",
    { ...healthy, project: { ...healthy.project, images: many.slice(0, 45) } },
    "dotenv",
    "error",
    /more than 50 variables and 5120 bytes/,
  ],
  [
    "many images on a self-managed GitLab",
    {
      ...healthy,
      variables: { ...healthy.variables, serverHost: "gitlab.example.com" },
      project: { ...healthy.project, images: many.slice(0, 21) },
    },
    "dotenv",
    "warning",
    /dotenv_variables/,
  ],
  [
    "many images with one set",
    {
      ...healthy,
      config: config({ reference: "tag" }),
      project: { ...healthy.project, images: many },
    },
    "dotenv",
    "ok",
    /two variables/,
  ],
  [
    "a registry that is off",
    withOwn(healthy, { registry: "disabled" }),
    "registry",
    "error",
    /switch on the container registry/,
  ],
  [
    "a job without CI_REGISTRY_IMAGE",
    { ...healthy, situation: { ...healthy.situation, own: undefined } },
    "registry",
    "error",
    /CI_REGISTRY_IMAGE is not set/,
  ],
  [
    "a registry base that is none",
    withVariables(healthy, { CI_REGISTRY_IMAGE: "NOT A BASE" }),
    "registry",
    "error",
    /cannot be read/,
  ],
  [
    "a fork that names no upstream",
    {
      ...inFork,
      situation: { ...inFork.situation, role: "upstream", upstream: undefined },
    },
    "upstream",
    "warning",
    /fork of qemu-project\/qemu.*QEMU_CI_UPSTREAM/s,
  ],
  [
    "a variable that names another project in upstream",
    withVariables(healthy, { QEMU_CI_UPSTREAM: "mallory" }),
    "upstream",
    "warning",
    /names another project and is ignored.*no variable changes that/s,
  ],
  [
    "an upstream that leads nowhere",
    withVariables(
      { ...healthy, config: config({ upstream: undefined }) },
      { QEMU_CI_UPSTREAM: "not a path" },
    ),
    "registry",
    "error",
    /not a path/,
  ],
  [
    "an upstream that GitLab does not know",
    { ...inFork, gitlab: { ...inFork.gitlab, upstream: undefined } },
    "upstream",
    "note",
    /no project of that path/,
  ],
  [
    "a tag of the user's own",
    withVariables(healthy, { QEMU_CI_CONTAINER_TAG: "mine" }),
    "container-tag",
    "warning",
    /is set to mine.*take QEMU_CI_CONTAINER_TAG out/s,
  ],
  [
    "a left-over latest",
    withVariables(healthy, { QEMU_CI_CONTAINER_TAG: "latest" }),
    "container-tag",
    "error",
    /moved by `promote` alone/,
  ],
  [
    "everything forced",
    withVariables(healthy, { QEMU_CI_FORCE_REBUILD: "1" }),
    "force-rebuild",
    "warning",
    /every image/,
  ],
  [
    "one image forced",
    withVariables(healthy, { QEMU_CI_FORCE_REBUILD: "debian" }),
    "force-rebuild",
    "warning",
    /asks for debian/,
  ],
  [
    "a forced image that is none",
    withVariables(healthy, { QEMU_CI_FORCE_REBUILD: "debian, debain" }),
    "force-rebuild",
    "error",
    /names debain: no such image.*debian, fedora/s,
  ],
]);
