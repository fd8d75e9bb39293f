/** What a child pipeline takes over from the job that plans it. */

import { givenVariables } from "../config/given.ts";
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
  return Object.fromEntries(given.filter(([, value]) => value !== "" && !holdsLogin.test(value)));
}

/** What a project sets for all jobs: how the runner fetches and runs them, and the way to the network. */
const isForEveryJob =
  /^(?:GIT_(?:SUBMODULE_|LFS_|CLONE_|FETCH_|CLEAN_|STRATEGY$|DEPTH$|CHECKOUT$)|KUBERNETES_|FF_|DOCKER_(?:HOST|TLS_|CERT_PATH$)|NODE_(?:EXTRA_CA_CERTS|USE_ENV_PROXY)$|(?:https?|all|no)_proxy$)/i;

/** What Kubernetes puts into every container by itself. */
const isOfPod = /^KUBERNETES_(?:PORT|SERVICE_(?:HOST|PORT))/;

const holdsLogin = /^\w+:\/\/[^/]*@/;

/** The input `build_variables`; USAGE for what is likely to be a secret, since anyone may read the child pipeline. */
function namedVariables(input: string | undefined): readonly string[] {
  const names = listsOf(input).flat();
  const secret = names.find((name) => /TOKEN|PASSW|SECRET|PRIVATE|CREDENTIAL/i.test(name));
  if (secret === undefined) return names;
  throw new BerthError("USAGE", `hand ${secret} on to the child pipeline: it looks like a secret`, {
    hint: "take it out of the input `build_variables`: what the settings hold reaches all jobs without it",
  });
}

/** The first list that is not empty: of `--job-tags` or a user, of the inputs `build_tags` and `tags` of the component. */
export function tagsOf(given: string | undefined, inputs: string | undefined): readonly string[] {
  const words = given?.split(",").map((tag) => tag.trim()) ?? [];
  return (
    [words.filter((tag) => tag !== ""), ...listsOf(inputs)].find((tags) => tags.length > 0) ?? []
  );
}

/** Inputs that are lists, as the component writes them into a variable. */
function listsOf(inputs: string | undefined): readonly (readonly string[])[] {
  return z.array(z.array(z.string())).parse(JSON.parse(inputs || "[]"), z.once);
}
