/** The registry and GitLab as a run may ask them, with the logins that this machine and GitLab offer. */
import type { Config } from "../config/config.ts";
import { accessOf } from "../gitlab/access.ts";
import type { World } from "../host/world.ts";
import { openRegistry, type TokenHint } from "../registry/client.ts";
import { type Credentials, resolveCredentials } from "../registry/credentials.ts";
import type { Registry } from "../registry/registry.ts";

export interface Login {
  readonly registry: Registry;
  /** Read when the first request or engine needs them. */
  readonly credentials: () => Promise<Credentials>;
  /** Hosts that speak plain http or whose certificates nobody checks. */
  readonly insecureHosts: readonly string[];
}

/** Opens the client; nothing is read or asked before the first request. */
export function login(world: World, config: Pick<Config, "registries">): Login {
  const { env, files, run, log } = world;
  let found: Promise<Credentials> | undefined;
  const credentials = (): Promise<Credentials> => {
    found ??= resolveCredentials({ env, run, warn: log.warn, read: (path) => files.read(path) });
    return found;
  };
  const insecureHosts = Object.keys(config.registries).filter(
    (host) => config.registries[host]?.insecure,
  );
  const registry = openRegistry({
    fetch: world.fetch,
    clock: world.clock,
    random: world.random,
    log: log.info,
    credentials: { forHost: async (host) => (await credentials()).forHost(host) },
    plainHosts: insecureHosts,
    tokenHints: gitlabHint(env),
  });
  return { registry, credentials, insecureHosts };
}

/** GitLab's token service is known beforehand, which saves the request that would only name it. */
export function gitlabHint(env: World["env"]): readonly TokenHint[] {
  const { CI_REGISTRY: host, CI_SERVER_URL: server } = env;
  if (!host || !server) return [];
  return [{ host, realm: `${server}/jwt/auth`, service: "container_registry" }];
}

/** GitLab's API; `undefined` where no GitLab is known. It is loaded here, since most runs do not need it. */
export async function gitlabOf(world: World, prefix: string) {
  const { env, fetch, clock, random, log } = world;
  const access = accessOf(env, prefix);
  if (access === undefined) return undefined;
  const { openGitLab } = await import("../gitlab/client.ts");
  return openGitLab(access, { fetch, clock, random, log: log.info });
}
