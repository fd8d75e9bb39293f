/** The logins that serve a job: its own, and the host's for registries that the host's configuration names. */
import {
  type CredentialSources,
  type Credentials,
  normalHost,
  printAuthFile,
  resolveCredentials,
} from "../registry/credentials.ts";

/**
 * A job's own logins come from its variables, and from no file or program of the host's: what a job writes into
 * DOCKER_AUTH_CONFIG would else choose one.
 */
export function loginsFor(host: CredentialSources, hosts: readonly string[]) {
  return async (job: CredentialSources): Promise<Credentials> => {
    const none = { exitCode: undefined, signal: undefined, stdout: "", stderr: "" };
    const run = async () => ({ ...none, missing: true, timedOut: false });
    const own = await resolveCredentials({ ...job, run, read: async () => undefined });
    const lent = await resolveCredentials(host);
    const isLent = (name: string) => hosts.some((one) => normalHost(one) === normalHost(name));
    const forHost = async (name: string) =>
      (await own.forHost(name)) ?? (isLent(name) ? lent.forHost(name) : undefined);
    return {
      forHost,
      async authFileFor(names) {
        const found = names.map(async (name) => [name, await forHost(name)] as const);
        return printAuthFile(await Promise.all(found));
      },
    };
  };
}
