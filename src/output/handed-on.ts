/** What a child pipeline takes over from the job that plans it. */
import { z } from "zod";
import { givenVariables } from "../config/given.ts";

type Env = Readonly<Record<string, string | undefined>>;

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

/** The first list that is not empty: of `--job-tags` or a user, of the inputs `build_tags` and `tags` of the component. */
export function tagsOf(given: string | undefined, inputs: string | undefined): readonly string[] {
  const words = given?.split(",").map((tag) => tag.trim()) ?? [];
  const lists = z.array(z.array(z.string())).parse(JSON.parse(inputs || "[]"));
  return [words.filter((tag) => tag !== ""), ...lists].find((tags) => tags.length > 0) ?? [];
}
