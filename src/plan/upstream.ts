/** Which project is upstream, as variables and configuration name it. */
import { type Config, givenVariables } from "../config/config.ts";
import { BerthError } from "../errors.ts";
import {
  beginsWithHost,
  parseRepository,
  printRepository,
  type Repository,
} from "../oci/reference.ts";

export type Get = (name: string) => string | undefined;

/**
 * Whether this project plays upstream, and the registry of upstream that it reads beside its own.
 *
 * In a fork whose owner named it upstream by the variable, the real upstream of the configuration stays
 * a source, read only.
 */
export function upstreamOf(
  config: Pick<Config, "prefix" | "upstream">,
  get: Get,
  own: Repository | undefined,
): {
  readonly isUpstream: boolean;
  readonly source: Repository | undefined;
  readonly warnings: readonly string[];
} {
  const { upstream } = config;
  const realText = upstream === "auto" ? targetOf(get) : upstream;
  const real = realText === undefined ? undefined : baseOf(realText, get, own);
  const named = namedUpstream(config.prefix, get, own) ?? real;
  const isOwn = (base: Repository) =>
    own !== undefined && printRepository(own) === printRepository(base);
  // Whoever starts a pipeline can set variables; what the repository itself calls upstream stays upstream.
  const isReal = real !== undefined && isOwn(real);
  const isUpstream = named === undefined || isReal || isOwn(named);
  const source = isUpstream ? real : named;
  // Few but members can push protected branches, and a warning in all of upstream's pipelines is read by nobody.
  const isGuess =
    upstream === "auto" && named === undefined && get("CI_COMMIT_REF_PROTECTED") === "false";
  const isOther = source !== undefined && !isOwn(source);
  return {
    isUpstream,
    source: isOther ? source : undefined,
    warnings: [isGuess ? guessWarning(config.prefix) : [], hostWarning(config, get, own)].flat(),
  };
}

/**
 * Where a merge request goes: of all variables the only one that names a fork's parent. GitLab numbers projects as they
 * come to be, so a younger one is a fork that upstream's own branch goes to, and no place to take images from.
 */
function targetOf(get: Get): string | undefined {
  const isOlder = Number(get("CI_MERGE_REQUEST_PROJECT_ID")) <= Number(get("CI_PROJECT_ID"));
  return isOlder ? get("CI_MERGE_REQUEST_PROJECT_PATH") : undefined;
}

function guessWarning(prefix: string): string {
  return (
    "`upstream: auto`: only merge request pipelines tell what a project is a fork of, so this one is taken for upstream. " +
    `In a fork set the variable ${prefix}_UPSTREAM, or let \`upstream\` in berth.yml name the project, to use its images.`
  );
}

/** What is known here for a path is the address of a registry in a fork, where nothing tells it. */
function hostWarning(
  { upstream }: Pick<Config, "upstream">,
  get: Get,
  own: Repository | undefined,
): readonly string[] {
  const all = [upstream, get(givenVariables.upstream)];
  const text = all.find((one) => one !== undefined && beginsWithHost(one) && isKnown(one, get));
  const base = text === undefined ? undefined : baseOf(text, get, own);
  if (base === undefined) return [];
  return [
    `\`upstream: ${text}\`: its first name has a dot, so that forks take it for a registry's address; write ${printRepository(base)}`,
  ];
}

/** What a user set as `<PREFIX>_UPSTREAM`, or the component was given. */
function namedUpstream(
  prefix: string,
  get: Get,
  own: Repository | undefined,
): Repository | undefined {
  const chosen = `${prefix}_UPSTREAM`;
  const name = get(chosen) === undefined ? givenVariables.upstream : chosen;
  const text = get(name);
  if (text === undefined || text === "auto") return undefined;
  try {
    return baseOf(text, get, own);
  } catch (cause) {
    const what = `read ${name}: ${JSON.stringify(text)} names no project`;
    throw new BerthError("REFERENCE_INVALID", what, {
      hint: "give a namespace such as qemu-project (its project of the same name is meant), a project's full path, or host/path of a registry in lower case",
      cause,
    });
  }
}

/** Variables that hold a path on GitLab and nothing else. */
const known = ["CI_PROJECT_NAMESPACE", "CI_PROJECT_PATH", "CI_MERGE_REQUEST_PROJECT_PATH"];

function isKnown(text: string, get: Get, names: readonly string[] = known): boolean {
  return names.some((name) => text.toLowerCase() === get(name)?.toLowerCase());
}

/**
 * Upstream's base: `host/path` as it is; a project path below the registry's host; a namespace with the
 * name of this project. GitLab's registry paths are lower case.
 */
function baseOf(text: string, get: Get, own: Repository | undefined): Repository | undefined {
  // GitLab's names may hold dots too, so those that are known come first.
  if (!isKnown(text, get) && beginsWithHost(text)) return parseRepository(text);
  const host = get("CI_REGISTRY") ?? own?.host;
  if (host === undefined) return undefined;
  const isNamespace = !text.includes("/") || isKnown(text, get, ["CI_PROJECT_NAMESPACE"]);
  if (!isNamespace) return parseRepository(`${host}/${text.toLowerCase()}`);
  const project = get("CI_PROJECT_NAME") ?? own?.path.split("/").at(-1);
  return project === undefined
    ? undefined
    : parseRepository(`${host}/${text}/${project}`.toLowerCase());
}
