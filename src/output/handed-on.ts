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
  const names = readInput(listsOfText, input, textsIn("build_variables")).flat();
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
  const lists = readInput(listsOfText, env["BERTH_INPUT_TAGS"], textsIn("build_tags` or `tags"));
  const tags = lists.find((list) => list.length > 0) ?? [];
  return { tags, platformTags: new Map(platformsIn(env["BERTH_INPUT_PLATFORM_TAGS"])) };
}

const listsOfText = z.array(z.array(z.string()));

const platformTags: Form = {
  name: "platform_tags",
  form: "list of lists",
  hint: "write a list for each platform, of it and its runner tags, such as [[linux/arm64, aarch64]]",
};

function platformsIn(input = "") {
  const lists = readInput(z.array(listsOfText), input, platformTags).flat();
  return lists.map(([platform = "", ...tags]) => {
    const mistake = platformRule(platform) ?? (tags.length > 0 ? undefined : "no tag stands there");
    if (mistake !== undefined) throw unreadable(input, `${platform}: ${mistake}`, platformTags);
    return [platform, tags] as const;
  });
}

/** An input that is a list, and what is to stand in it. */
interface Form {
  readonly name: string;
  readonly form: string;
  readonly hint: string;
}

function textsIn(name: string): Form {
  const hint = 'write a list of texts, with numbers in quotes, such as [linux, "8"]';
  return { name, form: "list of texts", hint };
}

/** Inputs that are lists, as the component writes them into a variable, within another list; USAGE for what is none. */
function readInput<Value>(schema: z.ZodType<Value>, inputs: string | undefined, form: Form): Value {
  try {
    return schema.parse(JSON.parse(inputs || "[]"), z.once);
  } catch (cause) {
    throw unreadable(inputs, `it is no ${form.form}`, form, cause);
  }
}

function unreadable(
  inputs: string | undefined,
  why: string,
  { name, hint }: Form,
  cause?: unknown,
): BerthError {
  return new BerthError("USAGE", `read the input \`${name}\`, ${inputs}: ${why}`, { hint, cause });
}
