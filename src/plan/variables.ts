/** The variables through which later jobs learn their images, within GitLab's limits for dotenv reports. */
import type { Config } from "../config/config.ts";
import { variableOf } from "../config/names.ts";
import { BerthError } from "../errors.ts";
import { withoutMembers } from "../image/platforms.ts";
import { printRepository } from "../oci/reference.ts";
import type { Grounds } from "./decide.ts";
import { ownTemplate } from "./places.ts";
import type { Plan } from "./plan.ts";

/** The variable that holds the reference of an image, such as `QEMU_CI_IMAGE_DEBIAN_ARM64`. */
export function imageVariable(prefix: string, name: string): string {
  return `${prefix}_IMAGE_${variableOf(name)}`;
}

/** Gives the variables that `reference` promises, and no other; DOTENV_LIMIT where they are too many. */
export function variablesOf(
  plan: PlannedSet,
  grounds: Pick<Grounds, "config" | "situation" | "observation">,
): Readonly<Record<string, string>> {
  const { config } = grounds;
  const { prefix, reference } = config;
  const entries =
    reference === "digest"
      ? withoutMembers(plan.images).flatMap((image): Entry[] =>
          image.reference === null ? [] : [[imageVariable(prefix, image.name), image.reference]],
        )
      : setVariables(plan, grounds);
  if (!fits(entries, config)) throw overLimit(entries.length, config);
  return Object.fromEntries(entries);
}

type PlannedSet = Pick<Plan, "images" | "complete" | "set">;
type Entry = readonly [name: string, value: string];

/** Base and tag for `image: $BASE/name:$TAG`; only where every image of the set has that tag there. */
function setVariables(
  plan: PlannedSet,
  { config, situation, observation }: Pick<Grounds, "config" | "situation" | "observation">,
): readonly Entry[] {
  const source = observation.record?.source;
  // Upstream's set is not the one that this run tests where it refreshes images of it.
  const isUpstreams = source?.kind === "upstream" && plan.set.generation === null;
  const base = plan.complete ? situation.own : isUpstreams ? source.base : undefined;
  const template = plan.complete ? ownTemplate(situation, config) : config.repository;
  const folder = templateFolder(template);
  if (base === undefined || folder === undefined) return [];
  // A tag that the user set is given to images of the own registry only; upstream's keep theirs.
  const tag = plan.complete ? (situation.wishes.tag ?? plan.set.tag) : plan.set.tag;
  return [
    [`${config.prefix}_CONTAINER_BASE`, `${printRepository(base)}${folder}`],
    [`${config.prefix}_CONTAINER_TAG`, tag],
  ];
}

/** What stands between base and name: `/qemu` for `qemu/{name}`; `undefined` where a name is not the last element. */
export function templateFolder(template: string): string | undefined {
  if (template === "{name}") return "";
  return template.endsWith("/{name}") ? `/${template.slice(0, -"/{name}".length)}` : undefined;
}

/** Prints variables as a dotenv report: no quotes, no blank lines (GitLab's rules). */
export function printDotenv(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

function fits(entries: readonly Entry[], { dotenv }: Config): boolean {
  if (entries.length > dotenv.maxVariables) return false;
  return Buffer.byteLength(printDotenv(Object.fromEntries(entries))) <= dotenv.maxBytes;
}

function overLimit(count: number, { dotenv }: Config): BerthError {
  return new BerthError(
    "DOTENV_LIMIT",
    `write the dotenv report: ${count} images need ${count} variables; GitLab takes ${dotenv.maxVariables} variables and ${dotenv.maxBytes} bytes`,
    {
      hint: "set `reference: tag` in berth.yml (two variables for any number of images), or raise `dotenv.max_variables` where the server allows more",
    },
  );
}
