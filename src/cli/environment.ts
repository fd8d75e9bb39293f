/** Variables that stand for flags, as the component's templates set them. */
import { givenVariables } from "../config/given.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Forgets empty ones: an input that was left empty reaches a job as an empty variable. */
export function forgetEmpty(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) {
    if (name.startsWith("BERTH_") && env[name] === "") delete env[name];
  }
}

/**
 * What the jobs of a child pipeline must see as the plan job does.
 *
 * A trigger job can neither pass on what is set for the plan job alone nor always what a user set for the
 * pipeline, so the child gets it in its text; secrets are never among it.
 */
export function handedOn(env: Env, prefix: string): Readonly<Record<string, string>> {
  const names = [
    ...Object.values(givenVariables),
    ...["UPSTREAM", "CONTAINER_TAG", "FORCE_REBUILD"].map((name) => `${prefix}_${name}`),
    "BERTH_BUILD_NETWORK",
    "BUILDAH_ISOLATION",
    "STORAGE_DRIVER",
    "DOCKER_HOST",
    "DOCKER_TLS_CERTDIR",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = env[name];
      return value === undefined || value === "" ? [] : [[name, value] as const];
    }),
  );
}
