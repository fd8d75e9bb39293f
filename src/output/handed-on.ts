/** What a child pipeline takes over from the job that plans it. */

import { givenVariables } from "../config/config.ts";
import { platformRule } from "../config/rules.ts";
import { BerthError } from "../errors.ts";
import type { Env } from "../world.ts";
import * as z from "../zod.ts";

/**
 * What the jobs of a child pipeline must see as the plan job does.
 *
 * A trigger job can neither pass on what is set for the plan job alone nor always what a user set for the
 * pipeline, so the child gets it in its text; secrets are never among it.
 */
export function handedOn(env: Env, prefix: string): Readonly<Record<string, string>> {
  const names = [
    ...Object.values(givenVariables),
    `${prefix}_UPSTREAM`,
    `${prefix}_CONTAINER_TAG`,
    `${prefix}_FORCE_REBUILD`,
    `${prefix}_ENGINE`,
    `${prefix}_BUILD_NETWORK`,
    `${prefix}_DEBUG`,
    "BUILDAH_ISOLATION",
    "STORAGE_DRIVER",
    ...namedVariables(env["BERTH_INPUT_BUILD_VARIABLES"]),
    ...Object.keys(env).filter((name) => isForEveryJob.test(name) && !isOfPod.test(name)),
  ];
  const given = names.map((name) => [name, env[name] ?? ""] as const);
  const isOpen = ([name, value]: (typeof given)[number]) =>
    value !== "" && !isSecret.test(name) && !holdsLogin.test(`${name}=${value}`);
  return Object.fromEntries(given.filter(isOpen));
}

/** What a project sets for all jobs: how the runner fetches and runs them, and the way to the network. */
const isForEveryJob =
  /^(?:GIT_(?:SUBMODULE_|LFS_|CLONE_|FETCH_|CLEAN_|STRATEGY$|DEPTH$|CHECKOUT$)|KUBERNETES_|FF_|DOCKER_(?:HOST|TLS_|CERT_PATH$)|NODE_(?:EXTRA_CA_CERTS|USE_ENV_PROXY)$|(?:https?|all|no)_proxy$)/i;

/** What Kubernetes puts into every container by itself. */
const isOfPod = /^KUBERNETES_(?:PORT|SERVICE_(?:HOST|PORT))/;

/** Names of what is likely to be a secret, such as KUBERNETES_BEARER_TOKEN. */
const isSecret =
  /TOKEN|PASSW|PASSPHRASE|SECRET|PRIVATE|CREDENTIAL|_AUTH(?:_|$)|API_?KEY|ACCESS_KEY/i;

/** A login before a host, be it amid options of git or of a proxy without a scheme, and a header that git is to send. */
const holdsLogin = /:\/\/[^/\s]*@|_proxy=[^/\s]*@|authorization:|-token:/i;

/** The input `build_variables`; USAGE for what is likely to be a secret, since anyone may read the child pipeline. */
function namedVariables(input: string | undefined): readonly string[] {
  const names = readInput(listsOfText, input).flat();
  const secret = names.find((name) => isSecret.test(name));
  if (secret === undefined) return names;
  throw new BerthError("USAGE", `hand ${secret} on to the child pipeline: it looks like a secret`, {
    hint: "take it out of the input `build_variables`: what the settings hold reaches all jobs without it",
  });
}

/** On which runners the jobs of a child pipeline run. */
export interface Runners {
  readonly tags: readonly string[];
  /** In place of `tags` for the jobs that build for a platform. */
  readonly platformTags: ReadonlyMap<string, readonly string[]>;
}

/**
 * What a user's variable says, for all jobs; else what the inputs `build_tags`, `tags` and `platform_tags` say.
 *
 * USAGE for what is no platform: its builds would run elsewhere without a word.
 */
export function runnersOf(env: Env, prefix: string): Runners {
  const own = (env[`${prefix}_JOB_TAGS`] ?? "").split(",").flatMap((tag) => tag.trim() || []);
  if (own.length > 0) return { tags: own, platformTags: new Map() };
  const tags =
    readInput(listsOfText, env["BERTH_INPUT_TAGS"]).find((list) => list.length > 0) ?? [];
  return { tags, platformTags: new Map(platformsIn(env["BERTH_INPUT_PLATFORM_TAGS"])) };
}

type Lists = readonly (readonly string[])[];

function platformsIn(input = "") {
  const wrong = (what: string, cause?: unknown) =>
    new BerthError("USAGE", `read the input \`platform_tags\`, ${input}: ${what}`, {
      hint: "write a list for each platform, of it and its runner tags, such as [[linux/arm64, aarch64]]",
      cause,
    });
  let lists: Lists;
  try {
    lists = readInput(z.array(listsOfText), input).flat();
  } catch (error) {
    throw wrong("it is no list of lists", error);
  }
  return lists.map(([platform = "", ...tags]) => {
    const mistake = platformRule(platform) ?? (tags.length > 0 ? undefined : "no tag stands there");
    if (mistake !== undefined) throw wrong(`${platform}: ${mistake}`);
    return [platform, tags] as const;
  });
}

const listsOfText = z.array(z.array(z.string()));

/** Inputs that are lists, as the component writes them into a variable, within another list. */
function readInput<Value>(schema: z.ZodType<Value>, inputs: string | undefined): Value {
  return schema.parse(JSON.parse(inputs || "[]"), z.once);
}
